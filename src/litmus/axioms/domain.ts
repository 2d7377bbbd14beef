/**
 * The values from which a read's value is guessed: everything that some thread may write, including constants of the
 * program that justify themselves.
 */
import type { Expression, LitmusTest, LocationId, Statement } from '../syntax/ast.js';
import { FREE_VALUE } from '../syntax/values.js';
import { longest } from './candidate.js';
import type { Rules } from '../model.js';
import { EV, isOrdinaryWrite, type Trace } from './event.js';
import { flowOf, type Flow } from './flow.js';
import { Provenance } from './provenance.js';
import { instructionsOf } from '../syntax/walk.js';
import type { Places } from './places.js';
import { TraceEnumerator, type FaultyTrace, type ReadDomain } from './trace.js';

/** Values by location. */
export type ValueSets = Map<LocationId, Set<number>>;

type ReadonlyValueSets = ReadonlyMap<LocationId, ReadonlySet<number>>;

/** The values that a thread's traces write, other than to take and release locks. */
function writtenBy(traces: readonly Trace[]): ValueSets {
  return valuesWritten(traces, isOrdinaryWrite);
}

/** The values that a thread's traces write, locks included. */
export function allWrittenBy(traces: readonly Trace[]): ValueSets {
  return valuesWritten(traces, (classes) => (classes & EV.write) !== 0);
}

function valuesWritten(
  traces: readonly Trace[],
  isWanted: (classes: number) => boolean,
): ValueSets {
  const written: ValueSets = new Map<LocationId, Set<number>>();
  for (const { events } of traces) {
    for (const { classes, location, value } of events) {
      if (isWanted(classes)) addValue(written, location, value);
    }
  }
  return written;
}

function addValue(sets: ValueSets, location: LocationId, value: number): void {
  const values = sets.get(location);
  if (values === undefined) sets.set(location, new Set([value]));
  else values.add(value);
}

/** Values that threads other than `thread` write to a location. */
function foreignTo(
  thread: number,
  location: LocationId,
  written: readonly ReadonlyValueSets[],
): readonly number[] {
  const values = new Set<number>();
  written.forEach((sets, t) => {
    if (t !== thread) for (const value of sets.get(location) ?? []) values.add(value);
  });
  return [...values];
}

function sizeOf(written: readonly ValueSets[]): number {
  let size = 0;
  for (const sets of written) for (const values of sets.values()) size += values.size;
  return size;
}

/** Values that a program's own text can put into memory without reading them anywhere. */
function* constants(statements: readonly Statement[]): Generator<number> {
  for (const statement of statements) {
    if (statement.kind === 'if') {
      yield* constantsIn(statement.condition);
      yield* constants(statement.then);
      yield* constants(statement.otherwise);
    } else if (statement.kind === 'assign' || statement.kind === 'store') {
      yield* constantsIn(statement.value);
    } else if (statement.kind === 'cmpxchg') {
      yield* constantsIn(statement.expected);
      yield* constantsIn(statement.replacement);
    } else if (statement.kind === 'add-unless') {
      yield* constantsIn(statement.addend);
      yield* constantsIn(statement.unless);
    } else if (statement.kind === 'rmw') yield* constantsIn(statement.operand);
    else if (statement.kind === 'srcu-unlock') yield* constantsIn(statement.cookie);
  }
}

function* constantsIn(expression: Expression): Generator<number> {
  if (expression.kind === 'constant') yield expression.value;
  if (expression.kind !== 'binary') return;
  yield* constantsIn(expression.left);
  yield* constantsIn(expression.right);
}

/** Can what a thread writes depend on what it reads, by control or by value? */
function isReactive(statements: readonly Statement[]): boolean {
  return statements.some(
    (source) =>
      source.kind === 'if' ||
      ((source.kind === 'store' || source.kind === 'assign') && source.value.kind !== 'constant') ||
      source.kind === 'cmpxchg' ||
      source.kind === 'add-unless' ||
      (source.kind === 'rmw' && source.operand.kind !== 'constant'),
  );
}

/** Instructions that may write what an ordinary read reads. */
const WRITERS: ReadonlySet<string> = new Set([
  'store',
  'rmw',
  'cmpxchg',
  'add-unless',
  'srcu-unlock',
]);

type Foreign = ReadDomain['foreign'];

/** What an enumeration of traces has asked for, and the answers. */
interface Answer {
  readonly location: LocationId;
  readonly reader: Parameters<Foreign>[1];
  readonly writes: number;
  readonly values: readonly number[];
}

interface Enumerated {
  readonly traces: Trace[];
  readonly faults: readonly FaultyTrace[];
  readonly answers: readonly Answer[];
}

function sameValues(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((value, i) => value === b[i]);
}

/** Asks once for each place that reads a location, and remembers what it was told. */
class Answers {
  readonly given: Answer[] = [];
  readonly #foreign: Foreign;

  constructor(foreign: Foreign) {
    this.#foreign = foreign;
  }

  readonly foreign: Foreign = (location, reader, writes) => {
    const known = this.given.find(
      (a) => a.location === location && a.reader === reader && a.writes === writes,
    );
    if (known !== undefined) return known.values;
    const values = this.#foreign(location, reader, writes);
    this.given.push({ location, reader, writes, values });
    return values;
  };
}

