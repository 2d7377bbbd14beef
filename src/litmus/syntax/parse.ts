/** Parses a litmus test in the C dialect of the Linux kernel memory model. */
import {
  addressOf,
  type LitmusLocation,
  type LitmusTest,
  type LocationId,
  type LocationKind,
  type Place,
} from './ast.js';
import { ConditionParser, type ParsedConditions } from './parse-condition.js';
import { isTypeWord } from './parse-expression.js';
import { ThreadParser, type ParsedThread } from './parse-thread.js';
import { formatProposition, observedPlaces } from './proposition.js';
import { TokenStream } from './token-stream.js';

/** No array of a litmus test comes near this size. */
const LARGEST_ARRAY = 256;

interface MutableLocation {
  readonly name: string;
  kind: LocationKind;
  init: number;
}

class TestParser {
  readonly #stream: TokenStream;
  readonly #locations: MutableLocation[] = [];
  readonly #ids = new Map<string, LocationId>();
  readonly #registerInits = new Map<number, Map<string, number>>();
  readonly #threads: ParsedThread[] = [];

  constructor(file: string, source: string) {
    this.#stream = new TokenStream(file, source);
  }

  parse(): LitmusTest {
    const name = this.#header();
    this.#initialState();
    while (/^P\d+$/.test(this.#stream.peek().text)) this.#thread();
    if (this.#threads.length === 0)
      throw this.#stream.unexpected('a thread such as P0(int *x) {…}');
    const conditions = new ConditionParser(this.#stream, {
      threads: this.#threads.length,
      register: (thread, register) => this.#register(thread, register),
      location: (location) => this.#location(location),
    }).parse();
    return this.#test(name, conditions);
  }

  #test(name: string, conditions: ParsedConditions): LitmusTest {
    const { quantifier, proposition, filter } = conditions;
    const locations: LitmusLocation[] = this.#locations;
    const threads = this.#threads.map(({ registers, body }) => ({ registers, body }));
    const named = { locations, threads };
    return {
      name,
      file: this.#stream.lexer.file,
      locations,
      threads,
      condition: { quantifier, proposition, text: formatProposition(named, proposition) },
      filter,
      observed: observedPlaces(named, conditions.locations, proposition),
    };
  }

  /** `C name`, then anything (documentation, `Key=Value` lines) up to the initial state. */
  #header(): string {
    const arch = this.#stream.expectName('"C" and the name of the test');
    if (arch.text !== 'C') {
      const problem = `this is a test for ${arch.text}: expected a C litmus test ("C name")`;
      throw this.#stream.lexer.errorAt(arch.start, problem);
    }
    const { source } = this.#stream.lexer;
    const lineEnd = source.indexOf('\n', arch.end);
    const line = source.slice(arch.end, lineEnd < 0 ? source.length : lineEnd);
    const name = /^[ \t]*([^\s{(]\S*)/.exec(line)?.[1];
    if (name === undefined) throw this.#stream.unexpected('the name of the test after "C"');
    let offset = arch.end + line.indexOf(name) + name.length;
    for (;;) {
      offset = this.#stream.lexer.skip(offset, 'logic');
      if (offset >= source.length || source[offset] === '{') break;
      const quoted = /"(?:[^"\\]|\\.)*"/y;
      quoted.lastIndex = offset;
      offset += quoted.exec(source)?.[0].length ?? 1;
    }
    this.#stream.seek(offset, 'logic');
    return name;
  }

