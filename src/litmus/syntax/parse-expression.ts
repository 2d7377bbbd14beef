/** C expressions of thread bodies, as a tree; lowering to elementary instructions happens in lower.ts. */
import type { BinaryOperator } from './ast.js';
import type { Token } from './lexer.js';
import type { TokenStream } from './token-stream.js';

/** A C expression as written, casts removed. `token` is where messages point. */
export type Node =
  | { readonly kind: 'number'; readonly value: number; readonly token: Token }
  | { readonly kind: 'name'; readonly name: string; readonly token: Token }
  | {
      readonly kind: 'unary';
      readonly operator: '-' | '~' | '!' | '*' | '&';
      readonly operand: Node;
      readonly token: Token;
    }
  | {
      readonly kind: 'binary';
      readonly operator: BinaryOperator;
      readonly left: Node;
      readonly right: Node;
      readonly token: Token;
    }
  | {
      readonly kind: 'conditional';
      readonly condition: Node;
      readonly then: Node;
      readonly otherwise: Node;
      readonly token: Token;
    }
  | { readonly kind: 'sequence'; readonly first: Node; readonly last: Node; readonly token: Token }
  | {
      /** `target = value`, `target operator= value`, `++target`, `target++`. */
      readonly kind: 'assignment';
      readonly target: Node;
      readonly operator: BinaryOperator | null;
      readonly value: Node;
      /** True for `target++`, whose value is the one before. */
      readonly givesOld: boolean;
      readonly token: Token;
    }
  | {
      readonly kind: 'call';
      readonly name: string;
      readonly args: readonly Node[];
      readonly token: Token;
    };

const TYPE_WORDS = new Set(
  (
    'int char long short unsigned signed void bool _Bool volatile const struct union atomic_t ' +
    'atomic_long_t spinlock_t raw_spinlock_t intptr_t uintptr_t size_t ssize_t u8 u16 u32 u64 ' +
    's8 s16 s32 s64 float double'
  ).split(' '),
);

const PRECEDENCE: ReadonlyMap<string, number> = new Map([
  ['||', 1],
  ['&&', 2],
  ['|', 3],
  ['^', 4],
  ['&', 5],
  ['==', 6],
  ['!=', 6],
  ['<', 7],
  ['<=', 7],
  ['>', 7],
  ['>=', 7],
  ['<<', 8],
  ['>>', 8],
  ['+', 9],
  ['-', 9],
  ['*', 10],
  ['/', 10],
  ['%', 10],
]);

/** What a compound assignment does before it stores. */
export const COMPOUND: ReadonlyMap<string, BinaryOperator> = new Map(
  ['+', '-', '*', '/', '%', '&', '|', '^', '<<', '>>'].map((operator) => [
    `${operator}=`,
    operator as BinaryOperator,
  ]),
);

/** Nesting beyond this is refused: no litmus test needs it, and the parser recurses. */
const DEEPEST = 200;

/** True if `token` can only begin a type. */
export function isTypeWord(token: Token): boolean {
  return token.kind === 'name' && (TYPE_WORDS.has(token.text) || token.text.endsWith('_t'));
}

/** Consume a type up to the declared name: words, `struct tag`, stars. */
export function skipType(stream: TokenStream): void {
  let words = 0;
  while (stream.peek().kind === 'name' && (words === 0 || isTypeWord(stream.peek()))) {
    if (stream.next().text === 'struct') stream.expectName('the name of a struct');
    words++;
  }
  if (words === 0) throw stream.unexpected('a type');
  while (stream.at('*') || stream.at('const') || stream.at('volatile')) stream.next();
}

/** Parses expressions from a stream. */
export class ExpressionParser {
  readonly #stream: TokenStream;
  #depth = 0;

  constructor(stream: TokenStream) {
    this.#stream = stream;
  }

  /** An expression as C's grammar has it, commas included. */
  parse(): Node {
    let first = this.assignment();
    while (this.#stream.at(',')) {
      const token = this.#stream.next();
      first = { kind: 'sequence', first, last: this.assignment(), token };
    }
    return first;
  }

  /** An expression without a comma: an argument, or what is assigned. */
  assignment(): Node {
    const target = this.conditional();
    const token = this.#stream.peek();
    const operator = COMPOUND.get(token.text) ?? null;
    if (operator === null && token.text !== '=') return target;
    this.#stream.next();
    const value = this.#nested(() => this.assignment());
    return { kind: 'assignment', target, operator, value, givesOld: false, token };
  }

