/** Parses the part of the cat language that the kernel's memory model is written in. */

/** An expression of a model. */
export type CatExpression =
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'tag' | 'empty' }
  | { readonly kind: 'set'; readonly items: readonly CatExpression[] }
  | {
      readonly kind: 'unary';
      readonly operator: '~' | '[]' | '+' | '*' | '?' | '^-1';
      readonly operand: CatExpression;
    }
  | {
      readonly kind: 'binary';
      readonly operator: '|' | '++' | ';' | '\\' | '&' | '*';
      readonly left: CatExpression;
      readonly right: CatExpression;
    }
  | {
      readonly kind: 'apply';
      readonly callee: CatExpression;
      readonly args: readonly CatExpression[];
    }
  | { readonly kind: 'try'; readonly first: CatExpression; readonly second: CatExpression }
  | {
      readonly kind: 'let';
      readonly isRecursive: boolean;
      readonly bindings: readonly CatBinding[];
      readonly body: CatExpression;
    };

/** `name parameters = value`. */
export interface CatBinding {
  readonly name: string;
  readonly parameters: readonly string[];
  readonly value: CatExpression;
}

/** A statement of a model. */
export type CatStatement =
  | {
      readonly kind: 'let';
      readonly isRecursive: boolean;
      readonly bindings: readonly CatBinding[];
    }
  | {
      readonly kind: 'check';
      readonly isFlag: boolean;
      readonly isNegated: boolean;
      readonly test: 'empty' | 'acyclic' | 'irreflexive';
      readonly value: CatExpression;
      readonly name: string;
    }
  | { readonly kind: 'include'; readonly file: string }
  | { readonly kind: 'with'; readonly name: string; readonly from: CatExpression };

const TOKEN =
  /\s+|\(\*|\/\/[^\n]*|"[^"]*"|\^-1|\+\+|\|\||[A-Za-z_][A-Za-z0-9_.-]*|'[A-Za-z0-9_.-]+|0|[()[\]{},;|&\\+*?~=]/y;

const KEYWORDS = new Set(
  'let rec and in flag empty acyclic irreflexive as include with from show try enum instructions'.split(
    ' ',
  ),
);

function tokensOf(text: string): string[] {
  const tokens: string[] = [];
  let at = 0;
  while (at < text.length) {
    TOKEN.lastIndex = at;
    const token = TOKEN.exec(text)?.[0];
    if (token === undefined) throw new Error(`cat: unexpected ${text.slice(at, at + 20)}`);
    at += token.length;
    if (token === '(*') at = endOfComment(text, at);
    else if (token.trim() !== '' && !token.startsWith('//')) tokens.push(token);
  }
  return tokens;
}

function endOfComment(text: string, from: number): number {
  for (let at = from, depth = 1; at < text.length; at++) {
    if (text.startsWith('(*', at)) depth++;
    else if (text.startsWith('*)', at)) depth--;
    else continue;
    at++;
    if (depth === 0) return at + 1;
  }
  throw new Error('cat: a comment is never closed');
}

class CatParser {
  readonly #tokens: readonly string[];
  #at = 0;

  constructor(text: string) {
    this.#tokens = tokensOf(text);
  }

  parse(): CatStatement[] {
    const statements: CatStatement[] = [];
    while (this.#peek() !== '') {
      const statement = this.#statement();
      if (statement !== null) statements.push(statement);
    }
    return statements;
  }

