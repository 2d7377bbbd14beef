/** The ways one more thread can take part in the coherence order and the reads of one location. */
import type { LocationId } from '../syntax/ast.js';
import { INITIAL, PENDING, type Candidate } from './candidate.js';
import type { Rules } from '../model.js';
import { EV } from './event.js';
import type { PlacedTrace } from './placed-trace.js';

/** One way: the new coherence order, and the sources of the reads it settles. */
export interface Placement {
  readonly location: LocationId;
  readonly co: readonly number[];
  readonly reads: readonly number[];
  /** Source of each of `reads`. */
  readonly sources: readonly number[];
}

/**
 * A placement: the coherence order and the sources of the reads at one location, and the placements of further threads
 * found on top of it.
 */
export interface PlacementNode extends Placement {
  /** By the trace on top; null until there is one. */
  next: Map<PlacedTrace, readonly PlacementNode[]> | null;
  /** What it means for an order of all events, see `sequential.ts`; null until that is asked for. */
  edges: readonly number[] | null;
}

/** The placement of no thread. */
export function emptyPlacement(location: LocationId): PlacementNode {
  return { location, co: [], reads: [], sources: [], next: null, edges: null };
}

/** What the search knows about values. */
export interface PlacementContext {
  readonly candidate: Candidate;
  readonly initial: (location: LocationId) => number;
  /** False when time is up. */
  readonly proceed: () => boolean;
  /** Keep placements that break coherence or atomicity. */
  readonly incoherent: boolean;
  readonly rules: Rules;
  /** May a thread not placed yet write `value` there? */
  readonly mayComeLater: (location: LocationId, value: number) => boolean;
}

const NO_ACCESSES: readonly number[] = [];

/** Position of an unlock without a lock. */
const NOWHERE = -1;

/** Placements at one location beyond which the search gives up: it could neither hold nor try them all. */
const MOST = 500_000;

/** Enumerates the placements of the last thread of a candidate at one location. */
export class PlacementFinder {
  readonly #context: PlacementContext;
  readonly #candidate: Candidate;
  /** Place of each write in the order being tried, by event; 0 is the initial value. */
  readonly #position: Int32Array;
  /** True once a location had too many placements: some were left out. */
  overflowed = false;
  #stopped = false;
  #location: LocationId = 0;
  #newest = 0;
  /** Accesses of the location by thread, in program order, without lock reads. */
  #accesses: (readonly number[])[] = [];
  #found: PlacementNode[] = [];
  #order: readonly number[] = [];
  /** Unlocks of the location, those without a lock included. */
  #unlocks: readonly number[] = [];
  /** Reads to settle in the order being tried; their sources are tried in `candidate.rf`. */
  #reads: readonly number[] = [];

  constructor(context: PlacementContext) {
    this.#context = context;
    this.#candidate = context.candidate;
    this.#position = new Int32Array(context.candidate.size);
  }

