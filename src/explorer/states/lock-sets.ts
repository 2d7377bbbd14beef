/** Sets of locks by number, so that a local state can name one. */

import type { Addr } from '../../memory/struct.js';

/** All sets that occurred; number 0 is the empty one. */
export class LockSets {
  readonly #sets: (readonly Addr[])[] = [[]];
  readonly #numbers = new Map<string, number>([['', 0]]);

  #number(locks: readonly Addr[]): number {
    const sorted = [...locks].sort((a, b) => a - b);
    const key = sorted.join();
    let number = this.#numbers.get(key);
    if (number === undefined) {
      number = this.#sets.length;
      this.#sets.push(sorted);
      this.#numbers.set(key, number);
    }
    return number;
  }

  /** All sets in the order of their numbers, for {@link load}. */
  save(): readonly (readonly Addr[])[] {
    return this.#sets;
  }

  /** Give sets the numbers that they had. */
  load(sets: readonly (readonly Addr[])[]): void {
    for (const locks of sets) this.#number(locks);
  }

  /** The locks of a set. */
  of(set: number): readonly Addr[] {
    return this.#sets[set] ?? [];
  }

  /** The locks of all sets. */
  get all(): readonly Addr[] {
    return [...new Set(this.#sets.flat())];
  }

  /** A set and one lock more. */
  with(set: number, lock: Addr): number {
    return this.#number([...(this.#sets[set] ?? []), lock]);
  }

  /** A set without a lock. */
  without(set: number, lock: Addr): number {
    return this.#number((this.#sets[set] ?? []).filter((held) => held !== lock));
  }

  /** What two sets have in common. */
  common(a: number, b: number): number {
    if (a === b) return a;
    if (a === 0 || b === 0) return 0;
    const other = this.#sets[b] ?? [];
    return this.#number((this.#sets[a] ?? []).filter((lock) => other.includes(lock)));
  }
}
