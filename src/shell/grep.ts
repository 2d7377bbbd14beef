/** `grep`, with GNU's options; each file in turn, with the kernel's reason where one cannot be read. */

import {
  absolute,
  contentOf,
  fails,
  Output,
  type CommandContext,
  type Definition,
} from './command.js';
import { isLike, literal, PatternError, patternOf } from './posix.js';
import { reasonOf } from './quoting.js';

/** Letters of options, and of those that take a word. */
const LETTERS = 'EFGPivwxclLoqsnbHhrRazTUu';
const WITH_VALUE = 'efmABC';

const LONG: Readonly<Record<string, string>> = {
  'extended-regexp': 'E',
  'fixed-strings': 'F',
  'basic-regexp': 'G',
  'perl-regexp': 'P',
  'ignore-case': 'i',
  'invert-match': 'v',
  'word-regexp': 'w',
  'line-regexp': 'x',
  count: 'c',
  'files-with-matches': 'l',
  'files-without-match': 'L',
  'only-matching': 'o',
  quiet: 'q',
  silent: 'q',
  'no-messages': 's',
  'line-number': 'n',
  'byte-offset': 'b',
  'with-filename': 'H',
  'no-filename': 'h',
  recursive: 'r',
  'dereference-recursive': 'r',
  text: 'a',
  'null-data': 'z',
  regexp: 'e',
  file: 'f',
  'max-count': 'm',
  'after-context': 'A',
  'before-context': 'B',
  context: 'C',
  include: 'include',
  exclude: 'exclude',
  'exclude-dir': 'exclude-dir',
  color: '',
  colour: '',
  'line-buffered': '',
};
/** Long options that have no letter, with a value. */
const NAMED = ['include', 'exclude', 'exclude-dir'];

/** What grep was asked. */
interface Asked {
  readonly letters: Set<string>;
  readonly values: Map<string, string>;
  /** Globs of names, by option. */
  readonly globs: Map<string, string[]>;
  readonly patterns: string[];
  /** Files that hold patterns. */
  readonly sources: string[];
  readonly files: string[];
}

function give(asked: Asked, letter: string, value: string): void {
  if (letter === 'e') asked.patterns.push(value);
  else if (letter === 'f') asked.sources.push(value);
  else if (NAMED.includes(letter)) {
    asked.globs.set(letter, [...(asked.globs.get(letter) ?? []), value]);
  } else asked.values.set(letter, value);
}

/** The words of the command; a text: what is wrong. */
function parse(args: readonly string[]): Asked | string {
  const asked: Asked = {
    letters: new Set(),
    values: new Map(),
    globs: new Map(),
    patterns: [],
    sources: [],
    files: [],
  };
  for (let i = 0; i < args.length; i++) {
    const arg = args[i] ?? '';
    const [, name, value] = /^--([\w-]+)(?:=([^]*))?$/.exec(arg) ?? [];
    if (arg === '--') {
      asked.files.push(...args.slice(i + 1));
      break;
    }
    if (name !== undefined) {
      const letter = LONG[name];
      if (letter === undefined) return `grep: unrecognized option '${arg}'`;
      if (NAMED.includes(letter) || (letter !== '' && WITH_VALUE.includes(letter))) {
        give(asked, letter, value ?? args[++i] ?? '');
      } else if (letter !== '') asked.letters.add(letter);
    } else if (/^-\d+$/.test(arg)) give(asked, 'C', arg.slice(1));
    else if (arg.startsWith('-') && arg !== '-') {
      for (let at = 1; at < arg.length; at++) {
        const letter = arg[at] ?? '';
        if (WITH_VALUE.includes(letter)) {
          give(asked, letter, arg.slice(at + 1) || (args[++i] ?? ''));
          break;
        }
        if (!LETTERS.includes(letter)) return `grep: invalid option -- '${letter}'`;
        asked.letters.add(letter === 'R' ? 'r' : letter);
      }
    } else asked.files.push(arg);
  }
  if (asked.patterns.length > 0 || asked.sources.length > 0) return asked;
  const pattern = asked.files.shift();
  if (pattern === undefined) return 'Usage: grep [OPTION]... PATTERNS [FILE]...';
  asked.patterns.push(pattern);
  return asked;
}

