/** How weak the memory of one random execution is, and how promptly its CPUs take interrupts; drawn anew for each. */

import { CHOOSE_READ, CHOOSE_WRITE } from '../../memory/model.js';
import type { RandomSource } from './random-source.js';
import { CHOOSE_INTERRUPT, CHOOSE_PART, CHOOSE_SEED, CHOOSE_SLEEPER } from './strategy.js';

/** Probabilities from which one is drawn for each execution; what stands here more often is drawn more often. */
export interface Weaknesses {
  /** That a load returns something older than the newest value. */
  readonly stale: readonly number[];
  /** That a store comes before others in coherence order. */
  readonly middle: readonly number[];
  /** That a trylock fails late. */
  readonly fail: readonly number[];
  /** That a pending interrupt is taken at once. */
  readonly interrupt: readonly number[];
}

/** All that a memory can be, about as often. */
const EVEN: Weaknesses = {
  stale: [0, 0.3, 0.8, 1],
  middle: [0, 0.3, 1],
  fail: [0, 0, 0.2],
  interrupt: [0.02, 0.3, 0.9],
};

/** A value that is to be drawn more often than others. */
export const times = (n: number, value: number): number[] => Array.from({ length: n }, () => value);

/**
 * What found the rare bugs of the catalogue soonest (`npm run bench:find`): some stale loads in almost all
 * executions, stores mostly in their order, interrupts mostly taken at once.
 */
export const TUNED: Weaknesses = {
  stale: [0, 0.1, 0.1, ...times(4, 0.3), ...times(4, 0.6), ...times(4, 0.8), 1],
  middle: [...times(5, 0), 0.1, ...times(3, 0.3), 1],
  fail: [0, 0, 0, 0.2, 0.2],
  interrupt: [0.02, ...times(3, 0.3), ...times(4, 0.6), ...times(8, 0.9)],
};

/** Answers the choices of the memory at random. */
export class Weakness {
  readonly #random: RandomSource;
  readonly #drawn: Weaknesses;
  #stale = 0;
  #middle = 0;
  #fail = 0;
  #interrupt = 0;

  /** @param drawn what is drawn from; default {@link EVEN} */
  constructor(random: RandomSource, drawn: Weaknesses = EVEN) {
    this.#random = random;
    this.#drawn = drawn;
  }

  /** Start another execution. */
  draw(): void {
    const { stale, middle, fail, interrupt } = this.#drawn;
    this.#stale = this.#oneOf(stale);
    this.#middle = this.#oneOf(middle);
    this.#fail = this.#oneOf(fail);
    this.#interrupt = this.#oneOf(interrupt);
  }

  #oneOf(values: readonly number[]): number {
    return values[this.#random.below(values.length)] as number;
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
