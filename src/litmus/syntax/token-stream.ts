/** What every part of the front end shares: one token of lookahead, expectations, and the current comment mode. */
import { Lexer, type LexMode, type Token } from './lexer.js';
import type { LitmusSyntaxError } from './syntax-error.js';
import { INTEGER_LIMIT } from './values.js';

function describe(token: Token): string {
  return token.kind === 'end' ? 'the end of the file' : JSON.stringify(token.text);
}

/** Reads one litmus source token by token. */
export class TokenStream {
  readonly lexer: Lexer;
  #offset = 0;
  #mode: LexMode = 'logic';
  #peeked: Token | null = null;

  constructor(file: string, source: string) {
    this.lexer = new Lexer(file, source);
  }

  /** Offset of the first character not yet consumed. */
  get offset(): number {
    return this.#offset;
  }

  /** Continue at `offset`, reading comments as `mode` says. */
  seek(offset: number, mode: LexMode = this.#mode): void {
    this.#offset = offset;
    this.#mode = mode;
    this.#peeked = null;
  }

  /** The next token, not consumed. */
  peek(): Token {
    this.#peeked ??= this.lexer.tokenAt(this.#offset, this.#mode);
    return this.#peeked;
  }

  /** The token after `token`, not consumed. */
  after(token: Token): Token {
    return this.lexer.tokenAt(token.end, this.#mode);
  }

  /** Consume and return the next token. */
  next(): Token {
    const token = this.peek();
    this.#offset = token.end;
    this.#peeked = null;
    return token;
  }

  /** True if the next token is the symbol or name `text`. */
  at(text: string): boolean {
    const token = this.peek();
    return token.text === text && (token.kind === 'symbol' || token.kind === 'name');
  }

  /** Consume the next token if it is `text`. */
  accept(text: string): boolean {
    if (!this.at(text)) return false;
    this.next();
    return true;
  }

  /** Consume `text`, or throw naming it and `context`. */
  expect(text: string, context: string): Token {
    if (!this.at(text)) throw this.unexpected(`"${text}" ${context}`);
    return this.next();
  }

  /** Consume a name, or throw naming `what`. */
  expectName(what: string): Token {
    if (this.peek().kind !== 'name') throw this.unexpected(what);
    return this.next();
  }

  /** Consume an integer with an optional sign, or throw naming `what`. */
  expectInteger(what: string): number {
    const negative = this.accept('-');
    if (this.peek().kind !== 'number') throw this.unexpected(what);
    return (negative ? -1 : 1) * this.integer(this.next());
  }

  /** Value of a number token; refuses what a double cannot hold exactly. */
  integer(token: Token): number {
    const value = Number(token.text.replace(/[uUlL]+$/, ''));
    if (!(value < INTEGER_LIMIT)) {
      throw this.lexer.errorAt(token.start, `${token.text} is out of range: expected below 2^50`);
    }
    return value;
  }

  /** An error at the next token: what was found, what was expected. */
  unexpected(expected: string): LitmusSyntaxError {
    const token = this.peek();
    return this.lexer.errorAt(token.start, `expected ${expected}, found ${describe(token)}`);
  }
}