/** An expression of Perl; what stands before `\K` is not part of the match. */
function perl(pattern: string): string {
  const plain = pattern.replace(/\[:(alpha|digit|space|alnum):\]/g, (_all, name: string) =>
    name === 'digit' ? '\\d' : name === 'space' ? '\\s' : name === 'alpha' ? 'A-Za-z' : 'A-Za-z0-9',
  );
  const at = plain.indexOf('\\K');
  return at < 0 ? plain : `(?<=${plain.slice(0, at)})${plain.slice(at + 2)}`;
}

/** One expression for all patterns. @throws {PatternError} */
function expressionOf(patterns: readonly string[], letters: ReadonlySet<string>): RegExp {
  const sources = patterns.map((pattern) => {
    if (letters.has('F')) return literal(pattern);
    if (letters.has('P')) return perl(pattern);
    return patternOf(pattern, letters.has('E') ? 'extended' : 'basic').source;
  });
  if (sources.length === 0) return /(?!)/g;
  const [first = ''] = sources;
  const any = sources.length === 1 ? first : sources.map((source) => `(?:${source})`).join('|');
  const inLine = letters.has('x') ? `^(?:${any})$` : any;
  const whole = letters.has('w') ? `(?<!\\w)(?:${inLine})(?!\\w)` : inLine;
  try {
    return new RegExp(whole, letters.has('i') ? 'gi' : 'g');
  } catch {
    throw new PatternError('Invalid regular expression');
  }
}

/** How lines are shown. */
interface Shown {
  readonly asked: Asked;
  readonly expression: RegExp;
  /** In front of each line: the file's name, or nothing. */
  readonly name: string;
}

/** Search one text. @returns what is printed, and how many lines are selected */
function search(text: string, { asked, expression, name }: Shown): { out: string; count: number } {
  const { letters, values } = asked;
  const end = letters.has('z') ? '\0' : '\n';
  const lines = text === '' ? [] : (text.endsWith(end) ? text.slice(0, -1) : text).split(end);
  const context = Number(values.get('C') ?? 0);
  const [before, after] = [Number(values.get('B') ?? context), Number(values.get('A') ?? context)];
  const isSilent = 'qclL'.split('').some((letter) => letters.has(letter));
  const most = Number(values.get('m') ?? Infinity);
  const isSeparated = before > 0 || after > 0;
  let [count, printedTo, left, offset] = [0, 0, 0, 0];
  let out = '';
  const show = (at: number, sign: string, what = lines[at] ?? '', from = 0): void => {
    const number = letters.has('n') ? `${at + 1}${sign}` : '';
    const bytes = letters.has('b') ? `${offset + from}${sign}` : '';
    out += `${name === '' ? '' : `${name}${sign}`}${number}${bytes}${what}${end}`;
  };
  for (let at = 0; at < lines.length && (count < most || left > 0); at++) {
    const line = lines[at] ?? '';
    expression.lastIndex = 0;
    const isSelected = count < most && expression.test(line) !== letters.has('v');
    if (isSelected) {
      count++;
      left = after;
      const first = Math.max(printedTo, at - before);
      if (isSeparated && !isSilent && printedTo > 0 && first > printedTo) out += `--${end}`;
      if (!isSilent && !letters.has('o')) for (let i = first; i < at; i++) show(i, '-');
      if (!isSilent && letters.has('o') && !letters.has('v')) {
        expression.lastIndex = 0;
        for (const found of line.matchAll(expression)) {
          if (found[0] !== '') show(at, ':', found[0], found.index);
        }
      } else if (!isSilent && !letters.has('o')) show(at, ':');
      printedTo = at + 1;
    } else if (left > 0) {
      left--;
      if (!isSilent && !letters.has('o')) show(at, '-');
      printedTo = at + 1;
    }
    offset += line.length + 1;
    if (isSelected && letters.has('q')) break;
  }
  return { out, count };
}

