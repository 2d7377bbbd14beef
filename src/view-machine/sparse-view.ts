/** Views: for some locations, the position in the coherence order below which nothing may be read or written. */

/** An immutable view `[location, position, location, position, …]`, shared by reference. */
export type FlatView = readonly number[];

/** Builds flat views of small integers: V8 sees one kind of array. */
export class ViewBuilder {
  readonly #entries: number[] = [];
  #length = 0;

  /** Add an entry. */
  add(location: number, position: number): void {
    this.#entries[this.#length++] = location;
    this.#entries[this.#length++] = position;
  }

  /** The view of all entries added since the last call. */
  finish(): FlatView {
    const view = this.#entries.slice(0, this.#length);
    this.#length = 0;
    return view;
  }
}

/** The view that binds nothing. */
export const EMPTY: FlatView = new ViewBuilder().finish();

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
  /** The entries' locations, in the order in which they came; `n` are in use. */
  xs = new Int32Array(64);
  /** Position by location, 0 where there is no entry: every entry binds something, so it lies above the initial value. */
  positions: Int32Array;
  /** Fence time whose global view belongs to this view too; see `MachineState`. */
  gs = 0;
  #snapshot: FlatView | null = EMPTY;
  readonly #builder = new ViewBuilder();

  /** @param locations how many location ids to make room for */
  constructor(locations: number) {
    this.positions = new Int32Array(locations);
  }

  /** Make room for more location ids. */
  grow(locations: number): void {
    const positions = new Int32Array(locations);
    positions.set(this.positions);
    this.positions = positions;
  }

  /** Position held for a location, 0 when there is none. */
  get(x: number): number {
    return this.positions[x] as number;
  }

  /** Raise the entry of a location to at least `position`. */
  raise(x: number, position: number): void {
    const old = this.positions[x] as number;
    if (old >= position) return;
    if (old === 0) this.#add(x);
    this.positions[x] = position;
    this.#snapshot = null;
  }

  #add(x: number): void {
    if (this.n === this.xs.length) {
      const xs = new Int32Array(this.n * 2);
      xs.set(this.xs);
      this.xs = xs;
    }
    this.xs[this.n++] = x;
  }

  /** Join with a flat view. */
  joinFlat(view: FlatView): void {
    for (let i = 0; i < view.length; i += 2) {
      this.raise(view[i] as number, view[i + 1] as number);
    }
  }

  /** Join with another view, its fence time included. */
  joinView(view: SparseView): void {
    const { n, xs, positions } = view;
    for (let i = 0; i < n; i++) {
      const x = xs[i] as number;
      this.raise(x, positions[x] as number);
    }
    if (view.gs > this.gs) this.gs = view.gs;
  }

  /** Forget all entries. */
  clear(): void {
    const { n, xs, positions } = this;
    for (let i = 0; i < n; i++) positions[xs[i] as number] = 0;
    this.n = 0;
    this.gs = 0;
    this.#snapshot = EMPTY;
  }

  /** Whether a flat view is what {@link snapshot} returned last, and nothing has changed since. */
  isSnapshot(view: FlatView): boolean {
    return view === this.#snapshot;
  }

  /** The entries as a flat view, shared until the next change. */
  snapshot(): FlatView {
    if (this.#snapshot !== null) return this.#snapshot;
    for (let i = 0; i < this.n; i++) {
      const x = this.xs[i] as number;
      this.#builder.add(x, this.positions[x] as number);
    }
    return (this.#snapshot = this.#builder.finish());
  }
}
