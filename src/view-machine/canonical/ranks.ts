/**
 * The positions of a location that can still make a difference. All that the machine ever asks of a position in a view is how it
 * compares with a message that somebody can still read, or write before, and with an access in a window. Two positions
 * between which there is none of these are one.
 */

import type { MachineState } from '../state.js';

/** Distance between the positions of a state that was read back: room for insertions. */
const SPACING = 1024;

/** Position of the `k`-th threshold, from 0, in a state that was read back. */
export const thresholdAt = (k: number): number => SPACING * (k + 1);

/** Position of a bound in a state that was read back: of the threshold that it is the same as; 0 for none. */
export const boundAt = (rank: number): number => (rank === 0 ? 0 : SPACING * (rank + 1));

/** Thresholds of every location, in ascending order. */
export class Ranks {
  readonly #lists: number[][] = [];
  readonly #areOne: boolean;
  /** Number of thresholds below the first message that is kept, by location. */
  readonly base: number[] = [];

  /** @param areOne all positions are one: for tests only */
  constructor(areOne = false) {
    this.#areOne = areOne;
  }

  /** Forget the thresholds of all locations up to one. */
  clear(locations: number): void {
    for (let id = 1; id <= locations; id++) {
      (this.#lists[id] ??= []).length = 0;
      this.base[id] = 0;
    }
  }

  /** Forget the thresholds of a location: no position of it is told apart from another. */
  forget(id: number): void {
    (this.#lists[id] as number[]).length = 0;
  }

  /** Make a position a threshold. */
  add(id: number, position: number): void {
    const list = this.#lists[id] as number[];
    let i = list.length;
    while (i > 0 && (list[i - 1] as number) > position) i--;
    if (i > 0 && list[i - 1] === position) return;
    list.splice(i, 0, position);
  }

  /** Number of thresholds below a position: equal for positions that nothing tells apart. */
  of(id: number, position: number): number {
    if (this.#areOne) return 0;
    const list = this.#lists[id] as number[];
    let i = list.length;
    while (i > 0 && (list[i - 1] as number) >= position) i--;
    return i;
  }

  /** Number of a position that is a threshold; -1 if it is none. */
  exactly(id: number, position: number): number {
    return (this.#lists[id] as number[]).indexOf(position);
  }

  /** Whether a location has a threshold. */
  has(id: number): boolean {
    return (this.#lists[id] as number[]).length > 0;
  }
}

/** Rank of what a fence time says of a location. */
export function globalRank(machine: MachineState, ranks: Ranks, id: number, time: number): number {
  return ranks.of(id, machine.global.at(id, time));
}