/** Whether a name is like one of the globs. */
const isAnyLike = (name: string, globs: readonly string[] = []): boolean =>
  globs.some((glob) => isLike(name, glob));

/** The files at or below a path, as far as they are wanted. */
async function filesBelow(ctx: CommandContext, path: string, asked: Asked): Promise<string[]> {
  const { globs } = asked;
  const at = absolute(ctx, path);
  const name = path.split('/').pop() ?? '';
  const isFolder = (await ctx.fs.exists(at)) && (await ctx.fs.stat(at)).isDirectory;
  if (!isFolder) {
    const include = globs.get('include');
    const isOut =
      (include && !isAnyLike(name, include)) === true || isAnyLike(name, globs.get('exclude'));
    return isOut ? [] : [path];
  }
  if (isAnyLike(name, globs.get('exclude-dir'))) return [];
  const names = (await ctx.fs.readdir(at)).sort();
  const below = names.map((one) => filesBelow(ctx, `${path.replace(/\/$/, '')}/${one}`, asked));
  return (await Promise.all(below)).flat();
}

/** Text of a file; a text in an object: why it cannot be searched. */
async function read(ctx: CommandContext, file: string): Promise<string | { readonly why: string }> {
  if (file === '-') return contentOf(ctx, file);
  const at = absolute(ctx, file);
  try {
    if (!(await ctx.fs.exists(at))) return { why: 'No such file or directory' };
    if ((await ctx.fs.stat(at)).isDirectory) return { why: 'Is a directory' };
    return await ctx.fs.readFile(at);
  } catch (error) {
    return { why: reasonOf(error) };
  }
}

/** The command. */
export const grep: Definition = async (args, ctx) => {
  if (args.includes('--version') || args.includes('-V'))
    return { stdout: 'grep (GNU grep) 3.8\n', stderr: '', exitCode: 0 };
  const asked = parse(args);
  if (typeof asked === 'string') return fails(asked, 2);
  const { letters, files, patterns } = asked;
  for (const source of asked.sources) {
    const text = await contentOf(ctx, source);
    if (text !== '') patterns.push(...text.replace(/\n$/, '').split('\n'));
  }
  let expression: RegExp;
  try {
    expression = expressionOf(
      patterns.flatMap((pattern) => pattern.split('\n')),
      letters,
    );
  } catch (error) {
    if (error instanceof PatternError) return fails(`grep: ${error.message}`, 2);
    throw error;
  }
  const isRecursive = letters.has('r');
  const given = files.length > 0 ? files : [isRecursive ? '.' : '-'];
  const all = isRecursive
    ? (await Promise.all(given.map((file) => filesBelow(ctx, file, asked)))).flat()
    : given;
  // `grep -r x` names what is below the folder without its dot.
  const named = isRecursive && files.length === 0 ? all.map((file) => file.slice(2)) : all;
  const hasNames = !letters.has('h') && (letters.has('H') || isRecursive || named.length > 1);
  const out = new Output();
  let isFound = false;
  let isRefused = false;
  for (const file of named) {
    const text = await read(ctx, file);
    const label = file === '-' ? '(standard input)' : file;
    if (typeof text !== 'string') {
      isRefused = true;
      if (!letters.has('s')) out.complain(`grep: ${label}: ${text.why}`);
      continue;
    }
    const { out: lines, count } = search(text, { asked, expression, name: hasNames ? label : '' });
    const isListed = letters.has('L') ? count === 0 : letters.has('l') && count > 0;
    if (letters.has('l') || letters.has('L')) out.print(isListed ? `${label}\n` : '');
    else if (letters.has('c') && !letters.has('q')) {
      out.print(`${hasNames ? `${label}:` : ''}${count}\n`);
    } else out.print(lines);
    isFound ||= letters.has('L') ? isListed : count > 0;
    if (isFound && letters.has('q')) return { stdout: '', stderr: '', exitCode: 0 };
  }
  out.exitCode = isRefused ? 2 : isFound ? 0 : 1;
  return out.result(ctx);
};
