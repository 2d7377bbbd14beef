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
 * view also its own position and `view`, all under fence time `boundTime`. Entries are recycled: hold none beyond an operation.
 */
export class Entry {
  flags = 0;
  /** Location id. */
  location = 0;
  position = 0;
  boundTime = 0;
  view: FlatView = EMPTY;
  /** Fence time whose global view belongs to `view`. */
  viewTime = 0;
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
  viewAt(location: number): number {
    const position = flatGet(this.view, location);
    return this.location === location && this.position > position ? this.position : position;
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
  push(location: number): Entry {
    const entry = this.entry(this.count++);
    entry.location = location;
    this.at[location] = (this.at[location] as number) + 1;
    return entry;
  }

  /** Drop the oldest entry. */
  shift(): void {
    const { location, flags } = this.entry(0);
    this.at[location] = (this.at[location] as number) - 1;
    if ((flags & MAY_POINT) !== 0) this.pointers--;
    this.#head = (this.#head + 1) & this.#wrap;
    this.count--;
  }

  /** Drop all entries. */
  clear(): void {
    for (let i = 0; i < this.count; i++) this.at[this.entry(i).location] = 0;
    this.count = 0;
    this.pointers = 0;
  }

  /** Join the summary of an entry into a view; the caller joins the fence time. */
  joinSummary(entry: Entry, target: SparseView): void {
    if ((entry.flags & AFTER_ALL) !== 0) {
      for (let i = 0; this.entry(i) !== entry; i++) joinOwn(this.entry(i), target);
    }
    joinOwn(entry, target);
  }

  /** Position of a location in the sparse part of an entry's summary, 0 if there is none. */
  summaryAt(entry: Entry, location: number): number {
    let position = ownAt(entry, location);
    if ((entry.flags & AFTER_ALL) === 0) return position;
    for (let i = 0; this.entry(i) !== entry; i++) {
      position = Math.max(position, ownAt(this.entry(i), location));
    }
    return position;
  }
}

function joinOwn(entry: Entry, target: SparseView): void {
  if (entry.extra.length > 0) target.joinFlat(entry.extra);
  if ((entry.flags & HAS_VIEW) === 0) return;
  if (entry.view.length > 0) target.joinFlat(entry.view);
  target.raise(entry.location, entry.position);
}

function ownAt(entry: Entry, location: number): number {
  const extra = flatGet(entry.extra, location);
  return (entry.flags & HAS_VIEW) !== 0 ? Math.max(extra, entry.viewAt(location)) : extra;
}
