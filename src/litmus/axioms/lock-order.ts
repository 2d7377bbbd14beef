/** Cuts candidates short that the axioms refuse for sure: accesses that a lock orders, ordered the other way round.
 *
 * Let `a` come before an unlock in its thread, and `b` after a lock that follows this unlock in the lock's order. Each unlock
 * from there on is a release that the next lock, an acquire, reads from. So `a` is before `b`: if `b` came before `a` by reads-from
 * there would be a cycle of ppo and rfe, by coherence or from-reads one of ppo and prop. A plain access is the same way
 * bounded by the release or the acquire, so that it is visible, and the plain-coherence axioms refuse the candidate. */
import type { LocationId } from '../syntax/ast.js';
import { INITIAL, PENDING, type Candidate } from './candidate.js';
import { EV } from './event.js';
import type { Placement } from './placement.js';

/** For each event, critical sections of one lock by their place in its order, from 0. */
interface Bounds {
  /** The last that the event's thread has begun before it, or -1. */
  readonly begun: Int32Array;
  /** The first that its thread ends after it, or {@link NEVER}. */
  readonly ends: Int32Array;
}

const NEVER = 0x7fffffff;

const NONE: readonly number[] = [];

/** The order that locks impose on the accesses of a candidate. */
export class LockOrder {
  readonly #candidate: Candidate;
  /** By the placement of a lock; null where other accesses are among its sections. */
  readonly #bounds = new WeakMap<Placement, Bounds | null>();
  /** Section of each lock and unlock of the order that is looked at, by event; -1 otherwise. */
  readonly #sectionOf: Int32Array;

  constructor(candidate: Candidate) {
    this.#candidate = candidate;
    this.#sectionOf = new Int32Array(candidate.size).fill(-1);
  }

  /** Are the accesses of a location that is no lock in line with the order of a lock? Both have their placements in force. */
  agrees(location: LocationId, lock: Placement): boolean {
    if (lock.co.length < 3) return true;
    let bounds = this.#bounds.get(lock);
    if (bounds === undefined) {
      bounds = this.#boundsOf(lock);
      this.#bounds.set(lock, bounds);
    }
    if (bounds === null) return true;
    const co = this.#candidate.co[location] ?? NONE;
    return this.#writesAgree(co, bounds) && this.#readsAgree(location, co, bounds);
  }

  #boundsOf({ co, location }: Placement): Bounds | null {
    const sectionOf = this.#sectionOf;
    const areSections = co.every((e, i) =>
      this.#candidate.is(e, i % 2 === 0 ? EV.lockWrite : EV.unlock),
    );
    if (!areSections) return null;
    co.forEach((e, i) => (sectionOf[e] = i >> 1));
    const { size, threads } = this.#candidate;
    const bounds = { begun: new Int32Array(size).fill(-1), ends: new Int32Array(size).fill(NEVER) };
    for (const { offset, trace, accesses } of threads) {
      if (accesses.has(location)) this.#bound(bounds, offset, offset + trace.events.length);
    }
    for (const e of co) sectionOf[e] = -1;
    return bounds;
  }

  #bound({ begun, ends }: Bounds, from: number, to: number): void {
    const sectionOf = this.#sectionOf;
    let section = -1;
    for (let e = from; e < to; e++) {
      const here = sectionOf[e] ?? -1;
      if (here >= 0 && this.#candidate.is(e, EV.lockWrite)) section = here;
      begun[e] = section;
    }
    section = NEVER;
    for (let e = to - 1; e >= from; e--) {
      const here = sectionOf[e] ?? -1;
      if (here >= 0 && this.#candidate.is(e, EV.unlock)) section = here;
      ends[e] = section;
    }
  }

  #writesAgree(co: readonly number[], { begun, ends }: Bounds): boolean {
    let last = -1;
    for (const write of co) {
      if ((ends[write] ?? NEVER) < last) return false;
      last = Math.max(last, begun[write] ?? -1);
    }
    return true;
  }

  #readsAgree(location: LocationId, co: readonly number[], bounds: Bounds): boolean {
    for (const { accesses } of this.#candidate.threads) {
      for (const e of accesses.get(location) ?? NONE) {
        if (this.#candidate.is(e, EV.read) && !this.#readAgrees(e, co, bounds)) return false;
      }
    }
    return true;
  }

  /** A read comes after its source, and before the writes that follow that. */
  #readAgrees(read: number, co: readonly number[], { begun, ends }: Bounds): boolean {
    const source = this.#candidate.sourceOf(read);
    if (source === PENDING) return true;
    if (source !== INITIAL && (ends[read] ?? NEVER) < (begun[source] ?? -1)) return false;
    const from = begun[read] ?? -1;
    for (let i = source === INITIAL ? 0 : co.indexOf(source) + 1; i < co.length; i++) {
      if ((ends[co[i] ?? 0] ?? NEVER) < from) return false;
    }
    return true;
  }
}
