/** Tables that commands write into marked sections of a file, so that nobody types them. */

import { readTextFile, writeTextFile } from '../campaign/options/files.js';
import { UsageError } from '../errors.js';

/** A table in Markdown. */
export function markdownTable(
  titles: readonly string[],
  rows: readonly (readonly string[])[],
): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(titles), line(titles.map(() => '---')), ...rows.map(line)].join('\n');
}

/** Put `content` between the markers of a section. @throws UsageError when they are not there */
export function rewriteSection(text: string, section: string, content: string): string {
  const begin = `<!-- ${section}: begin -->`;
  const end = `<!-- ${section}: end -->`;
  const from = text.indexOf(begin);
  const to = text.indexOf(end);
  if (from < 0 || to < from)
    throw new UsageError(`the file has no section between ${begin} and ${end}`);
  return `${text.slice(0, from + begin.length)}\n\n${content}\n\n${text.slice(to)}`;
}

/** See that a file has a section, before a long run makes what is to stand in it. @throws UsageError when it has none */
export function checkSection(file: string, section: string): void {
  rewriteSection(readTextFile('page', file), section, '');
}

/** Rewrite a section of a file. @throws UsageError when the file has no such section */
export function writeSection(file: string, section: string, content: string): void {
  writeTextFile('page', file, rewriteSection(readTextFile('page', file), section, content));
}
