/** Enumerates the candidate executions of a test thread by thread, each once, and keeps those that the axioms allow. */
import type { LitmusTest, LocationId } from '../syntax/ast.js';
import { Axioms, type Axiom } from './axioms.js';
import { Candidate, longest, offsetsOf, PENDING } from './candidate.js';
import { allTraces, allWrittenBy, type TraceSets, type ValueSets } from './domain.js';
import { modelOf, type MemoryModel, type Rules } from '../model.js';
import { EV, isOrdinaryWrite } from './event.js';
import { LockOrder } from './lock-order.js';
import { emptyPlacement, PlacementFinder, type PlacementNode } from './placement.js';
import { PlacedTrace } from './placed-trace.js';
import { isSolvable, mayGoRound } from './solvable.js';
import { SequentialOrder } from './sequential.js';
import { Places } from './places.js';
import { isCut, refuseFaults } from './refusal.js';

/** What the caller of a search sees. */
export interface SearchListener {
  /** A complete candidate that is allowed; {@link Axioms.relate} gives its relations. The candidate changes after the call. */
  allowed(candidate: Candidate, axioms: Axioms): void;
  /** A complete candidate that breaks `axiom`; if present, forbidden prefixes are completed too. */
  forbidden?(candidate: Candidate, axioms: Axioms, axiom: Axiom): void;
  /** False ends the search. */
  proceed(): boolean;
}

/** What a search may be asked to do differently. */
export interface SearchOptions {
  /** Also make candidates that break coherence or atomicity; the axioms checked do not see it. */
  readonly incoherent?: boolean;
  /** The memory model; that of Linux 6.1 by default. */
  readonly model?: MemoryModel;
}

/** Placements kept for the next time that they are asked for. */
const MOST_REMEMBERED = 50_000;

/** One search over one test. */
export class Search {
  readonly #test: LitmusTest;
  readonly #listener: SearchListener;
  readonly #rules: Rules;
  readonly #traces: TraceSets['traces'];
  readonly #mayGoRound: boolean;
  readonly #placed: (PlacedTrace | undefined)[][];
  /** By location and value: the last thread that may write it. */
  readonly #lastWriter: ReadonlyMap<LocationId, ReadonlyMap<number, number>>;
  readonly #candidate: Candidate;
  readonly #axioms: Axioms;
  readonly #finder: PlacementFinder;
  /** The placement in force at each location. */
  readonly #current: PlacementNode[];
  #remembered = 0;
  readonly #sequential: SequentialOrder | null;
  /** The locks whose order cuts candidates short: none if forbidden candidates are wanted. */
  readonly #locks: ReadonlySet<LocationId>;
  readonly #lockOrder: LockOrder;
  readonly #hasLocks: boolean;
  /** By thread: can the threads up to it break an axiom at all, for good? */
  readonly #mayBreak: boolean[];
  /** Thread being placed. */
  #depth = 0;
  /** Does some execution go on longer than the bound on loops lets it? */
  readonly isCut: boolean;
  /** Complete candidates met. */
  candidates = 0;