  #peek(): string {
    return this.#tokens[this.#at] ?? '';
  }

  #next(): string {
    return this.#tokens[this.#at++] ?? '';
  }

  #accept(token: string): boolean {
    if (this.#peek() !== token) return false;
    this.#at++;
    return true;
  }

  #expect(token: string): void {
    const found = this.#next();
    if (found !== token) throw new Error(`cat: expected ${token}, found ${found}`);
  }

  #statement(): CatStatement | null {
    const token = this.#next();
    if (token.startsWith('"')) return null;
    switch (token) {
      case 'let':
        return { kind: 'let', ...this.#bindings() };
      case 'include':
        return { kind: 'include', file: this.#next().slice(1, -1) };
      case 'with': {
        const name = this.#next();
        this.#expect('from');
        return { kind: 'with', name, from: this.#union() };
      }
      case 'show':
      case 'enum':
      case 'instructions':
        this.#skip();
        return null;
      default:
        this.#at--;
        return this.#check();
    }
  }

  /** Declarations and what is only drawn: up to the next statement. */
  #skip(): void {
    const starts = 'let flag empty acyclic irreflexive include with show enum instructions';
    const isStart = new Set(starts.split(' '));
    while (this.#peek() !== '' && !isStart.has(this.#peek())) this.#at++;
  }

  #check(): CatStatement {
    const isFlag = this.#accept('flag');
    const isNegated = this.#accept('~');
    const test = this.#next();
    if (test !== 'empty' && test !== 'acyclic' && test !== 'irreflexive') {
      throw new Error(`cat: expected a statement, found ${test}`);
    }
    const value = this.#union();
    const name = this.#accept('as') ? this.#next() : test;
    return { kind: 'check', isFlag, isNegated, test, value, name };
  }

  #bindings(): { isRecursive: boolean; bindings: CatBinding[] } {
    const isRecursive = this.#accept('rec');
    const bindings: CatBinding[] = [];
    do {
      const name = this.#next();
      const parameters: string[] = [];
      while (!this.#accept('=')) {
        const token = this.#next();
        if (!'(),'.includes(token)) parameters.push(token);
      }
      bindings.push({ name, parameters, value: this.#expression() });
    } while (this.#accept('and'));
    return { isRecursive, bindings };
  }

  #expression(): CatExpression {
    if (this.#accept('let')) {
      const bindings = this.#bindings();
      this.#expect('in');
      return { kind: 'let', ...bindings, body: this.#expression() };
    }
    if (this.#accept('try')) {
      const first = this.#union();
      this.#expect('with');
      return { kind: 'try', first, second: this.#union() };
    }
    return this.#union();
  }

  #chain(
    operator: '|' | '++' | ';' | '\\' | '&' | '*',
    operand: () => CatExpression,
  ): CatExpression {
    let left = operand();
    while (this.#accept(operator)) left = { kind: 'binary', operator, left, right: operand() };
    return left;
  }

  #union(): CatExpression {
    return this.#chain('|', () => this.#chain('++', () => this.#sequence()));
  }

  #sequence(): CatExpression {
    return this.#chain(';', () => this.#chain('\\', () => this.#chain('&', () => this.#product())));
  }

  #product(): CatExpression {
    return this.#chain('*', () => this.#unary());
  }

  #unary(): CatExpression {
    if (this.#accept('~')) return { kind: 'unary', operator: '~', operand: this.#unary() };
    let operand = this.#application();
    for (;;) {
      const token = this.#peek();
      const isProduct = token === '*' && this.#startsOperand(this.#tokens[this.#at + 1] ?? '');
      if (isProduct || !['+', '*', '?', '^-1'].includes(token)) return operand;
      this.#at++;
      operand = { kind: 'unary', operator: token as '+' | '*' | '?' | '^-1', operand };
    }
  }

  #startsOperand(token: string): boolean {
    return /^[A-Za-z_({[]/.test(token) && !KEYWORDS.has(token);
  }

  #application(): CatExpression {
    const callee = this.#simple();
    const args: CatExpression[] = [];
    if (callee.kind !== 'name') return callee;
    while (this.#startsOperand(this.#peek()) && this.#peek() !== '[') args.push(this.#simple());
    return args.length === 0 ? callee : { kind: 'apply', callee, args };
  }

  #simple(): CatExpression {
    const token = this.#next();
    if (token === '(') {
      const inner = this.#expression();
      this.#expect(')');
      return inner;
    }
    if (token === '[') {
      const operand = this.#expression();
      this.#expect(']');
      return { kind: 'unary', operator: '[]', operand };
    }
    if (token === '{') {
      const items: CatExpression[] = [];
      while (!this.#accept('}')) {
        items.push(this.#expression());
        this.#accept(',');
      }
      return { kind: 'set', items };
    }
    if (token === '0' || token === 'emptyset') return { kind: 'empty' };
    if (!/^[A-Za-z_]/.test(token) || KEYWORDS.has(token)) {
      throw new Error(`cat: expected an expression, found ${token}`);
    }
    return { kind: 'name', name: token };
  }
}

/** The statements of a cat or bell file. */
export function parseCat(text: string): CatStatement[] {
  return new CatParser(text).parse();
}
