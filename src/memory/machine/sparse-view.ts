/** Views: for some locations, the position in the coherence order below which nothing may be read or written. */

/** An immutable view `[location, position, location, position, …]`, shared by reference. */
export type FlatView = readonly number[];

/** The view that binds nothing. */
export const EMPTY: FlatView = [];

/** Position that a flat view holds for a location, 0 when it holds none. */
export function flatGet(view: FlatView, location: number): number {
  let position = 0;
  for (let i = 0; i < view.length; i += 2) {
    if (view[i] === location && (view[i + 1] as number) > position) {
      position = view[i + 1] as number;
    }
  }
  return position;
}

/** A view under construction: O(1) lookup and raise, join linear in the other view, clear linear in the entries. */
export class SparseView {
  /** Number of locations with an entry. */
  n = 0;
  /** The entries' locations; `n` are in use. */
  xs = new Int32Array(64);
  /** The entries' positions, parallel to `xs`. */
  positions = new Float64Array(64);
  /** Fence time whose global view belongs to this view too; see `MachineState`. */
  gs = 0;
  #slot: Int32Array;
  #snapshot: FlatView | null = EMPTY;

  /** @param locations how many location ids to make room for */
  constructor(locations: number) {
    this.#slot = new Int32Array(locations);
  }

  /** Make room for more location ids. */
  grow(locations: number): void {
    const slot = new Int32Array(locations);
    slot.set(this.#slot);
    this.#slot = slot;
  }

  /** Position held for a location, 0 when there is none. */
  get(x: number): number {
    const slot = this.#slot[x] as number;
    return slot === 0 ? 0 : (this.positions[slot - 1] as number);
  }

  /** Raise the entry of a location to at least `position`. */
  raise(x: number, position: number): void {
    const slot = this.#slot[x] as number;
    if (slot === 0) this.#add(x, position);
    else if ((this.positions[slot - 1] as number) < position) {
      this.positions[slot - 1] = position;
      this.#snapshot = null;
    }
  }

  #add(x: number, position: number): void {
    if (this.n === this.xs.length) this.#enlarge();
    this.xs[this.n] = x;
    this.positions[this.n] = position;
    this.n++;
    this.#slot[x] = this.n;
    this.#snapshot = null;
  }

  #enlarge(): void {
    const xs = new Int32Array(this.xs.length * 2);
    xs.set(this.xs);
    this.xs = xs;
    const positions = new Float64Array(xs.length);
    positions.set(this.positions);
    this.positions = positions;
  }

  /** Join with a flat view. */
  joinFlat(view: FlatView): void {
    for (let i = 0; i < view.length; i += 2) {
      this.raise(view[i] as number, view[i + 1] as number);
    }
  }

  /** Join with another view, its fence time included. */
  joinView(view: SparseView): void {
    for (let i = 0; i < view.n; i++) {
      this.raise(view.xs[i] as number, view.positions[i] as number);
    }
    if (view.gs > this.gs) this.gs = view.gs;
  }

  /** Forget all entries. */
  clear(): void {
    for (let i = 0; i < this.n; i++) this.#slot[this.xs[i] as number] = 0;
    this.n = 0;
    this.gs = 0;
    this.#snapshot = EMPTY;
  }

  /** The entries as a flat view, shared until the next change. */
  snapshot(): FlatView {
    if (this.#snapshot !== null) return this.#snapshot;
    const view: number[] = [];
    for (let i = 0; i < this.n; i++) {
      view.push(this.xs[i] as number, this.positions[i] as number);
    }
    this.#snapshot = view;
    return view;
  }
}