  constructor(test: LitmusTest, listener: SearchListener, options: SearchOptions = {}) {
    this.#test = test;
    this.#listener = listener;
    this.#rules = (options.model ?? modelOf()).rules;
    const places = new Places(test);
    const initOf = (location: LocationId): number => places.initOf(location);
    const proceed = (): boolean => listener.proceed();
    const { traces, faults } = allTraces(test, places, proceed, this.#rules);
    refuseFaults(test, { traces, faults, initOf });
    this.isCut = isCut({ traces, faults, initOf });
    this.#traces = traces;
    this.#mayGoRound = mayGoRound(traces);
    this.#placed = this.#traces.map((traces) => traces.map(() => undefined));
    this.#mayBreak = breakable(this.#traces);
    this.#current = test.locations.map((_, location) => emptyPlacement(location));
    this.#lastWriter = lastWriters(this.#traces.map(allWrittenBy));
    this.#candidate = new Candidate(offsetsOf(longest(this.#traces)), places.size);
    this.#axioms = new Axioms(this.#candidate, this.#rules);
    this.#sequential =
      options.incoherent === true ? null : new SequentialOrder(this.#candidate, this.#rules);
    const isPruned = listener.forbidden === undefined && options.incoherent !== true;
    const { pure, mixed } = locksOf(this.#traces);
    this.#locks = isPruned ? pure : new Set();
    this.#hasLocks = pure.size + mixed.size > 0;
    if (mixed.size > 0) this.#mayBreak.fill(false);
    this.#lockOrder = new LockOrder(this.#candidate);
    this.#finder = new PlacementFinder({
      candidate: this.#candidate,
      rules: this.#rules,
      incoherent: options.incoherent === true,
      proceed: () => this.#listener.proceed(),
      initial: initOf,
      mayComeLater: (location, value) => this.#mayComeLater(location, value),
    });
  }

  /** True if some candidates were left out because there were too many. */
  get overflowed(): boolean {
    return this.#finder.overflowed;
  }

  /** Run to the end, or until the listener stops it. */
  run(): void {
    this.#thread(0, null);
  }

  #thread(thread: number, broken: Axiom | null): void {
    if (thread === this.#test.threads.length) {
      this.candidates++;
      // Values out of thin air are no execution; the axiom that they break, if any, still explains why not.
      if (broken !== null) this.#listener.forbidden?.(this.#candidate, this.#axioms, broken);
      else if (!this.#mayGoRound || isSolvable(this.#candidate)) {
        this.#listener.allowed(this.#candidate, this.#axioms);
      }
      return;
    }
    const traces = this.#traces[thread] ?? [];
    for (let i = 0; i < traces.length && this.#listener.proceed(); i++)
      this.#trace(thread, i, broken);
  }

  #trace(thread: number, i: number, broken: Axiom | null): void {
    const placed = this.#placedOf(thread, i);
    if (placed === undefined) return;
    this.#candidate.push(placed);
    this.#depth = thread;
    if (this.#othersMayWait(placed.accesses)) {
      const choices = this.#placements(placed);
      if (choices !== null) this.#place(thread, choices, 0, broken);
    }
    this.#candidate.pop();
  }