  /** An expression that assigns nothing outside of parentheses, but for `++` and `--`. */
  conditional(): Node {
    return this.#nested(() => {
      const condition = this.#binary(1);
      if (!this.#stream.at('?')) return condition;
      const token = this.#stream.next();
      const then = this.parse();
      this.#stream.expect(':', 'after what holds if the condition does');
      return { kind: 'conditional', condition, then, otherwise: this.conditional(), token };
    });
  }

  #nested<T>(parse: () => T): T {
    if (++this.#depth > DEEPEST) {
      throw this.#stream.unexpected(`an expression nested less than ${DEEPEST} deep`);
    }
    const result = parse();
    this.#depth--;
    return result;
  }

  #binary(weakest: number): Node {
    let left = this.unary();
    for (;;) {
      const token = this.#stream.peek();
      const precedence = token.kind === 'symbol' ? PRECEDENCE.get(token.text) : undefined;
      if (precedence === undefined || precedence < weakest) return left;
      this.#stream.next();
      const right = this.#nested(() => this.#binary(precedence + 1));
      left = { kind: 'binary', operator: token.text as BinaryOperator, left, right, token };
    }
  }

  /** An operand with its prefix operators and casts. */
  unary(): Node {
    const token = this.#stream.peek();
    if (token.text === '++' || token.text === '--') {
      this.#stream.next();
      return this.#step(
        this.#nested(() => this.unary()),
        token,
        false,
      );
    }
    if (token.kind === 'symbol' && ['-', '~', '!', '*', '&'].includes(token.text)) {
      this.#stream.next();
      const operator = token.text as '-' | '~' | '!' | '*' | '&';
      return { kind: 'unary', operator, operand: this.#nested(() => this.unary()), token };
    }
    if (token.text === '(' && this.#atCast(token)) {
      this.#stream.next();
      skipType(this.#stream);
      this.#stream.expect(')', 'after the type of a cast');
      return this.#nested(() => this.unary());
    }
    return this.#postfix(this.#primary());
  }

  /** `(type)` or `(name *)`; `(short)` with nothing behind it to cast is a register of that name. */
  #atCast(open: Token): boolean {
    const first = this.#stream.after(open);
    if (first.kind !== 'name') return false;
    let token = this.#stream.after(first);
    if (isTypeWord(first)) return token.text !== ')' || this.#isOperand(this.#stream.after(token));
    if (token.text !== '*') return false;
    while (token.text === '*') token = this.#stream.after(token);
    return token.text === ')';
  }

  /** Can a token begin an operand? `(short) - 1` is taken for a cast, as C does. */
  #isOperand({ kind, text }: Token): boolean {
    if (kind === 'name' || kind === 'number') return true;
    return kind === 'symbol' && ['(', '~', '!', '*', '&', '-'].includes(text);
  }

  #primary(): Node {
    const token = this.#stream.peek();
    if (token.kind === 'number') {
      return { kind: 'number', value: this.#stream.integer(this.#stream.next()), token };
    }
    if (this.#stream.accept('(')) {
      const inner = this.parse();
      this.#stream.expect(')', 'to close the parenthesis');
      return inner;
    }
    if (token.kind !== 'name') throw this.#stream.unexpected('an expression');
    this.#stream.next();
    if (token.text === 'NULL') return { kind: 'number', value: 0, token };
    if (this.#stream.at('(')) return { kind: 'call', name: token.text, args: this.args(), token };
    return { kind: 'name', name: token.text, token };
  }

  /** `(a, b, …)` of a call. */
  args(): Node[] {
    this.#stream.expect('(', 'before the arguments');
    const args: Node[] = [];
    if (this.#stream.accept(')')) return args;
    do args.push(this.assignment());
    while (this.#stream.accept(','));
    this.#stream.expect(')', 'or "," after an argument');
    return args;
  }

  /** `++target` or `target++`. */
  #step(target: Node, token: Token, givesOld: boolean): Node {
    const operator = token.text === '++' ? '+' : '-';
    const value: Node = { kind: 'number', value: 1, token };
    return { kind: 'assignment', target, operator, value, givesOld, token };
  }

  #postfix(node: Node): Node {
    while (this.#stream.at('[')) {
      const token = this.#stream.next();
      const index = this.parse();
      this.#stream.expect(']', 'after the index');
      const sum: Node = { kind: 'binary', operator: '+', left: node, right: index, token };
      node = { kind: 'unary', operator: '*', operand: sum, token };
    }
    const token = this.#stream.peek();
    if (token.text !== '++' && token.text !== '--') return node;
    this.#stream.next();
    return this.#step(node, token, true);
  }
}
