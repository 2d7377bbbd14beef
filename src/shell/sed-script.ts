/** Reads the scripts of `sed`. */

import { patternOf, type Dialect } from './posix.js';

/** Thrown for what is no script. */
export class SedError extends Error {
  override readonly name = 'SedError';
}

/** Which lines: a number, the last one, those that match, or every so many from one on. */
export type Address =
  | { readonly kind: 'line'; readonly n: number }
  | { readonly kind: 'last' }
  | { readonly kind: 'match'; readonly pattern: RegExp | undefined }
  | { readonly kind: 'step'; readonly first: number; readonly step: number }
  /** Of the end of a range only: so many lines more, or up to a multiple. */
  | { readonly kind: 'more'; readonly n: number }
  | { readonly kind: 'multiple'; readonly n: number };

/** What `s` puts in place: text, a group by its number, or a change of case. */
export type Piece =
  | { readonly text: string }
  | { readonly group: number }
  | { readonly fold: 'U' | 'L' | 'E' | 'u' | 'l' };

/** One command. */
export interface SedCommand {
  readonly from: Address | undefined;
  readonly to: Address | undefined;
  readonly isNot: boolean;
  readonly name: string;
  /** Text of `a`, `i` and `c`, a label, a file, or an exit status. */
  readonly text: string;
  readonly pattern: RegExp | undefined;
  readonly pieces: readonly Piece[];
  readonly flags: {
    readonly isGlobal: boolean;
    readonly nth: number;
    readonly isPrinted: boolean;
    readonly file: string;
  };
  /** Of `y`: what each letter becomes. */
  readonly letters: ReadonlyMap<string, string>;
  /** Of `{`: the command after its end. */
  end: number;
}

const NO_FLAGS: SedCommand['flags'] = { isGlobal: false, nth: 1, isPrinted: false, file: '' };

/** Reads one script. */
class SedReader {
  readonly #text: string;
  readonly #dialect: Dialect;
  #at = 0;
  readonly #commands: SedCommand[] = [];
  readonly #open: number[] = [];

  constructor(text: string, dialect: Dialect) {
    this.#text = text;
    this.#dialect = dialect;
  }