  /** The placements at each location that the last thread touches; null if one has none. */
  #placements(placed: PlacedTrace): (readonly PlacementNode[])[] | null {
    const choices: (readonly PlacementNode[])[] = [];
    for (const location of placed.locations) {
      const placements = this.#placementsAt(location, placed);
      if (placements.length === 0) return null;
      choices.push(placements);
    }
    return choices;
  }

  /** The same trace on top of the same placement has the same choices, whatever the other locations are like. */
  #placementsAt(location: LocationId, placed: PlacedTrace): readonly PlacementNode[] {
    const below = this.#current[location];
    const before = below?.next?.get(placed);
    if (before !== undefined) return before;
    const placements = this.#finder.find(location);
    if (this.#remembered < MOST_REMEMBERED && !this.#finder.overflowed) {
      this.#remembered += placements.length + 1;
      if (below !== undefined) (below.next ??= new Map()).set(placed, placements);
    }
    return placements;
  }

  /** May the pending reads of locations that the last thread does not touch still find their writes? */
  #othersMayWait(touched: ReadonlyMap<LocationId, unknown>): boolean {
    const candidate = this.#candidate;
    const before = candidate.threads.length - 1;
    for (let t = 0; t < before; t++) {
      for (const e of candidate.threads[t]?.reads ?? []) {
        if (candidate.sourceOf(e) !== PENDING || candidate.is(e, EV.lockRead)) continue;
        const location = candidate.location[e] ?? 0;
        if (touched.has(location)) continue;
        if (!this.#mayComeLater(location, candidate.value[e] ?? 0)) return false;
      }
    }
    return true;
  }

  #mayComeLater(location: LocationId, value: number): boolean {
    return (this.#lastWriter.get(location)?.get(value) ?? -1) > this.#depth;
  }

  #placedOf(t: number, i: number): PlacedTrace | undefined {
    const cache = this.#placed[t];
    const trace = this.#traces[t]?.[i];
    if (cache === undefined || trace === undefined) return undefined;
    const offset = this.#candidate.offsets[t] ?? 0;
    const { size } = this.#candidate;
    return (cache[i] ??= new PlacedTrace(trace, offset, size, this.#rules, this.#locks));
  }

  /** Try every combination of placements of the locations from `index` on. */
  #place(
    thread: number,
    choices: readonly (readonly PlacementNode[])[],
    index: number,
    broken: Axiom | null,
  ): void {
    const placements = choices[index];
    if (placements === undefined) {
      this.#sequential?.extend(this.#current);
      const now = this.#mayWait(thread, broken) ? broken : this.#check();
      if (now === null || this.#listener.forbidden !== undefined) this.#thread(thread + 1, now);
      return;
    }
    const { co, rf } = this.#candidate;
    for (const placement of placements) {
      if (!this.#listener.proceed()) return;
      const { location, reads, sources } = placement;
      const saved = co[location] ?? [];
      const savedNode = this.#current[location] ?? placement;
      co[location] = placement.co;
      this.#current[location] = placement;
      for (let i = 0; i < reads.length; i++) rf[reads[i] ?? 0] = sources[i] ?? PENDING;
      if (this.#locksAllow(location)) this.#place(thread, choices, index + 1, broken);
      co[location] = saved;
      this.#current[location] = savedNode;
      for (const read of reads) rf[read] = PENDING;
    }
  }

  /** Can what has just been placed at a location be in line with the locks? */
  #locksAllow(location: LocationId): boolean {
    const locks = this.#locks;
    if (locks.size === 0 || locks.has(location)) return true;
    for (const lock of locks) {
      const order = this.#current[lock];
      if (order !== undefined && !this.#lockOrder.agrees(location, order)) return false;
    }
    return true;
  }

  #check(): Axiom | null {
    if (this.#sequential?.exists() !== true) return this.#axioms.check(this.#candidate);
    this.#axioms.outdate();
    if (this.#hasLocks) this.#candidate.settleLocks();
    return null;
  }

  /** Is it better to check when more threads are placed? */
  #mayWait(t: number, broken: Axiom | null): boolean {
    return t < this.#test.threads.length - 1 && (broken !== null || this.#mayBreak[t] !== true);
  }
}

function lastWriters(written: readonly ValueSets[]): Map<LocationId, Map<number, number>> {
  const last = new Map<LocationId, Map<number, number>>();
  written.forEach((sets, thread) => {
    for (const [location, values] of sets) {
      const known = last.get(location) ?? new Map<number, number>();
      last.set(location, known);
      for (const value of values) known.set(value, thread);
    }
  });
  return last;
}

/** Locations that threads take as locks, by whether they are written otherwise, too: then an ordinary write that is placed
 * later may come between an unlock and the next lock. */
function locksOf(traces: TraceSets['traces']): Record<'pure' | 'mixed', ReadonlySet<LocationId>> {
  const locks = new Set<LocationId>();
  const others = new Set<LocationId>();
  for (const { events } of traces.flat()) {
    for (const { classes, location } of events) {
      if ((classes & EV.lockWrite) !== 0) locks.add(location);
      if (isOrdinaryWrite(classes)) others.add(location);
    }
  }
  const which = (isMixed: boolean): ReadonlySet<LocationId> =>
    new Set([...locks].filter((lock) => others.has(lock) === isMixed));
  return { pure: which(false), mixed: which(true) };
}

/** By thread: do the threads up to it meet in a circle, such as two of them at two locations? Without one, program order
 * and communication have no cycle: whatever enters a thread by a location would have to leave by it, coherently. (Only
 * critical sections that meet grace periods at one location may break an axiom then; the last check finds that.) */
function breakable(traces: TraceSets['traces']): boolean[] {
  const groups: number[] = [];
  const groupOf = (location: LocationId): number => {
    let group = location;
    while (groups[group] !== undefined) group = groups[group] ?? 0;
    return group;
  };
  let hasCircle = false;
  return traces.map((ofThread) => {
    const touched = new Set<LocationId>();
    for (const { events } of ofThread) {
      for (const { classes, location } of events) {
        if ((classes & (EV.read | EV.write)) !== 0) touched.add(location);
      }
    }
    const met = new Set<number>();
    for (const location of touched) met.add(groupOf(location));
    hasCircle ||= met.size < touched.size;
    const [first = 0] = touched;
    const joined = groupOf(first);
    for (const group of met) if (group !== joined) groups[group] = joined;
    return hasCircle;
  });
}
