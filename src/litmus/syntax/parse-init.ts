/** Parses the initial state of a litmus source: `{ x = 1; int *p = &x; atomic_t 0:r1; int a[2] = { 1, 2 }; }`. */
import type { LocationId, LocationKind } from './ast.js';
import type { Token } from './lexer.js';
import { isTypeWord, skipType } from './parse-expression.js';
import type { TokenStream } from './token-stream.js';

/** No array of a litmus test comes near this size. */
const LARGEST_ARRAY = 256;

/** Where the initial state goes. */
export interface InitialState {
  /** The location `name`, created if there is none. */
  location(name: string, kind: LocationKind): LocationId;
  /** The first element of a new array; undefined if one of its elements is known already. */
  array(name: string, size: number): LocationId | undefined;
  /** Value of a pointer to a location. */
  address(location: LocationId): number;
  setLocation(location: LocationId, value: number): void;
  setRegister(thread: number, name: string, value: number): void;
}

/** What a type says about a location. */
function kindOf(type: string): LocationKind {
  if (/spinlock/.test(type)) return 'lock';
  return /srcu_struct/.test(type) ? 'srcu' : 'data';
}

/** True for `0` and `P0` before a colon: a thread. */
function isThread({ kind, text }: Token, after: Token): boolean {
  return after.text === ':' && (kind === 'number' || /^P\d+$/.test(text));
}

/** Parses from `{` to `}`. */
export class InitialStateParser {
  readonly #stream: TokenStream;
  readonly #state: InitialState;

  constructor(stream: TokenStream, state: InitialState) {
    this.#stream = stream;
    this.#state = state;
  }

  /** Parse all initial values. */
  parse(): void {
    this.#stream.expect('{', 'to open the initial state');
    while (!this.#stream.accept('}')) {
      if (this.#stream.accept(';')) continue;
      this.#item();
      if (!this.#stream.at('}')) this.#stream.expect(';', 'or "}" after an initial value');
    }
  }

  /** A type, if there is one, then a register, a location or an array, then a value, if there is one. */
  #item(): void {
    const type = this.#type();
    const token = this.#stream.peek();
    if (isThread(token, this.#stream.after(token))) {
      this.#register();
      return;
    }
    const bracket = this.#stream.accept('[');
    const name = this.#stream.expectName('the name of a location, or a register such as 0:r1').text;
    if (bracket) this.#stream.expect(']', 'after the location');
    else if (this.#stream.accept('[')) {
      this.#array(name);
      return;
    }
    const location = this.#state.location(name, kindOf(type));
    if (this.#stream.accept('=')) this.#state.setLocation(location, this.#value());
  }

  /** Consume what is written before the name: words, `struct tag`, stars. */
  #type(): string {
    const words: string[] = [];
    for (;;) {
      const token = this.#stream.peek();
      const after = this.#stream.after(token);
      if (token.text !== '*' && !this.#isTypeBefore(token, after)) return words.join(' ');
      words.push(this.#stream.next().text);
    }
  }

  #isTypeBefore(token: Token, after: Token): boolean {
    if (token.kind !== 'name') return false;
    if (after.kind === 'name' || after.text === '*') return true;
    const next = this.#stream.after(after);
    if (after.kind === 'number') return isThread(after, next);
    return after.text === '[' && next.kind === 'name';
  }

  /** `0:r1 = value`. */
  #register(): void {
    const thread = Number(this.#stream.next().text.replace('P', ''));
    this.#stream.expect(':', 'after a thread number');
    const name = this.#stream.expectName('the name of a register').text;
    this.#state.setRegister(thread, name, this.#stream.accept('=') ? this.#value() : 0);
  }

  /** `int a[2] = { 1, 2 }`. */
  #array(name: string): void {
    const token = this.#stream.peek();
    const size = this.#stream.expectInteger('the size of the array');
    const { lexer } = this.#stream;
    if (size < 1 || size > LARGEST_ARRAY) {
      throw lexer.errorAt(token.start, `expected an array size of 1 to ${LARGEST_ARRAY}`);
    }
    this.#stream.expect(']', 'after the size of the array');
    const first = this.#state.array(name, size);
    if (first === undefined) {
      const where = 'once, and before its elements are used';
      throw lexer.errorAt(token.start, `expected the array ${name} to be declared ${where}`);
    }
    if (this.#stream.accept('=')) this.#elements(first, size);
  }

  #elements(first: LocationId, size: number): void {
    this.#stream.expect('{', 'before the elements');
    for (let i = 0; i < size; i++) {
      if (i > 0) this.#stream.expect(',', `: the array has ${size} elements`);
      this.#state.setLocation(first + i, this.#value());
    }
    this.#stream.expect('}', `after ${size} elements`);
  }

  #value(): number {
    const wrapped = this.#stream.accept('ATOMIC_INIT');
    if (wrapped) {
      this.#stream.expect('(', 'after ATOMIC_INIT');
      return this.#closed();
    }
    if (this.#stream.accept('(')) {
      if (!this.#atCast()) return this.#closed();
      skipType(this.#stream);
      this.#stream.expect(')', 'after the type of a cast');
      return this.#value();
    }
    const token = this.#stream.peek();
    if (token.kind === 'number' || token.text === '-') {
      return this.#stream.expectInteger('a number');
    }
    this.#stream.accept('&');
    const name = this.#stream.expectName('a number or the name of a location').text;
    if (name === 'NULL') return 0;
    return this.#state.address(this.#state.location(this.#element(name), 'data'));
  }

  /** `(void *)0` and the like: a type that does not change the value. */
  #atCast(): boolean {
    const token = this.#stream.peek();
    return isTypeWord(token) || (token.kind === 'name' && this.#stream.after(token).text === '*');
  }

  #closed(): number {
    const value = this.#value();
    this.#stream.expect(')', 'after the value');
    return value;
  }

  /** `a` or `a[1]`. */
  #element(name: string): string {
    if (!this.#stream.accept('[')) return name;
    const index = this.#stream.expectInteger('an array index');
    this.#stream.expect(']', 'after the index');
    return `${name}[${index}]`;
  }
}
