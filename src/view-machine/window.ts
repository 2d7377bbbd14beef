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
/** A write whose `extra` is what bound its CPU's writes, and nothing else, when it was executed. */
export const WRITES_ONLY = 128;

/**
 * One access. Its summary (what everything that happens after it on this CPU must respect) is `extra`, and for entries with a
 * view also its own position and `view`, all under fence time `gt`. Entries are recycled: hold none beyond an operation.
 */
export class Entry {
  flags = 0;
  /** Location id. */
  x = 0;
  position = 0;
  gt = 0;
  view: FlatView = EMPTY;
  /** Fence time whose global view belongs to `view`. */
  viewGs = 0;
  extra: FlatView = EMPTY;
  /** Index of a write in its CPU's sequence of writes, 0 for a read. */
  index = 0;
  /** The CPU's event number, ascending. */
  event = 0;
  /** How often the CPU's knowledge of others' writes had grown at this entry. */
  knowledge = 0;
  /** Value read, for address dependencies that are recognised by value. */
  value = 0;

  /** Position of a location in the sparse part of the view that came with the entry, 0 if there is none. */
  viewAt(x: number): number {
    const position = flatGet(this.view, x);
    return this.x === x && this.position > position ? this.position : position;
  }
}

/** A ring of entries, oldest first. */
export class Window {
  count = 0;
  /** Number of entries per location. */
  at: Uint8Array;
  /** Number of marked reads that returned what may be a pointer. */
  pointers = 0;
  readonly #ring: Entry[] = [];
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
    for (let i = 0; i < size; i++) this.#ring.push(new Entry());
  }

  /** Make room for more location ids. */
  grow(locations: number): void {
    const at = new Uint8Array(locations);
    at.set(this.at);
    this.at = at;
  }

  /** The `i`-th entry, 0 being the oldest. */
  entry(i: number): Entry {
    return this.#ring[(this.#head + i) & this.#wrap] as Entry;
  }

  /** Add an entry and return it; the caller fills it. There must be room. */
  push(x: number): Entry {
    const e = this.entry(this.count++);
    e.x = x;
    this.at[x] = (this.at[x] as number) + 1;
    return e;
  }

  /** Drop the oldest entry. */
  shift(): void {
    const { x, flags } = this.entry(0);
    this.at[x] = (this.at[x] as number) - 1;
    if ((flags & MAY_POINT) !== 0) this.pointers--;
    this.#head = (this.#head + 1) & this.#wrap;
    this.count--;
  }

  /** Drop all entries. */
  clear(): void {
    for (let i = 0; i < this.count; i++) this.at[this.entry(i).x] = 0;
    this.count = 0;
    this.pointers = 0;
  }

  /** Join the summary of an entry into a view; the caller joins the fence time. */
  joinSummary(e: Entry, target: SparseView): void {
    if ((e.flags & AFTER_ALL) !== 0) {
      for (let i = 0; this.entry(i) !== e; i++) joinOwn(this.entry(i), target);
    }
    joinOwn(e, target);
  }

  /** Position of a location in the sparse part of an entry's summary, 0 if there is none. */
  summaryAt(e: Entry, x: number): number {
    let position = ownAt(e, x);
    if ((e.flags & AFTER_ALL) === 0) return position;
    for (let i = 0; this.entry(i) !== e; i++) {
      position = Math.max(position, ownAt(this.entry(i), x));
    }
    return position;
  }
}

function joinOwn(e: Entry, target: SparseView): void {
  if (e.extra.length > 0) target.joinFlat(e.extra);
  if ((e.flags & HAS_VIEW) === 0) return;
  if (e.view.length > 0) target.joinFlat(e.view);
  target.raise(e.x, e.position);
}

function ownAt(e: Entry, x: number): number {
  const extra = flatGet(e.extra, x);
  return (e.flags & HAS_VIEW) !== 0 ? Math.max(extra, e.viewAt(x)) : extra;
}
