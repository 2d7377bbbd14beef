/** Counts final states, with one cheap key for each. */

/** A final state, as the values of the observed places, and how often it was seen. */
export interface StateCount {
  readonly values: readonly number[];
  count: number;
}

/** Values from -1024 to 7167, up to four of them, make one exact number. */
const DIGITS = 2 ** 13;
const LOWEST = 1024;
const PACKED = 4;

/** A histogram of final states. */
export class StateTally {
  readonly #states = new Map<number | string, StateCount>();

  /** Count one state; `values` may be reused by the caller. */
  add(values: readonly number[]): void {
    const key = keyOf(values);
    const known = this.#states.get(key);
    if (known) known.count++;
    else this.#states.set(key, { values: [...values], count: 1 });
  }

  /** Add the counts of another histogram. */
  merge(states: readonly StateCount[]): void {
    for (const { values, count } of states) {
      const key = keyOf(values);
      const known = this.#states.get(key);
      if (known) known.count += count;
      else this.#states.set(key, { values: [...values], count });
    }
  }

  /** All states seen, in order of their values. */
  get states(): StateCount[] {
    return [...this.#states.values()].sort((a, b) => compare(a.values, b.values));
  }
}

function keyOf(values: readonly number[]): number | string {
  if (values.length > PACKED) return values.join();
  let key = 0;
  for (const value of values) {
    const digit = value + LOWEST;
    if (digit < 0 || digit >= DIGITS) return values.join();
    key = key * DIGITS + digit;
  }
  return key;
}

function compare(a: readonly number[], b: readonly number[]): number {
  for (const [i, value] of a.entries()) {
    const difference = value - (b[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
