/** Enumerates the candidate executions of a test thread by thread, each once, and keeps those that the axioms allow. */
import type { LitmusTest, LocationId } from './ast.js';
import { Axioms, type Axiom } from './axioms.js';
import { Candidate, longest, offsetsOf, PENDING } from './candidate.js';
import { EV, type Trace } from './event.js';
import { PlacementFinder, type Placement, type PlacementContext } from './placement.js';
import { ThreadRelations } from './thread-relations.js';
import { TraceEnumerator } from './trace.js';

/** What the caller of a search sees. */
export interface SearchListener {
  /** A complete candidate that is allowed; `axioms` holds its relations. The candidate changes after the call. */
  allowed(candidate: Candidate, axioms: Axioms): void;
  /** A complete candidate that breaks `axiom`; if present, forbidden prefixes are completed too. */
  forbidden?(candidate: Candidate, axioms: Axioms, axiom: Axiom): void;
  /** False ends the search. */
  proceed(): boolean;
}

/** Values by location. */
type ValueSets = Map<LocationId, Set<number>>;

function writtenBy(traces: readonly Trace[]): ValueSets {
  const written: ValueSets = new Map<LocationId, Set<number>>();
  for (const { events } of traces) {
    for (const { classes, location, value } of events) {
      if ((classes & EV.write) === 0) continue;
      const values = written.get(location) ?? new Set<number>();
      written.set(location, values.add(value));
    }
  }
  return written;
}

/** Union of the values that all threads but `thread` write. */
function foreignValues(written: readonly ValueSets[], thread: number): ValueSets {
  const foreign: ValueSets = new Map<LocationId, Set<number>>();
  written.forEach((sets, t) => {
    if (t === thread) return;
    for (const [location, values] of sets) {
      foreign.set(location, new Set([...(foreign.get(location) ?? []), ...values]));
    }
  });
  return foreign;
}

function sameValues(a: ValueSets, b: ValueSets): boolean {
  let [sizeA, sizeB] = [0, 0];
  for (const values of a.values()) sizeA += values.size;
  for (const values of b.values()) sizeB += values.size;
  return sizeA === sizeB;
}

/** Traces of every thread, once the values that threads may read from each other no longer grow.
 * A value that is not self-justified reaches a read through each write at most once, which bounds the rounds. */
export function allTraces(test: LitmusTest, proceed: () => boolean): Trace[][] {
  let written: ValueSets[] = test.threads.map(() => new Map<LocationId, Set<number>>());
  let traces: Trace[][] = [];
  for (let round = 0, rounds = 1; round <= rounds; round++) {
    traces = test.threads.map((_, t) => {
      const foreign = foreignValues(written, t);
      const domain = { foreign: (l: LocationId) => [...(foreign.get(l) ?? [])], proceed };
      return new TraceEnumerator(test, t, domain).enumerate();
    });
    const next = traces.map(writtenBy);
    if (next.every((sets, t) => sameValues(sets, written[t] ?? new Map<LocationId, Set<number>>())))
      break;
    written = next;
    rounds = longest(traces).reduce((sum, n) => sum + n, 1);
  }
  return traces;
}

/** One search over one test. */
export class Search {
  readonly #test: LitmusTest;
  readonly #listener: SearchListener;
  readonly #traces: Trace[][];
  readonly #relations: (ThreadRelations | undefined)[][];
  /** Values that threads after `t` may write. */
  readonly #later: ValueSets[];
  readonly #candidate: Candidate;
  readonly #axioms: Axioms;
  /** Complete candidates met. */
  candidates = 0;

  constructor(test: LitmusTest, listener: SearchListener) {
    this.#test = test;
    this.#listener = listener;
    this.#traces = allTraces(test, () => listener.proceed());
    this.#relations = this.#traces.map((traces) => traces.map(() => undefined));
    const written = this.#traces.map(writtenBy);
    this.#later = test.threads.map((_, t) => foreignValues(written.slice(t + 1), -1));
    this.#candidate = new Candidate(offsetsOf(longest(this.#traces)), test.locations.length);
    this.#axioms = new Axioms(this.#candidate);
  }

  /** Run to the end, or until the listener stops it. */
  run(): void {
    this.#thread(0, null);
  }

  #thread(t: number, broken: Axiom | null): void {
    if (t === this.#test.threads.length) {
      this.candidates++;
      if (broken === null) this.#listener.allowed(this.#candidate, this.#axioms);
      else this.#listener.forbidden?.(this.#candidate, this.#axioms, broken);
      return;
    }
    const traces = this.#traces[t] ?? [];
    for (let i = 0; i < traces.length && this.#listener.proceed(); i++) this.#trace(t, i, broken);
  }

  #trace(t: number, i: number, broken: Axiom | null): void {
    const relations = this.#relationsOf(t, i);
    if (relations === undefined) return;
    this.#candidate.push(relations);
    const locations = new Set<LocationId>();
    for (const { classes, location } of relations.trace.events) {
      if ((classes & (EV.read | EV.write)) !== 0) locations.add(location);
    }
    const later = this.#later[t];
    const context: PlacementContext = {
      candidate: this.#candidate,
      initial: (location) => this.#test.locations[location]?.init ?? 0,
      mayComeLater: (location, value) => later?.get(location)?.has(value) ?? false,
    };
    if (!this.#othersMayWait(locations, context)) {
      this.#candidate.pop();
      return;
    }
    const choices: (readonly Placement[])[] = [];
    for (const location of locations) {
      const placements = new PlacementFinder(context, location).find();
      if (placements.length === 0) {
        this.#candidate.pop();
        return;
      }
      choices.push(placements);
    }
    this.#place(t, choices, 0, broken);
    this.#candidate.pop();
  }

  /** May the pending reads of locations that the last thread does not touch still find their writes? */
  #othersMayWait(touched: ReadonlySet<LocationId>, context: PlacementContext): boolean {
    const { candidate } = context;
    for (const e of candidate.placed()) {
      if (!candidate.is(e, EV.read) || candidate.sourceOf(e) !== PENDING) continue;
      const { location, value, classes } = candidate.event(e);
      if (touched.has(location) || (classes & EV.lockRead) !== 0) continue;
      if (!context.mayComeLater(location, value)) return false;
    }
    return true;
  }

  #relationsOf(t: number, i: number): ThreadRelations | undefined {
    const cache = this.#relations[t];
    const trace = this.#traces[t]?.[i];
    if (cache === undefined || trace === undefined) return undefined;
    const offset = this.#candidate.offsets[t] ?? 0;
    return (cache[i] ??= new ThreadRelations(trace, offset, this.#candidate.size));
  }

  /** Try every combination of placements of the locations from `index` on. */
  #place(
    t: number,
    choices: readonly (readonly Placement[])[],
    index: number,
    broken: Axiom | null,
  ): void {
    const placements = choices[index];
    if (placements === undefined) {
      const now = this.#axioms.check(this.#candidate) ?? broken;
      if (now === null || this.#listener.forbidden !== undefined) this.#thread(t + 1, now);
      return;
    }
    const { co, rf } = this.#candidate;
    for (const placement of placements) {
      if (!this.#listener.proceed()) return;
      const saved = co[placement.location] ?? [];
      co[placement.location] = placement.co;
      placement.reads.forEach((read, i) => (rf[read] = placement.sources[i] ?? PENDING));
      this.#place(t, choices, index + 1, broken);
      co[placement.location] = saved;
      for (const read of placement.reads) rf[read] = PENDING;
    }
  }
}
