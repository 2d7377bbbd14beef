/** Regular expressions of POSIX, with GNU's additions, as expressions of JavaScript. */

/** Which letters mean what: `grep`'s and `sed`'s own expressions, or extended ones. */
export type Dialect = 'basic' | 'extended';

/** Thrown for what is no expression. */
export class PatternError extends Error {
  override readonly name = 'PatternError';
}

const CLASSES: Readonly<Record<string, string>> = {
  alnum: 'A-Za-z0-9',
  alpha: 'A-Za-z',
  blank: ' \\t',
  cntrl: '\\x00-\\x1f\\x7f',
  digit: '0-9',
  graph: '!-~',
  lower: 'a-z',
  print: ' -~',
  punct: '!-\\/:-@\\[-`{-~',
  space: '\\s',
  upper: 'A-Z',
  xdigit: '0-9A-Fa-f',
};

/** What follows a backslash in either dialect. */
const ESCAPES: Readonly<Record<string, string>> = {
  w: '\\w',
  W: '\\W',
  s: '\\s',
  S: '\\S',
  b: '\\b',
  B: '\\B',
  '<': '\\b(?=\\w)',
  '>': '\\b(?<=\\w)',
  '`': '(?<![^])',
  "'": '(?![^])',
  n: '\\n',
  t: '\\t',
  r: '\\r',
  f: '\\f',
  v: '\\v',
};

/** A text, as the source of an expression that fits nothing else. */
export const literal = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');

/** Whether a pattern with `*` and `?` fits all of a text. */
export const isLike = (text: string, glob: string): boolean =>
  new RegExp(`^${literal(glob).replaceAll('\\*', '.*').replaceAll('\\?', '.')}$`).test(text);

/** One `[…]` from its bracket on. @returns it, and where it ends */
function bracket(pattern: string, from: number): readonly [string, number] {
  let at = from + 1;
  let set = '';
  const isNot = pattern[at] === '^';
  if (isNot) at++;
  for (let first = at; at === first || pattern[at] !== ']'; at++) {
    const c = pattern[at];
    if (c === undefined) throw new PatternError('Unmatched [, [^, [:, [., or [=');
    const [, named] = /^\[:(\w+):\]/.exec(pattern.slice(at)) ?? [];
    if (named !== undefined) {
      const members = CLASSES[named];
      if (members === undefined) throw new PatternError('Invalid character class name');
      set += members;
      at += named.length + 3;
    } else if (c === '\\' && 'nt]\\'.includes(pattern[at + 1] ?? ' ') && pattern[at + 1] !== ']') {
      set += `\\${pattern[++at] ?? ''}`;
    } else set += /[\\\][^]/.test(c) ? `\\${c}` : c;
  }
  return [`[${isNot ? '^' : ''}${set}]`, at];
}

/** Reads one expression. */
class Reader {
  readonly #pattern: string;
  readonly #isExtended: boolean;
  #out = '';
  /** Whether something stands here that can be repeated. */
  #isAtom = false;
  #depth = 0;

  constructor(pattern: string, dialect: Dialect) {
    this.#pattern = pattern;
    this.#isExtended = dialect === 'extended';
  }

  read(): string {
    const pattern = this.#pattern;
    for (let at = 0; at < pattern.length; at++) {
      const c = pattern[at] ?? '';
      if (c === '[') {
        const [set, end] = bracket(pattern, at);
        this.#add(set);
        at = end;
      } else if (c === '\\') {
        const next = pattern[++at];
        if (next === undefined) throw new PatternError('Trailing backslash');
        if ('(){}|+?'.includes(next)) {
          if (this.#isExtended) this.#add(literal(next));
          else at = this.#operator(next, at, '\\}');
        } else if (/[1-9]/.test(next)) this.#add(`(?:\\${next})`);
        else this.#add(ESCAPES[next] ?? literal(next));
      } else if (this.#isExtended && '(){}|+?'.includes(c)) at = this.#operator(c, at, '}');
      else at = this.#plain(c, at);
    }
    if (this.#depth > 0) throw new PatternError('Unmatched ( or \\(');
    return this.#out;
  }

  #add(text: string): void {
    this.#out += text;
    this.#isAtom = true;
  }

  #plain(c: string, at: number): number {
    if (c === '*') {
      if (!this.#isAtom) this.#add('\\*');
      else this.#out = `${this.#out.replace(/([*+?}])$/, '$1')}*`.replace(/([*+])\*$/, '*');
    } else if (c === '.') this.#add('.');
    else if (c === '^' && (this.#isExtended || this.#isStart(at))) this.#anchor('^');
    else if (c === '$' && (this.#isExtended || this.#isEnd(at))) this.#anchor('$');
    else this.#add(literal(c));
    return at;
  }

  #anchor(c: string): void {
    this.#out += c;
    this.#isAtom = false;
  }

  #isStart(at: number): boolean {
    return at === 0 || /\\[(|]$/.test(this.#pattern.slice(0, at));
  }

  #isEnd(at: number): boolean {
    return at === this.#pattern.length - 1 || /^\\[)|]/.test(this.#pattern.slice(at + 1));
  }

  /** A group, an alternative or a repetition. @returns where it ends */
  #operator(c: string, at: number, close: string): number {
    if (c === '(' || c === '|') {
      if (c === '(') this.#depth++;
      this.#anchor(c);
    } else if (c === ')') {
      if (this.#depth === 0) {
        if (!this.#isExtended) throw new PatternError('Unmatched ) or \\)');
        this.#add('\\)');
        return at;
      }
      this.#depth--;
      this.#add(')');
    } else if (c === '{') {
      const end = this.#pattern.indexOf(close, at);
      const count = end < 0 ? '' : this.#pattern.slice(at + 1, end);
      if (!/^\d*(,\d*)?$/.test(count) || count === '') {
        if (!this.#isExtended) throw new PatternError('Invalid content of \\{\\}');
        this.#add('\\{');
        return at;
      }
      this.#out += `{${count.startsWith(',') ? '0' : ''}${count}}`;
      return end + close.length - 1;
    } else if (c === '}') this.#add('\\}');
    else if (this.#isAtom)
      this.#out += /[*+?]$/.test(this.#out) && !/\\[*+?]$/.test(this.#out) ? '' : c;
    else this.#add(literal(c));
    return at;
  }
}

/** An expression. @throws {PatternError} */
export function patternOf(pattern: string, dialect: Dialect, flags = ''): RegExp {
  const source = new Reader(pattern, dialect).read();
  try {
    return new RegExp(source, flags);
  } catch {
    throw new PatternError('Invalid regular expression');
  }
}
