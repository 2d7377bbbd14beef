/** Tokens of a litmus source; comments differ inside and outside thread bodies, so the parser asks for one token at a time. */
import { LitmusSyntaxError, type Position } from './syntax-error.js';

/** A token; `end` is the offset after its last character. */
export interface Token extends Position {
  readonly kind: 'name' | 'number' | 'symbol' | 'string' | 'end';
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

/** `code`: thread bodies, where `(*p)` is a dereference. `logic`: everything else, where `(* … *)` is a comment. */
export type LexMode = 'code' | 'logic';

/** `r0--1` is a subtraction. */
const SYMBOL =
  /\/\\|\\\/|=>|<<=|>>=|[-+*/%&|^]=|\+\+|--(?!\s*\d)|<<|>>|==|!=|<>|<=|>=|&&|\|\||[{}()[\];:,=*&|^+\-/%<>!~?.]/y;
/** Symbols that begin no longer one. */
const SINGLE: ReadonlyMap<number, string> = new Map(
  Array.from('(){}[];:,?', (symbol) => [symbol.charCodeAt(0), symbol]),
);
/** With the suffix of a C type, if any. */
const NUMBER = /(?:0[xX][0-9a-fA-F]+|[0-9]+)(?:[uU](?:ll?|LL?)?|(?:ll?|LL?)[uU]?)?(?!\w)|[0-9]+/y;
const [SLASH, PARENTHESIS] = [0x2f, 0x28];
const LINE_COMMENT = /\/\/[^\n]*/y;
/** Where a nested comment begins or ends. */
const COMMENT_EDGE = /\(\*|\*\)/g;
const STRING = /"(?:[^"\\]|\\.)*"/y;

function matchAt(pattern: RegExp, text: string, offset: number): string | null {
  pattern.lastIndex = offset;
  return pattern.test(text) ? text.slice(offset, pattern.lastIndex) : null;
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

/** May a name begin with it? Letters, `_` and `$`. */
function isLetter(code: number): boolean {
  const lower = code | 0x20;
  return (lower >= 0x61 && lower <= 0x7a) || code === 0x5f || code === 0x24;
}

/** Where the name that begins at `start` ends. */
function endOfName(text: string, start: number): number {
  let end = start + 1;
  for (; ; end++) {
    const code = text.charCodeAt(end);
    if (!isLetter(code) && !isDigit(code)) return end;
  }
}

/** The kind of token that a character begins which begins no name, and how it goes on. */
function patternOf(first: number): readonly [Exclude<Token['kind'], 'end'>, RegExp] {
  if (isDigit(first)) return ['number', NUMBER];
  return first === 0x22 ? ['string', STRING] : ['symbol', SYMBOL];
}

/** Reads tokens on demand from one source. */
export class Lexer {
  readonly file: string;
  readonly source: string;
  readonly #lineStarts: number[] = [0];
  /** The line that was asked for last, from 0. */
  #line = 0;
  readonly #tokens = new Map<number, Token>();

  constructor(file: string, source: string) {
    this.file = file;
    this.source = source;
    for (let i = source.indexOf('\n'); i >= 0; i = source.indexOf('\n', i + 1)) {
      this.#lineStarts.push(i + 1);
    }
  }

  /** Line and column of an offset. */
  positionOf(offset: number): Position {
    const line = this.#lineOf(offset);
    return { line: line + 1, column: offset - (this.#lineStarts[line] ?? 0) + 1 };
  }

  /** Tokens are read in order, or nearly: the line is that of the last one or soon after. */
  #lineOf(offset: number): number {
    const starts = this.#lineStarts;
    let line = (starts[this.#line] ?? 0) <= offset ? this.#line : 0;
    while (offset >= (starts[line + 1] ?? Infinity)) line++;
    this.#line = line;
    return line;
  }

  /** An error at an offset. */
  errorAt(offset: number, problem: string): LitmusSyntaxError {
    return new LitmusSyntaxError(this.file, this.positionOf(offset), problem);
  }

  /** The token at or after `offset`. Tokens that the parser looked ahead to are kept. */
  tokenAt(offset: number, mode: LexMode): Token {
    const key = 2 * offset + Number(mode === 'code');
    let token = this.#tokens.get(key);
    if (token === undefined) this.#tokens.set(key, (token = this.#read(offset, mode)));
    return token;
  }

  #read(offset: number, mode: LexMode): Token {
    const start = this.skip(offset, mode);
    if (start >= this.source.length) return this.#token('end', '', start);
    const first = this.source.charCodeAt(start);
    if (isLetter(first)) {
      return this.#token('name', this.source.slice(start, endOfName(this.source, start)), start);
    }
    const single = SINGLE.get(first);
    if (single !== undefined) return this.#token('symbol', single, start);
    const [kind, pattern] = patternOf(first);
    const text = matchAt(pattern, this.source, start);
    if (text !== null) return this.#token(kind, text, start);
    throw this.errorAt(start, `unexpected character ${JSON.stringify(this.source[start])}`);
  }

  #token(kind: Token['kind'], text: string, start: number): Token {
    const { line, column } = this.positionOf(start);
    return { kind, text, start, end: start + text.length, line, column };
  }

  /** Offset of the first character after white space and comments. */
  skip(offset: number, mode: LexMode): number {
    for (;;) {
      const code = this.source.charCodeAt(offset);
      if (code === 32 || (code >= 9 && code <= 13)) offset++;
      else if (code !== SLASH && code !== PARENTHESIS) return offset;
      else {
        const comment = this.#comment(offset, mode);
        if (comment === null) return offset;
        offset += comment.length;
      }
    }
  }

  #comment(offset: number, mode: LexMode): string | null {
    const line = matchAt(LINE_COMMENT, this.source, offset);
    if (line !== null) return line;
    if (this.source.startsWith('/*', offset)) return this.#closed(offset, '*/');
    if (mode === 'logic' && this.source.startsWith('(*', offset)) return this.#nested(offset);
    return null;
  }

  #closed(offset: number, close: string): string {
    const end = this.source.indexOf(close, offset + 2);
    if (end < 0) throw this.errorAt(offset, `this comment is never closed: expected "${close}"`);
    return this.source.slice(offset, end + close.length);
  }

  /** `(* … *)` comments nest. */
  #nested(offset: number): string {
    let depth = 0;
    COMMENT_EDGE.lastIndex = offset;
    for (
      let end = COMMENT_EDGE.exec(this.source);
      end !== null;
      end = COMMENT_EDGE.exec(this.source)
    ) {
      depth += end[0] === '(*' ? 1 : -1;
      if (depth === 0) return this.source.slice(offset, COMMENT_EDGE.lastIndex);
    }
    throw this.errorAt(offset, 'this comment is never closed: expected "*)"');
  }
}
