/**
 * The locations that a test's pointers lead to: those that it declares, and places beyond its objects, which are added
 * when they are met.
 */
import type { LitmusTest, LocationId } from '../syntax/ast.js';
import { formatValue } from '../syntax/proposition.js';
import { addressIn, FREE_VALUE, isPointer, locationOf } from '../syntax/values.js';
import { IllegalOperation, UNDETERMINED } from './arithmetic.js';

/** Every place has a location id; those of places beyond all objects follow the ids of the test. */
export class Places {
  readonly #test: LitmusTest;
  readonly #beyond = new Map<number, LocationId>();

  constructor(test: LitmusTest) {
    this.#test = test;
  }

  /** Locations so far. */
  get size(): number {
    return this.#test.locations.length + this.#beyond.size;
  }

  /** Value of a place before any thread runs. */
  initOf(location: LocationId): number {
    return this.#test.locations[location]?.init ?? 0;
  }

  /**
   * The location that `value` leads to.
   *
   * @throws IllegalOperation if `value` is no pointer
   * @throws UndeterminedValue if it may be any
   */
  locationOf(value: number): LocationId {
    const inside = locationOf(this.#test, value);
    if (inside >= 0) return inside;
    if (value === FREE_VALUE) throw UNDETERMINED;
    if (!isPointer(value)) {
      const what = formatValue(this.#test, value);
      throw IllegalOperation.of(`this accesses ${what}, which is no location`);
    }
    const known = this.#beyond.get(value);
    if (known !== undefined) return known;
    const location = this.size;
    this.#beyond.set(value, location);
    return location;
  }

  /** Name of a place: `x`, or `x+1` beyond the end of x. */
  nameOf(location: LocationId): string {
    if (location < this.#test.locations.length) {
      return formatValue(this.#test, addressIn(this.#test.locations, location));
    }
    const [pointer] = [...this.#beyond].find(([, id]) => id === location) ?? [NaN];
    return formatValue(this.#test, pointer);
  }
}
