/** Tables of graded outcomes: what was seen, how often, and what that means. */

import {
  inReadingOrder,
  isFinding,
  totalsOf,
  type Outcome,
  type OutcomeTable,
} from '../campaign/stress/outcomes.js';
import { renderTable } from './table.js';

export { inReadingOrder, isFinding, totalsOf, type Outcome, type OutcomeTable };

/** Findings that the last line names, those that are told, and the rows of a table; JSON has all of them. */
const MOST_NAMED = 5;
const MOST_TOLD = 5;
const MOST_ROWS = 60;

const times = (count: number): string => count.toLocaleString('en-US');

function verdictLine(table: OutcomeTable): string {
  const { observed, byGrade } = totalsOf(table);
  const seen = `${times(observed)} observed, ${times(byGrade.interesting)} of interest`;
  const findings = table.outcomes.filter(isFinding);
  if (findings.length === 0) return `No forbidden outcome: ${seen}.`;
  const more = findings.length - MOST_NAMED;
  const names = [
    ...findings.slice(0, MOST_NAMED).map(({ name }) => name),
    ...(more > 0 ? [`and ${more} more`] : []),
  ].join('; ');
  return `FORBIDDEN outcome seen ${times(byGrade.forbidden)} times: ${names} (${seen}).`;
}

function traceLines({ name, trace }: Outcome): string[] {
  return trace === undefined ? [] : ['', `What led to: ${name}`, ...trace.map((l) => `  ${l}`)];
}

/** How a table is shown. */
export interface TableStyle {
  /** Rows of outcomes that were never seen too. Default false. */
  readonly all?: boolean;
  /** Colours a text by its grade. Default it stays as it is. */
  readonly paint?: (grade: Outcome['grade'], text: string) => string;
}

function counterLines({ counters = {} }: OutcomeTable): string[] {
  const rows = Object.entries(counters).map(([name, n]) => [name, times(n)]);
  if (rows.length === 0) return [];
  return ['', renderTable([{ title: 'counter' }, { title: 'number', align: 'right' }], rows)];
}

/**
 * The table for people: title, settings, a row per outcome, a line with the verdict, the counters, and for each finding the events
 * that led to it.
 */
export function renderOutcomes(table: OutcomeTable, style: TableStyle = {}): string {
  const { all = false, paint = (_: Outcome['grade'], text: string): string => text } = style;
  const columns = [
    { title: 'outcome' },
    { title: 'count', align: 'right' },
    { title: 'grade' },
    { title: 'why' },
  ] as const;
  const ordered = inReadingOrder(table.outcomes);
  const seen = ordered.filter(({ count }) => all || count > 0);
  const hidden = ordered.length - seen.length;
  const more = all ? 0 : Math.max(0, seen.length - MOST_ROWS);
  const rows = seen
    .slice(0, seen.length - more)
    .map((outcome) => [
      outcome.name,
      times(outcome.count),
      paint(outcome.grade, isFinding(outcome) ? 'FORBIDDEN' : outcome.grade),
      outcome.reason,
    ]);
  const settings = Object.entries(table.settings ?? {}).map(([key, value]) => `${key} ${value}`);
  const lines = [
    table.title,
    ...(settings.length === 0 ? [] : [settings.join(', ')]),
    renderTable(columns, rows),
    ...(more === 0 ? [] : [`and ${more} more outcomes: see --json`]),
    ...(hidden === 0 ? [] : [`${hidden} outcomes never occurred (--all)`]),
    verdictLine(table),
    ...counterLines(table),
    ...ordered.filter(isFinding).slice(0, MOST_TOLD).flatMap(traceLines),
  ];
  return lines.join('\n');
}
