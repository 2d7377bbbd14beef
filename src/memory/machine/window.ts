/** The window: a CPU's recent accesses that are not yet ordered before everything it will do later. */

import { EMPTY, flatGet, type FlatView, type SparseView } from './sparse-view.js';

/** The entry is a read. */
export const IS_READ = 1;
/** The entry is a write. */
export const IS_WRITE = 2;
/** Another event was already ordered after this one with what was known then: its summary may no longer grow. */
export const IS_USED = 4;
/** The entry came with a view: a read of another CPU's message, or a write. */
export const HAS_VIEW = 8;
/** The read half of an atomic that returns no value: `smp_rmb()` does not order it. */
export const NO_RETURN = 16;
/** A marked read of what may be a pointer: it may head an address dependency. */
export const MAY_POINT = 32;
/** A release: its summary is that of all older entries, too. */
export const AFTER_ALL = 64;

/**
 * A ring of entries, oldest first, as parallel arrays. An entry's summary (what everything that happens after it on this
 * CPU must respect) is `extra`, and for entries with a view also its own position and `view`, all under fence time `gt`.
 */
export class Window {
  count = 0;
  /** Number of entries per location. */
  at: Uint8Array;
  /** Number of marked reads that returned what may be a pointer. */
  pointers = 0;
  readonly x: Int32Array;
  readonly position: Float64Array;
  readonly flags: Int32Array;
  readonly gt: Int32Array;
  readonly viewGs: Int32Array;
  readonly view: FlatView[] = [];
  readonly extra: FlatView[] = [];
  /** Index of a write in its CPU's sequence of writes. */
  readonly index: Float64Array;
  /** The CPU's event number, ascending. */
  readonly event: Float64Array;
  /** How often the CPU's knowledge of others' writes had grown at this entry. */
  readonly knowledge: Float64Array;
  /** Value read, for address dependencies that are recognised by value. */
  readonly value: Int32Array;
  #head = 0;
  readonly #wrap: number;

  /**
   * @param capacity entries at most; rounded up to a power of two
   * @param locations how many location ids to make room for
   */
  constructor(capacity: number, locations: number) {
    this.at = new Uint8Array(locations);
    const size = 2 ** Math.ceil(Math.log2(capacity + 1));
    this.#wrap = size - 1;
    this.x = new Int32Array(size);
    this.position = new Float64Array(size);
    this.flags = new Int32Array(size);
    this.gt = new Int32Array(size);
    this.viewGs = new Int32Array(size);
    this.index = new Float64Array(size);
    this.event = new Float64Array(size);
    this.knowledge = new Float64Array(size);
    this.value = new Int32Array(size);
    for (let i = 0; i < size; i++) {
      this.view.push(EMPTY);
      this.extra.push(EMPTY);
    }
  }

  /** Make room for more location ids. */
  grow(locations: number): void {
    const at = new Uint8Array(locations);
    at.set(this.at);
    this.at = at;
  }

  /** Slot of the `i`-th entry, 0 being the oldest. */
  slot(i: number): number {
    return (this.#head + i) & this.#wrap;
  }

  /** Add an entry and return its slot; the caller fills it. There must be room. */
  push(x: number): number {
    const slot = (this.#head + this.count) & this.#wrap;
    this.count++;
    this.x[slot] = x;
    this.at[x] = (this.at[x] as number) + 1;
    return slot;
  }

  /** Drop the oldest entry. */
  shift(): void {
    const x = this.x[this.#head] as number;
    this.at[x] = (this.at[x] as number) - 1;
    if (((this.flags[this.#head] as number) & MAY_POINT) !== 0) this.pointers--;
    this.#head = (this.#head + 1) & this.#wrap;
    this.count--;
  }

  /** Drop all entries. */
  clear(): void {
    for (let i = 0; i < this.count; i++) this.at[this.x[this.slot(i)] as number] = 0;
    this.count = 0;
    this.pointers = 0;
  }

  /** Join the summary of an entry into a view; the caller joins the fence time. */
  joinSummary(slot: number, target: SparseView): void {
    if (((this.flags[slot] as number) & AFTER_ALL) !== 0) {
      for (let i = 0; this.slot(i) !== slot; i++) this.#joinOwn(this.slot(i), target);
    }
    this.#joinOwn(slot, target);
  }

  #joinOwn(slot: number, target: SparseView): void {
    target.joinFlat(this.extra[slot] as FlatView);
    if (((this.flags[slot] as number) & HAS_VIEW) !== 0) {
      target.joinFlat(this.view[slot] as FlatView);
      target.raise(this.x[slot] as number, this.position[slot] as number);
    }
  }

  /** Position of a location in the sparse part of the view that came with an entry, 0 if there is none. */
  viewAt(slot: number, x: number): number {
    const own = this.x[slot] === x ? (this.position[slot] as number) : 0;
    return Math.max(own, flatGet(this.view[slot] as FlatView, x));
  }

  /** Position of a location in the sparse part of an entry's summary, 0 if there is none. */
  summaryAt(slot: number, x: number): number {
    let position = this.#ownAt(slot, x);
    if (((this.flags[slot] as number) & AFTER_ALL) === 0) return position;
    for (let i = 0; this.slot(i) !== slot; i++) {
      position = Math.max(position, this.#ownAt(this.slot(i), x));
    }
    return position;
  }

  #ownAt(slot: number, x: number): number {
    const extra = flatGet(this.extra[slot] as FlatView, x);
    const hasView = ((this.flags[slot] as number) & HAS_VIEW) !== 0;
    return hasView ? Math.max(extra, this.viewAt(slot, x)) : extra;
  }
}