  #initialState(): void {
    this.#stream.expect('{', 'to open the initial state');
    while (!this.#stream.accept('}')) {
      if (this.#stream.accept(';')) continue;
      this.#initialValue();
      if (!this.#stream.at('}')) this.#stream.expect(';', 'or "}" after an initial value');
    }
  }

  #initialValue(): void {
    const first = this.#stream.peek();
    if (first.kind === 'number' || /^P\d+$/.test(first.text)) {
      this.#registerInit();
      return;
    }
    const type = this.#initType();
    while (this.#stream.accept('*'));
    const bracket = this.#stream.accept('[');
    const name = this.#stream.expectName('the name of a location').text;
    if (bracket) this.#stream.expect(']', 'after the location');
    const kind = /spinlock/.test(type) ? 'lock' : /srcu_struct/.test(type) ? 'srcu' : 'data';
    if (!bracket && this.#stream.accept('[')) {
      this.#array(name);
      return;
    }
    const location = this.#locations[this.#location(name, kind)];
    if (this.#stream.accept('=') && location !== undefined) location.init = this.#initValue();
  }

  /** Consume a type if one is written before the name. */
  #initType(): string {
    const words: string[] = [];
    for (;;) {
      const token = this.#stream.peek();
      if (token.kind !== 'name') return words.join(' ');
      const after = this.#stream.after(token);
      const typeBefore = isTypeWord(token) || after.kind === 'name' || after.text === '*';
      if (!typeBefore) return words.join(' ');
      words.push(this.#stream.next().text);
    }
  }

  /** `0:r1=value`. */
  #registerInit(): void {
    const thread = Number(this.#stream.next().text.replace('P', ''));
    this.#stream.expect(':', 'after a thread number');
    const name = this.#stream.expectName('the name of a register').text;
    this.#stream.expect('=', 'after the register');
    const registers = this.#registerInits.get(thread) ?? new Map<string, number>();
    this.#registerInits.set(thread, registers.set(name, this.#initValue()));
  }

  /** `int a[2] = { 1, 2 }`: the elements are locations `a[0]`, `a[1]`; `a` itself names the first. */
  #array(name: string): void {
    const token = this.#stream.peek();
    const size = this.#stream.expectInteger('the size of the array');
    if (size < 1 || size > LARGEST_ARRAY) {
      throw this.#stream.lexer.errorAt(
        token.start,
        `expected an array size of 1 to ${LARGEST_ARRAY}`,
      );
    }
    this.#stream.expect(']', 'after the size of the array');
    for (let i = 0; i < size; i++) {
      const id = this.#location(`${name}[${i}]`);
      if (i === 0) this.#ids.set(name, id);
    }
    if (this.#stream.accept('=')) this.#elements(this.#location(name), size);
  }

  #elements(first: LocationId, size: number): void {
    this.#stream.expect('{', 'before the elements');
    for (let i = 0; i < size; i++) {
      if (i > 0) this.#stream.expect(',', `: the array has ${size} elements`);
      const location = this.#locations[first + i];
      if (location !== undefined) location.init = this.#initValue();
    }
    this.#stream.expect('}', `after ${size} elements`);
  }

  #initValue(): number {
    if (this.#stream.accept('ATOMIC_INIT')) {
      this.#stream.expect('(', 'after ATOMIC_INIT');
      const value = this.#initValue();
      this.#stream.expect(')', 'after the value');
      return value;
    }
    if (this.#stream.accept('(')) {
      const value = this.#initValue();
      this.#stream.expect(')', 'after the value');
      return value;
    }
    const token = this.#stream.peek();
    if (token.kind === 'number' || token.text === '-') {
      return this.#stream.expectInteger('a number');
    }
    this.#stream.accept('&');
    const name = this.#stream.expectName('a number or the name of a location').text;
    return name === 'NULL' ? 0 : addressOf(this.#location(name));
  }

  #thread(): void {
    const token = this.#stream.next();
    const index = this.#threads.length;
    if (token.text !== `P${index}`) {
      throw this.#stream.lexer.errorAt(token.start, `expected P${index}, found ${token.text}`);
    }
    const inits = this.#registerInits.get(index) ?? new Map<string, number>();
    const locations = (name: string, kind: LocationKind): LocationId => this.#location(name, kind);
    this.#threads.push(new ThreadParser(this.#stream, index, inits, locations).parse());
  }

  /** A register that the condition names; one that no statement sets stays 0. */
  #register(thread: number, name: string): Place {
    const register = this.#threads[thread]?.lowering.register(name) ?? 0;
    return { kind: 'register', thread, register };
  }

  #location(name: string, kind: LocationKind = 'data'): LocationId {
    const known = this.#ids.get(name);
    if (known === undefined) {
      this.#ids.set(name, this.#locations.length);
      return this.#locations.push({ name, kind, init: 0 }) - 1;
    }
    const location = this.#locations[known];
    if (location !== undefined && kind !== 'data') location.kind = kind;
    return known;
  }
}

/** Parse a litmus test.
 * @param source text of the test
 * @param file name for messages
 * @returns the test
 * @throws LitmusSyntaxError with file, line, column and what was expected */
export function parseLitmus(source: string, file = 'litmus'): LitmusTest {
  return new TestParser(file, source).parse();
}
