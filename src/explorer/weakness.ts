/** How weak the memory of one random execution is: probabilities drawn anew for each, the extremes included. */

import { CHOOSE_READ, CHOOSE_WRITE } from '../memory/model.js';
import type { RandomSource } from './random-source.js';

const STALE = [0, 0.3, 0.8, 1] as const;
const MIDDLE = [0, 0.3, 1] as const;
const FAIL = [0, 0, 0.2] as const;

/** Answers the choices of the memory at random. */
export class Weakness {
  readonly #random: RandomSource;
  #stale = 0;
  #middle = 0;
  #fail = 0;

  constructor(random: RandomSource) {
    this.#random = random;
  }

  /** Start another execution. */
  draw(): void {
    const random = this.#random;
    this.#stale = STALE[random.below(STALE.length)] as number;
    this.#middle = MIDDLE[random.below(MIDDLE.length)] as number;
    this.#fail = FAIL[random.below(FAIL.length)] as number;
  }

  /** One of `n` answers; 0 unless this execution is weak in this respect. */
  choose(n: number, kind: number): number {
    const random = this.#random;
    const weak =
      kind === CHOOSE_READ ? this.#stale : kind === CHOOSE_WRITE ? this.#middle : this.#fail;
    return random.chance(weak) ? 1 + random.below(n - 1) : 0;
  }
}
