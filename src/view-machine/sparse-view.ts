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
  count = 0;
  /** The entries' locations, in the order in which they came; `count` are in use. */
  locations = new Int32Array(64);
  /** Position by location, 0 where there is no entry: every entry binds something, so it lies above the initial value. */
  positions: Int32Array;
  /** Fence time whose global view belongs to this view too; see `MachineState`. */
  fenceTime = 0;
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
  get(location: number): number {
    return this.positions[location] as number;
  }

  /** Raise the entry of a location to at least `position`. */
  raise(location: number, position: number): void {
    const old = this.positions[location] as number;
    if (old >= position) return;
    if (old === 0) this.#add(location);
    this.positions[location] = position;
    this.#snapshot = null;
  }

  #add(location: number): void {
    if (this.count === this.locations.length) {
      const locations = new Int32Array(this.count * 2);
      locations.set(this.locations);
      this.locations = locations;
    }
    this.locations[this.count++] = location;
  }

  /** Join with a flat view. */
  joinFlat(view: FlatView): void {
    for (let i = 0; i < view.length; i += 2) {
      this.raise(view[i] as number, view[i + 1] as number);
    }
  }

  /** Join with another view, its fence time included. */
  joinView(view: SparseView): void {
    const { count, locations, positions } = view;
    for (let i = 0; i < count; i++) {
      const location = locations[i] as number;
      this.raise(location, positions[location] as number);
    }
    if (view.fenceTime > this.fenceTime) this.fenceTime = view.fenceTime;
  }

  /** Forget all entries. */
  clear(): void {
    const { count, locations, positions } = this;
    for (let i = 0; i < count; i++) positions[locations[i] as number] = 0;
    this.count = 0;
    this.fenceTime = 0;
    this.#snapshot = EMPTY;
  }

  /** Whether a flat view is what {@link snapshot} returned last, and nothing has changed since. */
  isSnapshot(view: FlatView): boolean {
    return view === this.#snapshot;
  }

  /** The entries as a flat view, shared until the next change. */
  snapshot(): FlatView {
    if (this.#snapshot !== null) return this.#snapshot;
    for (let i = 0; i < this.count; i++) {
      const location = this.locations[i] as number;
      this.#builder.add(location, this.positions[location] as number);
    }
    return (this.#snapshot = this.#builder.finish());
  }
}
