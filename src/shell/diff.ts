/** `diff`: the plain format, unified (`-u`), and whether files differ (`-q`). */

import { contentOf, fails, ok, type Definition } from './command.js';
import { reasonOf } from './quoting.js';

/** What diff was asked. */
interface Asked {
  readonly files: string[];
  readonly labels: string[];
  readonly letters: Set<string>;
  /** Lines around a difference; undefined: the plain format. */
  context: number | undefined;
}

const CONTEXT = 3;
const LONG: Readonly<Record<string, string>> = {
  '--brief': 'q',
  '--report-identical-files': 's',
  '--unified': 'u',
  '--ignore-case': 'i',
  '--ignore-space-change': 'b',
  '--ignore-all-space': 'w',
  '--ignore-blank-lines': 'B',
  '--new-file': 'N',
  '--text': 'a',
};

/** The options and files; a text: an option that is not known. */
function parse(args: readonly string[]): Asked | string {
  const asked: Asked = { files: [], labels: [], letters: new Set(), context: undefined };
  for (let i = 0; i < args.length; i++) {
    const arg = args[i] ?? '';
    const [, lines] = /^(?:-U|--unified=)(\d*)$/.exec(arg) ?? [];
    if (arg === '--label' || arg === '-L') asked.labels.push(args[++i] ?? '');
    else if (arg.startsWith('--label=')) asked.labels.push(arg.slice('--label='.length));
    else if (lines !== undefined) asked.context = Number(lines === '' ? args[++i] : lines);
    else if (LONG[arg] !== undefined) asked.letters.add(LONG[arg]);
    else if (arg.startsWith('--')) return arg;
    else if (arg === '-' || !arg.startsWith('-')) asked.files.push(arg);
    else for (const letter of arg.slice(1)) asked.letters.add(letter);
  }
  if (asked.letters.has('u')) asked.context ??= CONTEXT;
  return [...asked.letters].find((letter) => !'quibwBNapsdr'.includes(letter)) ?? asked;
}

/** What two lines are compared by. */
function keyOf(line: string, { letters }: Asked): string {
  let key = line;
  if (letters.has('w')) key = key.replace(/\s+/g, '');
  if (letters.has('b')) key = key.replace(/\s+/g, ' ').trimEnd();
  return letters.has('i') ? key.toLowerCase() : key;
}

/** A run of lines that differ: from and up to lines of both files, counted from 0. */
interface Change {
  readonly from: readonly [number, number];
  readonly to: readonly [number, number];
}

/** The changes that lead from one list to another, by their longest common part. */
function changes(one: readonly string[], two: readonly string[]): Change[] {
  let head = 0;
  while (head < one.length && head < two.length && one[head] === two[head]) head++;
  let tail = 0;
  const most = Math.min(one.length, two.length) - head;
  while (tail < most && one[one.length - 1 - tail] === two[two.length - 1 - tail]) tail++;
  const [rows, columns] = [one.length - head - tail, two.length - head - tail];
  const longest = Array.from({ length: rows + 1 }, () => new Int32Array(columns + 1));
  const at = (i: number, j: number): number => longest[i]?.[j] ?? 0;
  const isEqual = (i: number, j: number): boolean => one[head + i] === two[head + j];
  for (let i = rows - 1; i >= 0; i--) {
    const row = longest[i] ?? new Int32Array(0);
    for (let column = columns - 1; column >= 0; column--) {
      row[column] = isEqual(i, column)
        ? at(i + 1, column + 1) + 1
        : Math.max(at(i + 1, column), at(i, column + 1));
    }
  }
  const found: Change[] = [];
  for (let row = 0, column = 0; row < rows || column < columns;) {
    if (row < rows && column < columns && isEqual(row, column)) {
      row++;
      column++;
      continue;
    }
    const from = [head + row, head + column] as const;
    while (
      (row < rows || column < columns) &&
      !(row < rows && column < columns && isEqual(row, column))
    ) {
      if (row < rows && (column >= columns || at(row + 1, column) >= at(row, column + 1))) row++;
      else column++;
    }
    found.push({ from, to: [head + row, head + column] });
  }
  return found;
}

/** Lines of one file; the last has no end if the file does not end with one. */
interface Text {
  readonly lines: readonly string[];
  readonly isComplete: boolean;
}

function textOf(content: string): Text {
  const isComplete = content === '' || content.endsWith('\n');
  const lines = content === '' ? [] : content.replace(/\n$/, '').split('\n');
  return { lines, isComplete };
}

