/** How weak the memory of one random execution is, and how promptly its CPUs take interrupts; drawn anew for each. */

import { CHOOSE_READ, CHOOSE_WRITE } from '../../memory/model.js';
import type { RandomSource } from './random-source.js';
import { CHOOSE_INTERRUPT, CHOOSE_PART, CHOOSE_SEED, CHOOSE_SLEEPER } from './strategy.js';

const STALE = [0, 0.3, 0.8, 1] as const;
const MIDDLE = [0, 0.3, 1] as const;
const FAIL = [0, 0, 0.2] as const;
const INTERRUPT = [0.02, 0.3, 0.9] as const;

/** Answers the choices of the memory at random. */
export class Weakness {
  readonly #random: RandomSource;
  #stale = 0;
  #middle = 0;
  #fail = 0;
  #interrupt = 0;

  constructor(random: RandomSource) {
    this.#random = random;
  }

  /** Start another execution. */
  draw(): void {
    const random = this.#random;
    this.#stale = STALE[random.below(STALE.length)] as number;
    this.#middle = MIDDLE[random.below(MIDDLE.length)] as number;
    this.#fail = FAIL[random.below(FAIL.length)] as number;
    this.#interrupt = INTERRUPT[random.below(INTERRUPT.length)] as number;
  }

  /** One of `n` answers; 0 unless this execution is weak in this respect. */
  choose(n: number, kind: number): number {
    const random = this.#random;
    if (kind === CHOOSE_SEED) return random.below(n);
    return random.chance(this.#probability(kind)) ? 1 + random.below(n - 1) : 0;
  }

  #probability(kind: number): number {
    if (kind === CHOOSE_READ || kind === CHOOSE_PART) return this.#stale;
    if (kind === CHOOSE_WRITE) return this.#middle;
    if (kind === CHOOSE_SLEEPER) return 0.5;
    return kind === CHOOSE_INTERRUPT ? this.#interrupt : this.#fail;
  }
}