  read(): SedCommand[] {
    for (;;) {
      this.#skip(/[\s;]*/y);
      if (this.#at >= this.#text.length) break;
      if (this.#text[this.#at] === '#') this.#skip(/[^\n]*/y);
      else this.#command();
    }
    if (this.#open.length > 0) throw new SedError("unmatched `{'");
    return this.#commands;
  }

  #skip(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0] ?? '';
    this.#at += found.length;
    return found;
  }

  #command(): void {
    const from = this.#address();
    let to: Address | undefined;
    this.#skip(/ */y);
    if (from !== undefined && this.#skip(/,/y) !== '') {
      this.#skip(/ */y);
      to = this.#address(true);
      if (to === undefined) throw new SedError("unexpected `,'");
    }
    const isNot = this.#skip(/ *!*/y).includes('!');
    this.#skip(/ */y);
    const name = this.#text[this.#at++];
    if (name === undefined) throw new SedError('missing command');
    const plain = {
      from,
      to,
      isNot,
      name,
      text: '',
      pattern: undefined,
      pieces: [],
      flags: NO_FLAGS,
    };
    this.#commands.push({ ...plain, letters: new Map(), end: 0, ...this.#rest(name) });
  }

  #rest(name: string): Partial<SedCommand> {
    switch (name) {
      case '{':
        this.#open.push(this.#commands.length);
        return {};
      case '}': {
        const start = this.#open.pop();
        const opened = start === undefined ? undefined : this.#commands[start];
        if (opened === undefined) throw new SedError("unexpected `}'");
        opened.end = this.#commands.length;
        return this.#ended({});
      }
      case 's':
        return this.#substitute();
      case 'y':
        return this.#transliterate();
      case 'a':
      case 'i':
      case 'c':
        return { text: this.#lines() };
      case ':':
        return { text: this.#skip(/[^\n;]*/y).trim() };
      case 'b':
      case 't':
      case 'T':
        return { text: this.#skip(/[^\n;}]*/y).trim() };
      case 'r':
      case 'R':
      case 'w':
      case 'W':
        return { text: this.#fileName() };
      case 'q':
      case 'Q':
      case 'l':
      case 'L':
        return this.#ended({ text: this.#skip(/ *\d*/y).trim() });
      default:
        if (!'dDgGhHnNpPxz=F'.includes(name)) throw new SedError(`unknown command: \`${name}'`);
        return this.#ended({});
    }
  }

  #fileName(): string {
    const name = this.#skip(/[^\n]*/y).trim();
    if (name === '') throw new SedError('missing filename in r/R/w/W commands');
    return name;
  }

  /** Nothing but the end of the command may follow. */
  #ended(command: Partial<SedCommand>): Partial<SedCommand> {
    this.#skip(/ */y);
    const next = this.#text[this.#at];
    if (next !== undefined && !'\n;}#'.includes(next)) {
      throw new SedError('extra characters after command');
    }
    return command;
  }

  #address(isEnd = false): Address | undefined {
    const c = this.#text[this.#at] ?? '';
    if (isEnd && (c === '+' || c === '~')) {
      this.#at++;
      return { kind: c === '+' ? 'more' : 'multiple', n: Number(this.#skip(/\d+/y)) };
    }
    if (c === '$') {
      this.#at++;
      return { kind: 'last' };
    }
    if (/\d/.test(c)) {
      const n = Number(this.#skip(/\d+/y));
      if (this.#skip(/~/y) === '') return { kind: 'line', n };
      return { kind: 'step', first: n, step: Number(this.#skip(/\d+/y)) };
    }
    if (c !== '/' && c !== '\\') return undefined;
    this.#at += c === '/' ? 1 : 2;
    const source = this.#until(c === '/' ? '/' : (this.#text[this.#at - 1] ?? ''));
    const flags = this.#skip(/[IM]*/y);
    if (source === '') return { kind: 'match', pattern: undefined };
    return { kind: 'match', pattern: this.#pattern(source, flags) };
  }

  #pattern(source: string, flags: string): RegExp {
    const all = `g${/I|i/.test(flags) ? 'i' : ''}${/M|m/.test(flags) ? 'm' : ''}s`;
    return patternOf(source, this.#dialect, all);
  }

  /** Text up to a delimiter, which may stand in it behind a backslash. */
  #until(delimiter: string, isPattern = true): string {
    let text = '';
    let isSet = false;
    for (; ; this.#at++) {
      const c = this.#text[this.#at];
      if (c === undefined || (c === '\n' && isPattern))
        throw new SedError("unterminated `s' command");
      if (c === '\\') {
        const next = this.#text[++this.#at] ?? '';
        text += next === delimiter && delimiter !== '\\' ? next : `\\${next}`;
        continue;
      }
      if (isPattern && c === '[' && !isSet) isSet = true;
      else if (isPattern && c === ']' && isSet && !/\[\^?$/.test(text)) isSet = false;
      if (c === delimiter && !isSet) break;
      text += c;
    }
    this.#at++;
    return text;
  }

  #substitute(): Partial<SedCommand> {
    const delimiter = this.#text[this.#at++] ?? '';
    const source = this.#until(delimiter);
    const pieces = piecesOf(this.#until(delimiter, false));
    const flags = this.#skip(/[gpiIemM0-9]*/y);
    const file = this.#skip(/w[^\n]*/y)
      .slice(1)
      .trim();
    if (flags.includes('e')) throw new SedError("the flag `e' is not known here");
    const nth = Number(/\d+/.exec(flags)?.[0] ?? 1);
    const pattern = source === '' ? undefined : this.#pattern(source, flags);
    this.#skip(/ */y);
    const next = this.#text[this.#at];
    if (next !== undefined && !'\n;}#'.includes(next)) throw new SedError("unknown option to `s'");
    const isGlobal = flags.includes('g');
    return { pattern, pieces, flags: { isGlobal, nth, isPrinted: flags.includes('p'), file } };
  }

  #transliterate(): Partial<SedCommand> {
    const delimiter = this.#text[this.#at++] ?? '';
    const unescape = (text: string): string[] =>
      Array.from(text.replace(/\\(.)/g, (_all, c: string) => (c === 'n' ? '\n' : c)));
    const from = unescape(this.#until(delimiter, false));
    const to = unescape(this.#until(delimiter, false));
    if (from.length !== to.length) {
      throw new SedError("strings for `y' command are different lengths");
    }
    return this.#ended({ letters: new Map(from.map((c, i) => [c, to[i] ?? ''])) });
  }

  /** The text of `a`, `i` or `c`: on the same line, or behind a backslash on those that follow. */
  #lines(): string {
    this.#skip(/[ \t]*/y);
    if (this.#skip(/\\[ \t]*\n/y) === '') this.#skip(/\\/y);
    let text = '';
    for (; this.#at < this.#text.length; this.#at++) {
      const c = this.#text[this.#at] ?? '';
      if (c === '\n') break;
      text += c === '\\' ? (this.#text[++this.#at] ?? '') : c;
    }
    return text;
  }
}

/** What stands on the right of `s`. */
function piecesOf(text: string): Piece[] {
  const pieces: Piece[] = [];
  const escapes: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r' };
  for (const [token] of text.matchAll(/\\[^]|&|[^\\&]+/g)) {
    const c = token[1] ?? '';
    if (token === '&') pieces.push({ group: 0 });
    else if (!token.startsWith('\\')) pieces.push({ text: token });
    else if (/\d/.test(c)) pieces.push({ group: Number(c) });
    else if ('ULEul'.includes(c)) pieces.push({ fold: c as 'U' });
    else pieces.push({ text: escapes[c] ?? c });
  }
  return pieces;
}

/** The commands of a script. @throws {SedError} and PatternError */
export const readSed = (script: string, dialect: Dialect): SedCommand[] =>
  new SedReader(script, dialect).read();