/** Finds the traces of all threads. */
class Domains {
  readonly #test: LitmusTest;
  readonly #places: Places;
  readonly #proceed: () => boolean;
  readonly #rules: Rules;
  /** By thread: its last traces, and the answers that they rest on. */
  readonly #known: (Enumerated | undefined)[] = [];
  /** Of the last traces that were asked for. */
  faults: FaultyTrace[] = [];

  constructor(test: LitmusTest, places: Places, proceed: () => boolean, rules: Rules) {
    this.#test = test;
    this.#places = places;
    this.#proceed = proceed;
    this.#rules = rules;
  }

  #enumerate(thread: number, foreign: ReadDomain['foreign']): Trace[] {
    const known = this.#known[thread];
    const stands = known?.answers.every(({ location, reader, writes, values }) =>
      sameValues(values, foreign(location, reader, writes)),
    );
    if (known === undefined || stands !== true) return this.#enumerateAnew(thread, foreign);
    this.faults.push(...known.faults);
    return known.traces;
  }

  #enumerateAnew(thread: number, foreign: ReadDomain['foreign']): Trace[] {
    const answers = new Answers(foreign);
    const domain: ReadDomain = { foreign: answers.foreign, proceed: this.#proceed };
    const enumerator = new TraceEnumerator(this.#test, thread, this.#places, domain, this.#rules);
    const traces = enumerator.enumerate();
    const { faults } = enumerator;
    this.#known[thread] = { traces, faults, answers: answers.given };
    this.faults.push(...faults);
    return traces;
  }

  traces(written: readonly ValueSets[]): Trace[][] {
    this.faults = [];
    return this.#test.threads.map((_, t) =>
      this.#enumerate(t, (location) => foreignTo(t, location, written)),
    );
  }

  /** Run each thread once, after those that its reads depend on. */
  inOrder({ order, fixed, isReactive }: Flow): Trace[][] {
    this.faults = [];
    const written = [...fixed];
    const traces: Trace[][] = this.#test.threads.map(() => []);
    for (const t of order) {
      const found = this.#enumerate(t, (location) => foreignTo(t, location, written));
      traces[t] = found;
      if (isReactive[t] === true) written[t] = writtenBy(found);
    }
    return traces;
  }

  /** Values that come about without circular reasoning. */
  least(): { traces: Trace[][]; written: ValueSets[] } {
    const provenance = new Provenance(this.#test);
    for (let round = 0; ; round++) {
      this.faults = [];
      const traces = this.#test.threads.map((_, t) =>
        this.#enumerate(t, (location, reader, writes) =>
          provenance.foreign(t, location, reader, writes),
        ),
      );
      // A derivation passes through each write at most once, which bounds the rounds.
      const rounds = longest(traces).reduce((sum, n) => sum + n, 1);
      if (!provenance.learn(traces) || round > rounds || !this.#proceed()) {
        return { traces, written: traces.map(writtenBy) };
      }
    }
  }

  /** Locations that a thread may write to: all, unless its addresses are constants. */
  #targets(thread: number): Iterable<LocationId> {
    const targets = new Set<LocationId>();
    for (const instruction of instructionsOf(this.#test.threads[thread]?.body ?? [])) {
      if (!('address' in instruction) || !WRITERS.has(instruction.kind)) continue;
      const { address } = instruction;
      if (address.kind !== 'constant')
        return Array.from({ length: this.#places.size }, (_, l) => l);
      targets.add(this.#places.locationOf(address.value));
    }
    return targets;
  }

  /** The largest set of values over `least` that constants of the program may justify through each other. */
  justified(least: readonly ValueSets[]): ValueSets[] {
    const seeds = new Set(this.#test.threads.flatMap(({ body }) => [...constants(body)]));
    seeds.add(FREE_VALUE);
    let written = least.map((sets, t) => {
      const wide: ValueSets = new Map<LocationId, Set<number>>();
      for (const location of this.#targets(t)) {
        wide.set(location, new Set([...(sets.get(location) ?? []), ...seeds]));
      }
      return wide;
    });
    for (;;) {
      const next = this.traces(written).map((traces, t) => {
        const kept: ValueSets = new Map<LocationId, Set<number>>();
        for (const [location, values] of least[t] ?? []) kept.set(location, new Set(values));
        for (const [location, values] of writtenBy(traces)) {
          const before = written[t]?.get(location);
          for (const value of values) if (before?.has(value)) addValue(kept, location, value);
        }
        return kept;
      });
      if (sizeOf(next) === sizeOf(written)) return next;
      written = next;
    }
  }
}

/** The traces of every thread. */
export interface TraceSets {
  readonly traces: readonly (readonly Trace[])[];
  readonly faults: readonly FaultyTrace[];
}

/** All traces of a test. `proceed` says whether there is time left; without `flow`, all threads are run until nothing is new. */
export function allTraces(
  test: LitmusTest,
  places: Places,
  proceed: () => boolean,
  rules: Rules,
  flow: Flow | null = flowOf(test, rules),
): TraceSets {
  const domains = new Domains(test, places, proceed, rules);
  const once = flow && domains.inOrder(flow);
  // A path that ends early may lack writes that the text promises.
  if (once !== null && domains.faults.length === 0) return { traces: once, faults: [] };
  const { traces, written } = domains.least();
  const plain = { traces, faults: domains.faults };
  if (!test.threads.some(({ body }) => isReactive(body))) return plain;
  const justified = domains.justified(written);
  if (sizeOf(justified) === sizeOf(written)) return plain;
  return { traces: domains.traces(justified), faults: domains.faults };
}
