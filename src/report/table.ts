/** Plain-text tables: columns as wide as their widest cell, numbers to the right. */

import { stripVTControlCharacters } from 'node:util';

/** One column of a table. */
export interface Column {
  readonly title: string;
  /** Which side the cells are aligned to; left when absent. */
  readonly align?: 'left' | 'right';
}

const lengthOf = (text: string): number => Array.from(stripVTControlCharacters(text)).length;

function pad(text: string, width: number, align: Column['align']): string {
  const space = ' '.repeat(Math.max(0, width - lengthOf(text)));
  return align === 'right' ? space + text : text + space;
}

/**
 * Render a table: a line of titles, a rule, a line per row; no trailing spaces, no line break at the end.
 * @param columns the columns, left to right
 * @param rows cells by row; a missing cell is empty, one too many is a RangeError
 * @returns the lines joined with `\n`
 */
export function renderTable(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
): string {
  for (const row of rows) {
    if (row.length > columns.length) {
      throw new RangeError(`a row has ${row.length} cells for ${columns.length} columns`);
    }
  }
  const widths = columns.map(({ title }, i) =>
    rows.reduce((width, row) => Math.max(width, lengthOf(row[i] ?? '')), lengthOf(title)),
  );
  const line = (cells: readonly string[]): string =>
    columns
      .map(({ align }, i) => pad(cells[i] ?? '', widths[i] ?? 0, align))
      .join('  ')
      .trimEnd();
  const rule = widths.map((width) => '-'.repeat(width)).join('  ');
  return [line(columns.map(({ title }) => title)), rule, ...rows.map(line)].join('\n');
}

/** A number for people: about three significant digits, thousands apart, no exponent up to 10¹⁵. */
export function formatNumber(value: number): string {
  if (!Number.isFinite(value)) return '–';
  const size = Math.abs(value);
  const digits = size >= 100 || size === 0 ? 0 : 2 - Math.max(-4, Math.floor(Math.log10(size)));
  return value.toLocaleString('en-US', {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
}
