/** Parses `locations`, `filter` and the final condition of a litmus source. */
import type { Condition, LocationId, Place, Proposition } from './ast.js';
import type { Token } from './lexer.js';
import { nearestTo } from '../../explorer/build/nearest.js';
import type { LitmusSyntaxError } from './syntax-error.js';
import type { TokenStream } from './token-stream.js';

/** What the end of a litmus source says. */
export interface ParsedConditions {
  readonly locations: readonly Place[];
  readonly filter: Proposition | null;
  readonly quantifier: Condition['quantifier'];
  readonly proposition: Proposition;
}

/** Resolves the names that conditions use. */
export interface Names {
  readonly threads: number;
  register(thread: number, name: string): Place;
  /** Registers of a thread: what it declares, is given, or uses. */
  registers(thread: number): readonly string[];
  /** Location `name`. */
  location(name: string): LocationId;
  /** Locations that the initial state or a thread names. */
  locations(): readonly string[];
  /** Value of a pointer to a location. */
  address(location: LocationId): number;
}

const DEEPEST = 200;

/** Parses everything after the last thread. */
export class ConditionParser {
  readonly #stream: TokenStream;
  readonly #names: Names;
  #depth = 0;

  constructor(stream: TokenStream, names: Names) {
    this.#stream = stream;
    this.#names = names;
  }

  /** Parse up to the end of the file. */
  parse(): ParsedConditions {
    const locations = this.#stream.accept('locations') ? this.#locations() : [];
    const filter = this.#stream.accept('filter') ? this.#implication() : null;
    const quantifier = this.#quantifier();
    const proposition = quantifier === null ? ({ kind: 'true' } as const) : this.#implication();
    this.#stream.accept(';');
    if (this.#stream.peek().kind !== 'end') {
      throw this.#stream.unexpected('"/\\", "\\/" or the end of the file after the condition');
    }
    return { locations, filter, quantifier: quantifier ?? 'forall', proposition };
  }

  #quantifier(): Condition['quantifier'] | null {
    if (this.#stream.peek().kind === 'end') return null;
    if (this.#stream.accept('exists') || this.#stream.accept('final')) return 'exists';
    if (this.#stream.accept('forall')) return 'forall';
    if (this.#stream.accept('~') || this.#stream.accept('not')) {
      this.#stream.expect('exists', 'after "~"');
      return 'not-exists';
    }
    if (this.#stream.at('(')) return 'exists';
    throw this.#stream.unexpected('locations, filter, exists, ~exists or forall');
  }

  #locations(): Place[] {
    const places: Place[] = [];
    this.#stream.expect('[', 'after locations');
    while (!this.#stream.accept(']')) {
      places.push(this.#place());
      this.#skipAnnotation();
      if (!this.#stream.at(']')) this.#stream.expect(';', 'or "]" after a location');
    }
    return places;
  }

  /** `locations [x int*; …]`: a type that only changes how a value is printed. */
  #skipAnnotation(): void {
    while (this.#stream.at('*') || this.#stream.peek().kind === 'name') this.#stream.next();
  }

  #implication(): Proposition {
    const left = this.#disjunction();
    if (!this.#stream.accept('=>')) return left;
    return { kind: 'implies', left, right: this.#nested(() => this.#implication()) };
  }

  #disjunction(): Proposition {
    let left = this.#conjunction();
    while (this.#stream.accept('\\/')) left = { kind: 'or', left, right: this.#conjunction() };
    return left;
  }

  #conjunction(): Proposition {
    let left = this.#atom();
    while (this.#stream.accept('/\\')) left = { kind: 'and', left, right: this.#atom() };
    return left;
  }

  #nested(parse: () => Proposition): Proposition {
    if (++this.#depth > DEEPEST) {
      throw this.#stream.unexpected(`a condition nested less than ${DEEPEST} deep`);
    }
    const result = parse();
    this.#depth--;
    return result;
  }

  #atom(): Proposition {
    if (this.#stream.accept('~') || this.#stream.accept('not')) {
      return { kind: 'not', operand: this.#nested(() => this.#atom()) };
    }
    if (this.#stream.accept('(')) {
      const inner = this.#nested(() => this.#implication());
      this.#stream.expect(')', 'or "/\\" or "\\/" in the condition');
      return inner;
    }
    if (this.#stream.accept('true')) return { kind: 'true' };
    if (this.#stream.accept('false')) return { kind: 'false' };
    return this.#comparison();
  }

  #comparison(): Proposition {
    const left = this.#place();
    if (this.#stream.accept('=') || this.#stream.accept('==')) {
      return { kind: 'equal', left, right: this.#right() };
    }
    if (this.#stream.accept('!=') || this.#stream.accept('<>')) {
      return { kind: 'not', operand: { kind: 'equal', left, right: this.#right() } };
    }
    throw this.#stream.unexpected('"=" or "!=" after a register or location');
  }

  /** `0:r1`, `P0:r1`, `x`, `[x]`, `*x` or `a[2]`. */
  #place(): Place {
    this.#stream.accept('*');
    const token = this.#stream.peek();
    if (token.kind === 'number' || /^P\d+$/.test(token.text)) {
      if (this.#stream.after(token).text === ':') return this.#register(token);
    }
    const bracket = this.#stream.accept('[');
    const name = this.#stream.expectName('a location or a register such as 0:r1');
    if (bracket) this.#stream.expect(']', 'after the location');
    return { kind: 'location', location: this.#element(name) };
  }

  #element(name: Token): LocationId {
    if (!this.#stream.accept('[')) return this.#location(name, name.text);
    const index = this.#stream.expectInteger('an array index');
    this.#stream.expect(']', 'after the index');
    return this.#location(name, `${name.text}[${index}]`);
  }

  #location(token: Token, name: string): LocationId {
    const known = this.#names.locations();
    if (!known.includes(name)) throw this.#unknown(token, `no variable ${name}`, name, known);
    return this.#names.location(name);
  }

  /** A name that nothing else in the test has is probably misspelt; taken as a register, it would be 0. */
  #unknown(
    token: Token,
    problem: string,
    name: string,
    known: readonly string[],
  ): LitmusSyntaxError {
    const nearest = nearestTo(name, known).join(', ');
    const hint = nearest === '' ? '' : `; the nearest: ${nearest}`;
    return this.#stream.lexer.errorAt(token.start, `there is ${problem}${hint}`);
  }

  #register(token: Token): Place {
    this.#stream.next();
    this.#stream.next();
    const thread = Number(token.text.replace('P', ''));
    if (thread >= this.#names.threads) {
      const range = `expected 0 to ${this.#names.threads - 1}`;
      throw this.#stream.lexer.errorAt(token.start, `there is no thread ${thread}: ${range}`);
    }
    const name = this.#stream.expectName('the name of a register');
    const known = this.#names.registers(thread);
    if (!known.includes(name.text)) {
      throw this.#unknown(name, `no register ${name.text} in P${thread}`, name.text, known);
    }
    return this.#names.register(thread, name.text);
  }

  #right(): Place | number {
    const token = this.#stream.peek();
    const colon = this.#stream.after(token).text === ':';
    if ((token.kind === 'number' || token.text === '-') && !colon) {
      return this.#stream.expectInteger('a number');
    }
    if (this.#stream.accept('&')) return this.#address();
    if (token.kind === 'name' && !colon) return this.#address();
    return this.#place();
  }

  #address(): number {
    return this.#names.address(this.#element(this.#stream.expectName('the name of a location')));
  }
}