  /** All coherent placements at `location` that keep read-modify-writes atomic and locks exclusive. */
  find(location: LocationId): readonly PlacementNode[] {
    this.#location = location;
    this.#newest = this.#candidate.threads.length - 1;
    this.#found = [];
    this.#stopped = false;
    this.#survey();
    const own = this.#accesses[this.#newest] ?? NO_ACCESSES;
    const writes = own.filter((e) => this.#candidate.is(e, EV.write));
    const existing = this.#candidate.co[location] ?? NO_ACCESSES;
    if (writes.length === 0) this.#try(existing);
    else if (writes.some((e) => this.#isLock(e)) || existing.some((e) => this.#isLock(e))) {
      const sections = this.#sections(writes);
      if (sections !== null) this.#merge(existing, sections, []);
    } else {
      const single = writes.map((w) => [w]);
      this.#merge(existing, single, []);
    }
    return this.#found;
  }

  /** List the accesses of the location, its unlocks, and the reads to settle: those of the newest thread, and those of the others
   * that still wait for their write. */
  #survey(): void {
    const accesses: (readonly number[])[] = [];
    const unlocks: number[] = [];
    const reads: number[] = [];
    for (const thread of this.#candidate.threads) {
      const ofThread = thread.accesses.get(this.#location) ?? NO_ACCESSES;
      accesses.push(ofThread);
      for (const event of ofThread) {
        if (this.#candidate.is(event, EV.unlock)) unlocks.push(event);
        const isOpen = this.#candidate.sourceOf(event) === PENDING;
        if (isOpen && this.#candidate.is(event, EV.read)) reads.push(event);
      }
    }
    this.#accesses = accesses;
    this.#unlocks = unlocks;
    this.#reads = reads;
  }

  /** Critical sections of the newest thread, which enter coherence order whole; null if it would deadlock by itself.
   * An unlock without a lock is in no order. */
  #sections(writes: readonly number[]): number[][] | null {
    const sections: number[][] = [];
    let held: number[] | null = null;
    for (const event of writes) {
      if (this.#candidate.is(event, EV.unlock)) {
        held?.push(event);
        held = null;
        continue;
      }
      const section = [event];
      sections.push(section);
      if (!this.#candidate.is(event, EV.lockWrite)) continue;
      if (held !== null) return null;
      held = section;
    }
    return sections;
  }

  /** Interleave `groups`, in their order, with the rest of the existing order. */
  #merge(
    existing: readonly number[],
    groups: readonly (readonly number[])[],
    done: readonly number[],
  ): void {
    if (groups.length === 0) {
      this.#try(done.length === 0 ? existing : [...done, ...existing]);
      return;
    }
    // Incoherent candidates may order the writes of a thread against program order.
    const choices = this.#context.incoherent ? groups : groups.slice(0, 1);
    for (const group of choices) {
      const rest = groups.filter((other) => other !== group);
      this.#insert(existing, group, rest, done);
    }
  }

  /** Put `group` at every place of the existing order, the others after it. */
  #insert(
    existing: readonly number[],
    group: readonly number[],
    rest: readonly (readonly number[])[],
    done: readonly number[],
  ): void {
    for (let i = 0; i <= existing.length && !this.#stopped; i++) {
      const last = i > 0 ? existing[i - 1] : done.at(-1);
      const next = existing[i];
      if (next !== undefined && last !== undefined && this.#isPair(last, next)) continue;
      if (this.#takesLock(group[0]) && this.#isKept([...done, ...existing.slice(0, i)])) break;
      const keeps = this.#takesLock(group.at(-1));
      if (keeps && existing.slice(i).some((e) => this.#takesLock(e))) continue;
      this.#merge(existing.slice(i), rest, [...done, ...existing.slice(0, i), ...group]);
    }
  }

  #takesLock(e: number | undefined): boolean {
    return e !== undefined && this.#candidate.is(e, EV.lockWrite);
  }

  /** Does one of these writes take the lock and never release it? */
  #isKept(order: readonly number[]): boolean {
    return order.some((e, i) => this.#takesLock(e) && !this.#isPair(e, order[i + 1] ?? e));
  }

  #isLock(e: number | undefined): boolean {
    return e !== undefined && this.#candidate.is(e, EV.lockWrite | EV.unlock);
  }

  /** A lock write and the unlock of the same section have nothing between them. */
  #isPair(a: number, b: number): boolean {
    return this.#candidate.is(a, EV.lockWrite) && this.#candidate.is(b, EV.unlock);
  }

  #try(order: readonly number[]): void {
    this.#order = order;
    for (const e of this.#unlocks) this.#position[e] = NOWHERE;
    for (let i = 0; i < order.length; i++) this.#position[order[i] ?? 0] = i + 1;
    this.#choose(0);
  }

  /** Choose sources for the open reads from number `i` on. */
  #choose(i: number): void {
    if (this.#stopped) return;
    const read = this.#reads[i];
    if (read === undefined) {
      if (!this.#context.proceed()) this.#stopped = true;
      if (this.#context.incoherent || this.#coherent()) this.#keep();
      return;
    }
    if (this.#isRefused(read)) return;
    const { rf, value, threadOf } = this.#candidate;
    const isNew = threadOf[read] === this.#newest;
    const wanted = value[read] ?? 0;
    if (isNew && this.#mayReadInitial(read, wanted)) {
      rf[read] = INITIAL;
      this.#choose(i + 1);
    }
    const isUnlocked = this.#candidate.is(read, EV.isUnlocked);
    for (const write of isUnlocked ? this.#unlocks : this.#order) {
      if (!this.#isSource(read, write)) continue;
      // A read of an earlier thread has already decided not to read what was there.
      if (value[write] !== wanted || (!isNew && threadOf[write] !== this.#newest)) continue;
      rf[read] = write;
      this.#choose(i + 1);
    }
    rf[read] = PENDING;
    if (this.#context.mayComeLater(this.#location, wanted)) this.#choose(i + 1);
  }

  #keep(): void {
    const sources = this.#reads.map((read) => this.#candidate.sourceOf(read));
    const [location, co, reads] = [this.#location, this.#order, this.#reads];
    this.#found.push({ location, co, reads, sources, next: null, edges: null });
    if (this.#found.length >= MOST) this.overflowed = this.#stopped = true;
  }

  /** The initial state of a lock is unlocked, whatever its value. */
  #mayReadInitial(read: number, wanted: number): boolean {
    if (this.#candidate.is(read, EV.isUnlocked)) return true;
    if (this.#candidate.is(read, EV.lockFail | EV.isLocked)) return false;
    return this.#context.initial(this.#location) === wanted;
  }

  /** May a read read from a write, by their kinds: lock operations from each other, other accesses from each other? */
  #isSource(read: number, write: number): boolean {
    const candidate = this.#candidate;
    if (candidate.is(read, EV.isUnlocked)) return this.#mayAnswerNo(read, write);
    const wanted = candidate.is(read, EV.lockFail | EV.isLocked);
    return candidate.is(write, EV.lockWrite) === wanted && !candidate.is(write, EV.unlock);
  }

  /** lock.cat lets a "not locked" answer come from an unlock of another thread, or from an earlier one of its own that no
   * lock of its own follows; the rule `lockedInside`: that no unlock of its own follows. */
  #mayAnswerNo(read: number, unlock: number): boolean {
    if (this.#candidate.threadOf[unlock] !== this.#candidate.threadOf[read]) return true;
    const last = this.#context.rules.lockedInside ? EV.unlock : EV.lockWrite;
    return unlock < read && this.#lastBefore(read, last) <= unlock;
  }

  /** The last of some lock operations that a thread does before one of its events, or -1. */
  #lastBefore(event: number, classes: number): number {
    const own = this.#accesses[this.#candidate.threadOf[event] ?? 0] ?? NO_ACCESSES;
    return own.findLast((e) => e < event && this.#candidate.is(e, classes)) ?? -1;
  }

  /** The rule `lockedInside`: is this a "not locked" answer inside a section of its own thread? */
  #isRefused(read: number): boolean {
    if (!this.#context.rules.lockedInside || !this.#candidate.is(read, EV.isUnlocked)) return false;
    const lock = this.#lastBefore(read, EV.lockWrite);
    return lock > this.#lastBefore(read, EV.unlock);
  }

  #coherent(): boolean {
    for (const ofThread of this.#accesses) if (!this.#threadCoherent(ofThread)) return false;
    const isPlaced = (unlock: number): boolean => this.#position[unlock] !== NOWHERE;
    return this.#unlocks.every(isPlaced) || this.#hasNoCycle();
  }

  /** acyclic (po-loc | com) as a graph: unlocks without a lock are in no order, but are read from. */
  #hasNoCycle(): boolean {
    const next = new Map<number, number[]>();
    const edge = (from: number, to: number | undefined): void => {
      if (to !== undefined) next.set(from, [...(next.get(from) ?? []), to]);
    };
    this.#order.forEach((e, i) => edge(e, this.#order[i + 1]));
    for (const accesses of this.#accesses) accesses.forEach((e, i) => edge(e, accesses[i + 1]));
    for (const e of this.#accesses.flat()) {
      const source = this.#candidate.is(e, EV.read) ? this.#candidate.sourceOf(e) : PENDING;
      if (source === PENDING) continue;
      if (source !== INITIAL) edge(source, e);
      const at = source === INITIAL ? 0 : (this.#position[source] ?? 0);
      if (at !== NOWHERE) edge(e, this.#order[at]);
    }
    const ended = new Map<number, boolean>();
    const isFree = (e: number): boolean => {
      const before = ended.get(e);
      if (before !== undefined) return before;
      ended.set(e, false);
      const free = (next.get(e) ?? NO_ACCESSES).every(isFree);
      if (free) ended.set(e, true);
      return free;
    };
    return [...next.keys()].every(isFree);
  }

  /** acyclic (po-loc | com), thread by thread: places in coherence order never go back along program order. */
  #threadCoherent(accesses: readonly number[]): boolean {
    const candidate = this.#candidate;
    let last = -1;
    let source = PENDING;
    for (const event of accesses) {
      if (candidate.is(event, EV.write)) {
        const position = this.#position[event] ?? 0;
        if (position === NOWHERE) continue;
        if (2 * position < last) return false;
        if (candidate.event(event).closesRmw && !this.#adjacent(source, position, event))
          return false;
        last = 2 * position;
        continue;
      }
      source = candidate.sourceOf(event);
      if (source === PENDING) continue;
      const at = source === INITIAL ? 0 : (this.#position[source] ?? 0);
      if (at === NOWHERE) continue;
      const place = 2 * at + 1;
      if (place < last) return false;
      last = place;
    }
    return true;
  }

  /** empty rmw & (fre ; coe): the write follows the source of its read at once. */
  #adjacent(source: number, position: number, write: number): boolean {
    if (source === PENDING || this.#candidate.is(write, EV.lockWrite)) return true;
    return position === (source === INITIAL ? 0 : (this.#position[source] ?? 0)) + 1;
  }
}