/** Lines of a file as diff prints them, each with a mark in front. */
function marked(mark: string, text: Text, from: number, to: number): string {
  const last = text.lines.length - 1;
  return text.lines
    .slice(from, to)
    .map((line, i) => {
      const isCut = !text.isComplete && from + i === last;
      return `${mark}${line}\n${isCut ? '\\ No newline at end of file\n' : ''}`;
    })
    .join('');
}

/** The plain format: `2,3c2`, lines with `<` and `>`. */
function plain(one: Text, two: Text, all: readonly Change[]): string {
  const range = (from: number, to: number): string =>
    to - from <= 1 ? String(to) : `${from + 1},${to}`;
  return all
    .map(({ from, to }) => {
      const [isGone, isNew] = [to[0] > from[0], to[1] > from[1]];
      const letter = isGone && isNew ? 'c' : isGone ? 'd' : 'a';
      const head = `${range(from[0], to[0])}${letter}${range(from[1], to[1])}\n`;
      const rule = isGone && isNew ? '---\n' : '';
      return `${head}${marked('< ', one, from[0], to[0])}${rule}${marked('> ', two, from[1], to[1])}`;
    })
    .join('');
}

/** Changes whose lines around them touch, together. */
function grouped(all: readonly Change[], context: number): Change[][] {
  const groups: Change[][] = [];
  for (const change of all) {
    const group = groups[groups.length - 1];
    const last = group?.[group.length - 1];
    if (last !== undefined && change.from[0] - last.to[0] <= 2 * context) group?.push(change);
    else groups.push([change]);
  }
  return groups;
}

function unified(one: Text, two: Text, all: readonly Change[], context: number): string {
  const range = (from: number, to: number): string => {
    if (to - from === 1) return String(to);
    return `${to === from ? from : from + 1},${to - from}`;
  };
  return grouped(all, context)
    .map((group) => {
      const [first, last] = [group[0], group[group.length - 1]];
      if (first === undefined || last === undefined) return '';
      const before = Math.min(context, first.from[0]);
      const after = Math.min(context, one.lines.length - last.to[0]);
      const [from, to] = [first.from[0] - before, last.to[0] + after];
      const [start, end] = [first.from[1] - before, last.to[1] + after];
      let shown = `@@ -${range(from, to)} +${range(start, end)} @@\n`;
      let at = from;
      for (const change of group) {
        shown += marked(' ', one, at, change.from[0]);
        shown += marked('-', one, change.from[0], change.to[0]);
        shown += marked('+', two, change.from[1], change.to[1]);
        at = change.to[0];
      }
      return shown + marked(' ', one, at, to);
    })
    .join('');
}

/** Compare two files by what is compared of their lines. */
function compared(one: Text, two: Text, asked: Asked): Change[] {
  const keys = ({ lines, isComplete }: Text): string[] =>
    lines.map((line, i) => {
      const isCut =
        !isComplete && i === lines.length - 1 && !/[bw]/.test([...asked.letters].join(''));
      return keyOf(line, asked) + (isCut ? '\0' : '');
    });
  const all = changes(keys(one), keys(two));
  const isBlank = (text: Text, from: number, to: number): boolean =>
    text.lines.slice(from, to).every((line) => line === '');
  return asked.letters.has('B')
    ? all.filter(({ from, to }) => !isBlank(one, from[0], to[0]) || !isBlank(two, from[1], to[1]))
    : all;
}

/** The command. */
export const diff: Definition = async (args, ctx) => {
  const asked = parse(args);
  if (typeof asked === 'string') return fails(`diff: option '${asked}' is not known here`, 2);
  const { files, labels, letters, context } = asked;
  const [a, b] = files;
  if (a === undefined || b === undefined || files.length > 2) {
    return fails(`diff: ${files.length > 2 ? 'extra' : 'missing'} operand`, 2);
  }
  const contents: string[] = [];
  for (const file of [a, b]) {
    try {
      contents.push(await contentOf(ctx, file));
    } catch (error) {
      if (!letters.has('N')) return fails(`diff: ${file}: ${reasonOf(error)}`, 2);
      contents.push('');
    }
  }
  const [one, two] = [textOf(contents[0] ?? ''), textOf(contents[1] ?? '')];
  const all = compared(one, two, asked);
  if (all.length === 0) return ok(letters.has('s') ? `Files ${a} and ${b} are identical\n` : '');
  const differ = (stdout: string): ReturnType<Definition> =>
    Promise.resolve({ stdout, stderr: '', exitCode: 1 });
  if (letters.has('q')) return differ(`Files ${a} and ${b} differ\n`);
  if (context === undefined) return differ(plain(one, two, all));
  const [from = a, to = b] = labels;
  return differ(`--- ${from}\n+++ ${to}\n${unified(one, two, all, context)}`);
};
