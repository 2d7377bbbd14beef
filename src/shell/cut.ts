/** `cut`, with GNU's options. */

import { contentOf, fails, Output, type Definition } from './command.js';
import { quoted, reasonOf } from './quoting.js';

interface Wanted {
  list: string | undefined;
  kind: 'bytes' | 'fields' | undefined;
  delimiter: string;
  between: string | undefined;
  isOthers: boolean;
  onlyDelimited: boolean;
  end: string;
  readonly files: string[];
}

const LETTERS: Readonly<Record<string, string>> = {
  bytes: 'b',
  characters: 'c',
  fields: 'f',
  delimiter: 'd',
  'output-delimiter': 'o',
  'only-delimited': 's',
  complement: 'C',
  'zero-terminated': 'z',
};

/** @returns a text: what is wrong */
function wantedOf(args: readonly string[]): Wanted | string {
  const wanted: Wanted = {
    list: undefined,
    kind: undefined,
    delimiter: '\t',
    between: undefined,
    isOthers: false,
    onlyDelimited: false,
    end: '\n',
    files: [],
  };
  const take = (letter: string, value: string): string => {
    if ('bcf'.includes(letter)) {
      if (wanted.list !== undefined) return 'only one list may be specified';
      wanted.list = value;
      wanted.kind = letter === 'f' ? 'fields' : 'bytes';
    } else if (letter === 'd') {
      if (value.length > 1) return 'the delimiter must be a single character';
      wanted.delimiter = value === '' ? '\0' : value;
    } else wanted.between = value;
    return '';
  };
  for (let at = 0; at < args.length; at++) {
    const arg = args[at] ?? '';
    if (arg === '--') {
      wanted.files.push(...args.slice(at + 1));
      break;
    }
    const [, name, , value] = /^--([a-z-]+)(=([^]*))?$/.exec(arg) ?? [];
    let letters = name === undefined ? /^-(.[^]*)$/.exec(arg)?.[1] : LETTERS[name];
    if (name !== undefined && letters === undefined) return `unrecognized option '${arg}'`;
    if (letters === undefined) wanted.files.push(arg);
    for (; letters !== undefined && letters !== ''; letters = letters.slice(1)) {
      const letter = letters.charAt(0);
      if (letter === 's') wanted.onlyDelimited = true;
      else if (letter === 'z') wanted.end = '\0';
      else if (letter === 'C') wanted.isOthers = true;
      else if (!'bcfdo'.includes(letter)) {
        if (letter !== 'n') return `invalid option -- '${letter}'`;
      } else {
        const given = name === undefined && letters.length > 1 ? letters.slice(1) : value;
        if (given === undefined && at + 1 >= args.length)
          return `option requires an argument -- '${letter}'`;
        const wrong = take(letter, given ?? args[++at] ?? '');
        if (wrong !== '') return wrong;
        break;
      }
    }
  }
  return wanted;
}

type Range = readonly [number, number];

/** Ranges of a list such as `1,3-5,7-`, in order, none beside another; a text: what is wrong. */
function rangesOf(list: string, isFields: boolean): Range[] | string {
  const what = isFields ? 'field' : 'byte/character position';
  const ranges: [number, number][] = [];
  for (const piece of list.split(/[,\s]+/)) {
    const [, first, dash, last] = /^(\d*)(-?)(\d*)$/.exec(piece) ?? [];
    if (first === undefined || (first === '' && last === ''))
      return dash === '-'
        ? 'invalid range with no endpoint: -'
        : `invalid ${what} value '${piece}'`;
    const from = first === '' ? 1 : Number(first);
    const to = dash === '' ? from : last === '' ? Infinity : Number(last);
    if (from === 0 || to === 0)
      return `${isFields ? 'fields' : 'byte/character positions'} are numbered from 1`;
    if (to < from) return 'invalid decreasing range';
    ranges.push([from, to]);
  }
  ranges.sort((a, b) => a[0] - b[0]);
  const joined: [number, number][] = [];
  for (const [from, to] of ranges) {
    const last = joined.at(-1);
    if (last !== undefined && from <= last[1]) last[1] = Math.max(last[1], to);
    else joined.push([from, to]);
  }
  return joined;
}

/** What the ranges leave out. */
function complement(ranges: readonly Range[]): Range[] {
  const others: Range[] = [];
  let from = 1;
  for (const [first, last] of ranges) {
    if (first > from) others.push([from, first - 1]);
    from = last + 1;
  }
  return from === Infinity ? others : [...others, [from, Infinity]];
}

/** One line; undefined: it is not printed. */
function cutLine(line: string, ranges: readonly Range[], wanted: Wanted): string | undefined {
  const { kind, delimiter, between, onlyDelimited } = wanted;
  if (kind === 'bytes') {
    const pieces = ranges.map(([from, to]) => line.slice(from - 1, to));
    return pieces.filter((piece) => piece !== '').join(between ?? '');
  }
  if (!line.includes(delimiter)) return onlyDelimited ? undefined : line;
  const fields = line.split(delimiter);
  return ranges.flatMap(([from, to]) => fields.slice(from - 1, to)).join(between ?? delimiter);
}

const refused = (why: string): ReturnType<typeof fails> =>
  fails(`cut: ${why}\nTry 'cut --help' for more information.`);

/** Parts of each line. */
export const cut: Definition = async (args, ctx) => {
  const wanted = wantedOf(args);
  if (typeof wanted === 'string') return refused(wanted);
  const { list, kind, isOthers, end, files } = wanted;
  if (list === undefined) return refused('you must specify a list of bytes, characters, or fields');
  const found = rangesOf(list, kind === 'fields');
  if (typeof found === 'string') return refused(found);
  const ranges = isOthers ? complement(found) : found;
  const out = new Output();
  for (const file of files.length === 0 ? ['-'] : files) {
    let text = '';
    try {
      text = await contentOf(ctx, file);
    } catch (error) {
      out.complain(`cut: ${quoted(file)}: ${reasonOf(error)}`);
    }
    if (text === '') continue;
    const lines = (text.endsWith(end) ? text.slice(0, -1) : text).split(end);
    const shown = lines.flatMap((line) => cutLine(line, ranges, wanted) ?? []);
    out.print(shown.map((line) => `${line}${end}`).join(''));
  }
  return out.result(ctx);
};
