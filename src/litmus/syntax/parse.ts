/** Parses a litmus test in the C dialect of the Linux kernel memory model. */
import type { LitmusLocation, LitmusTest, LocationId, LocationKind, Place } from './ast.js';
import { ConditionParser, type ParsedConditions } from './parse-condition.js';
import { InitialStateParser } from './parse-init.js';
import { ThreadParser, type ParsedThread } from './parse-thread.js';
import { formatProposition, observedPlaces } from './proposition.js';
import { TokenStream } from './token-stream.js';
import { addressIn } from './values.js';

interface MutableLocation {
  readonly name: string;
  kind: LocationKind;
  init: number;
  readonly size?: number;
  readonly index?: number;
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
      registers: (thread) => this.#threads[thread]?.lowering.known() ?? [],
      location: (location) => this.#location(location),
      locations: () => [...this.#ids.keys()],
      address: (location) => this.#addressOf(location),
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
    new InitialStateParser(this.#stream, {
      location: (name, kind) => this.#location(name, kind),
      array: (name, size) => this.#array(name, size),
      address: (location) => this.#addressOf(location),
      setLocation: (location, value) => {
        const known = this.#locations[location];
        if (known !== undefined) known.init = value;
      },
      setRegister: (thread, name, value) => {
        const registers = this.#registerInits.get(thread) ?? new Map<string, number>();
        this.#registerInits.set(thread, registers.set(name, value));
      },
    }).parse();
  }

  #addressOf(location: LocationId): number {
    return addressIn(this.#locations, location);
  }

  /** The elements of an array are locations `a[0]`, `a[1]`, one after the other; `a` itself names the first. */
  #array(name: string, size: number): LocationId | undefined {
    const names = Array.from({ length: size }, (_, i) => `${name}[${i}]`);
    if ([name, ...names].some((element) => this.#ids.has(element))) return undefined;
    const first = this.#locations.length;
    names.forEach((element, index) => {
      this.#ids.set(element, first + index);
      const start = index === 0 ? { size } : {};
      this.#locations.push({ name: element, kind: 'data', init: 0, index, ...start });
    });
    this.#ids.set(name, first);
    return first;
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

  /** A register that the condition names. */
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

/** How a test is to be read. */
export interface ParseOptions {
  /** How often a loop may go back where what was read decides; see steps.ts. */
  readonly unroll?: number;
}

/** Parse a litmus test.
 * @param source text of the test
 * @param file name for messages
 * @returns the test
 * @throws LitmusSyntaxError with file, line, column and what was expected */
export function parseLitmus(
  source: string,
  file = 'litmus',
  { unroll }: ParseOptions = {},
): LitmusTest {
  const test = new TestParser(file, source).parse();
  return unroll === undefined ? test : { ...test, unroll };
}
