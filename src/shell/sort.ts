/** `sort` as GNU's does it without a language: by bytes, with keys, and whole lines where keys are equal. */

import { absolute, contentOf, fails, ok, type Definition } from './command.js';
import { reasonOf } from './quoting.js';

/** Letters that say how keys are compared; each key may have its own. */
const ORDERING = 'bdfghiMnRrV';

/** A part of a line by which it is compared. */
interface Key {
  /** Field and character where it begins, from 1. */
  readonly from: readonly [field: number, character: number];
  /** Where it ends; undefined: with the line. Character 0: with the field. */
  readonly to: readonly [field: number, character: number] | undefined;
  readonly letters: string;
}

interface Asked {
  readonly letters: Set<string>;
  readonly keys: Key[];
  readonly files: string[];
  separator: string | undefined;
  output: string | undefined;
}

const LONG: Readonly<Record<string, string>> = {
  '--numeric-sort': 'n',
  '--reverse': 'r',
  '--unique': 'u',
  '--stable': 's',
  '--human-numeric-sort': 'h',
  '--version-sort': 'V',
  '--general-numeric-sort': 'g',
  '--month-sort': 'M',
  '--ignore-case': 'f',
  '--ignore-leading-blanks': 'b',
  '--check': 'c',
  '--zero-terminated': 'z',
};
const LONG_VALUES: Readonly<Record<string, string>> = {
  '--key': 'k',
  '--field-separator': 't',
  '--output': 'o',
};

function keyOf(text: string): Key | undefined {
  const found = /^(\d+)(?:\.(\d+))?([a-zA-Z]*)(?:,(\d+)(?:\.(\d+))?([a-zA-Z]*))?$/.exec(text);
  if (found === null) return undefined;
  const [, field, character = '1', letters = '', toField, toCharacter = '0', more = ''] = found;
  return {
    from: [Number(field), Number(character)],
    to: toField === undefined ? undefined : [Number(toField), Number(toCharacter)],
    letters: letters + more,
  };
}

/** Take the value of an option; a text: what is wrong with it. */
function take(asked: Asked, letter: string, value: string): string | undefined {
  if (letter === 't') asked.separator = value === String.raw`\0` ? '\0' : value;
  if (letter === 'o') asked.output = value;
  if (letter !== 'k') return undefined;
  const key = keyOf(value);
  if (key === undefined)
    return `invalid number at field start: invalid count at start of '${value}'`;
  asked.keys.push(key);
  return undefined;
}

function parse(args: readonly string[]): Asked | string {
  const asked: Asked = {
    letters: new Set(),
    keys: [],
    files: [],
    separator: undefined,
    output: undefined,
  };
  for (let i = 0; i < args.length; i++) {
    const arg = args[i] ?? '';
    const [, long = '', given] = /^(--[\w-]+)(?:=(.*))?$/s.exec(arg) ?? [];
    if (long !== '') {
      const [letter, valued] = [LONG[long], LONG_VALUES[long]];
      if (letter === undefined && valued === undefined) return `unrecognized option '${arg}'`;
      if (letter !== undefined) asked.letters.add(letter);
      const wrong =
        valued === undefined ? undefined : take(asked, valued, given ?? args[++i] ?? '');
      if (wrong !== undefined) return wrong;
      continue;
    }
    if (!arg.startsWith('-') || arg === '-') {
      asked.files.push(arg);
      continue;
    }
    for (let at = 1; at < arg.length; at++) {
      const letter = arg[at] ?? '';
      if ('kto'.includes(letter)) {
        const wrong = take(asked, letter, arg.slice(at + 1) || (args[++i] ?? ''));
        if (wrong !== undefined) return wrong;
        break;
      }
      if (!`${ORDERING}uscCz`.includes(letter)) return `invalid option -- '${letter}'`;
      asked.letters.add(letter);
    }
  }
  return asked;
}

/** Where each field begins and ends; without a separator, the blanks before a field belong to it. */
function fieldsOf(line: string, separator: string | undefined): [number, number][] {
  const found: [number, number][] = [];
  if (separator === undefined) {
    for (const { index, 0: text } of line.matchAll(/[ \t]*[^ \t]+|[ \t]+$/g)) {
      found.push([index, index + text.length]);
    }
    return found;
  }
  let at = 0;
  for (const part of line.split(separator)) {
    found.push([at, at + part.length]);
    at += part.length + separator.length;
  }
  return found;
}

/** Position of a character of a field; behind the blanks in front of it if `isPastBlanks`. */
function position(
  line: string,
  fields: readonly (readonly [number, number])[],
  [field, character]: readonly [number, number],
  isPastBlanks: boolean,
): number {
  const [start] = fields[field - 1] ?? [line.length];
  const blanks = isPastBlanks ? (/^[ \t]*/.exec(line.slice(start))?.[0].length ?? 0) : 0;
  return Math.min(line.length, start + blanks + character - 1);
}

function partOf(line: string, { from, to, letters }: Key, separator: string | undefined): string {
  const fields = fieldsOf(line, separator);
  const start = position(line, fields, from, letters.includes('b'));
  if (to === undefined) return line.slice(start);
  const end =
    to[1] === 0
      ? (fields[to[0] - 1]?.[1] ?? line.length)
      : position(line, fields, [to[0], to[1] + 1], letters.includes('b'));
  return line.slice(start, Math.max(start, end));
}

const order = <T>(a: T, b: T): number => (a < b ? -1 : a > b ? 1 : 0);
const byBytes = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));
const numberIn = (text: string): number => Number(/^\s*(-?\d*\.?\d+)/.exec(text)?.[1] ?? 0);
const UNITS = 'KMGTPEZY';
const MONTHS = 'JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC'.split(' ');

function human(text: string): readonly [number, number] {
  const [, number = '0', unit = ''] = /^\s*(-?\d*\.?\d+)([KMGTPEZYk]?)/.exec(text) ?? [];
  const size = unit === '' ? 0 : UNITS.indexOf(unit.toUpperCase()) + 1;
  return [number.startsWith('-') ? -size : size, Number(number)];
}

/** As `sort -V`: numbers inside of texts by their value; of others, letters before signs. */
function byVersion(a: string, b: string): number {
  const parts = (text: string): string[] => text.match(/\d+|\D+/g) ?? [];
  const [one, two] = [parts(a), parts(b)];
  for (let i = 0; i < Math.max(one.length, two.length); i++) {
    const [x = '', y = ''] = [one[i], two[i]];
    const areNumbers = /^\d/.test(x) && /^\d/.test(y);
    const found = areNumbers ? order(BigInt(x), BigInt(y)) : order(x, y);
    if (found !== 0) return found;
  }
  return 0;
}

function compare(a: string, b: string, letters: string): number {
  if (letters.includes('n')) return order(numberIn(a), numberIn(b));
  if (letters.includes('g')) return order(Number.parseFloat(a) || 0, Number.parseFloat(b) || 0);
  if (letters.includes('h')) {
    const [[unitA, sizeA], [unitB, sizeB]] = [human(a), human(b)];
    return order(unitA, unitB) || order(sizeA, sizeB);
  }
  if (letters.includes('M')) {
    const month = (text: string): number => MONTHS.indexOf(text.trim().slice(0, 3).toUpperCase());
    return order(month(a), month(b));
  }
  const plain = (text: string): string => {
    const bare = letters.includes('b') ? text.replace(/^[ \t]+/, '') : text;
    const kept = letters.includes('d') ? bare.replace(/[^\w\s]|_/g, '') : bare;
    return letters.includes('f') ? kept.toUpperCase() : kept;
  };
  return letters.includes('V') ? byVersion(plain(a), plain(b)) : byBytes(plain(a), plain(b));
}

/** How two lines are ordered by the keys alone. */
function byKeys(asked: Asked): (a: string, b: string) => number {
  const whole = [...asked.letters].filter((letter) => ORDERING.includes(letter)).join('');
  const all: Key[] =
    asked.keys.length > 0 ? asked.keys : [{ from: [1, 1], to: undefined, letters: '' }];
  // A key without letters of its own has those of the command.
  const keys = all.map((key) => (key.letters === '' ? { ...key, letters: whole } : key));
  return (a, b) => {
    for (const key of keys) {
      const [x, y] = [partOf(a, key, asked.separator), partOf(b, key, asked.separator)];
      const found = compare(x, y, key.letters);
      if (found !== 0) return key.letters.includes('r') ? -found : found;
    }
    return 0;
  };
}

/** The command. */
export const sort: Definition = async (args, ctx) => {
  const asked = parse(args);
  if (typeof asked === 'string') return fails(`sort: ${asked}`, 2);
  const { letters, files, output } = asked;
  const end = letters.has('z') ? '\0' : '\n';
  let text = '';
  for (const file of files.length === 0 ? ['-'] : files) {
    try {
      const content = await contentOf(ctx, file);
      text += content === '' || content.endsWith(end) ? content : `${content}${end}`;
    } catch (error) {
      return fails(`sort: cannot read: ${file}: ${reasonOf(error)}`, 2);
    }
  }
  const lines = text.split(end);
  if (lines[lines.length - 1] === '') lines.pop();
  const keyed = byKeys(asked);
  const isLast = !letters.has('s') && !letters.has('u');
  const sign = letters.has('r') ? -1 : 1;
  const ordered = (a: string, b: string): number =>
    keyed(a, b) || (isLast ? sign * byBytes(a, b) : 0);
  if (letters.has('c') || letters.has('C')) {
    const at = lines.findIndex((line, i) => {
      const found = i === 0 ? -1 : ordered(lines[i - 1] ?? '', line);
      return letters.has('u') ? i > 0 && found >= 0 : found > 0;
    });
    if (at < 0) return ok();
    return fails(
      letters.has('C') ? '' : `sort: ${files[0] ?? '-'}:${at + 1}: disorder: ${lines[at] ?? ''}`,
    );
  }
  const sorted = lines.sort(ordered);
  const kept = letters.has('u')
    ? sorted.filter((line, i) => i === 0 || keyed(sorted[i - 1] ?? '', line) !== 0)
    : sorted;
  const printed = kept.map((line) => `${line}${end}`).join('');
  if (output === undefined) return ok(printed);
  await ctx.fs.writeFile(absolute(ctx, output), printed);
  return ok();
};
