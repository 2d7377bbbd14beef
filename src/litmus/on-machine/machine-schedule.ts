/** Random choices for runs of the view machine: who steps next, how often a choice is a weak one. All from one seed. */

import type { ChoiceSource } from '../../memory/model.js';
import { CHOOSE_READ, CHOOSE_WRITE } from '../../memory/model.js';

/** A small seeded generator (xorshift with 32 bits of state). */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = (Math.imul(seed, 0x9e3779b1) ^ 0x5bd1e995) | 0 || 1;
  }

  #next(): number {
    let state = this.#state;
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    this.#state = state;
    return state >>> 0;
  }

  /** A whole number from 0 to n - 1. */
  below(n: number): number {
    return Math.floor((this.#next() / 2 ** 32) * n);
  }

  /** True with a probability. */
  chance(probability: number): boolean {
    return this.#next() < probability * 2 ** 32;
  }
}

/** Decides all that is random in an execution of a litmus test on the machine. */
export interface Schedule extends ChoiceSource {
  /** Start another execution of so many threads. */
  begin(threads: number): void;
  /** Which of the runnable threads steps next, or {@link GIVE_UP}. */
  next(runnable: readonly number[]): number;
}

/** Instead of a thread: the execution is of no interest any more. */
export const GIVE_UP = -1;

const UNIFORM = 0;
const STICKY = 1;
const WAYS = 3; // the third: by priority
const STAY = [0.5, 0.8, 0.95] as const;
const DEMOTE = [0.02, 0.1, 0.3] as const;
const STALE = [0, 0.3, 0.8, 1] as const;
const INSERT = [0, 0.3, 1] as const;

/** Draws, for each run, a way to schedule and how weak its choices are; then makes the choices. */
export class MixedChoices implements Schedule {
  readonly #random: Random;
  readonly #priorities: number[] = [];
  #way = UNIFORM;
  #stay = 0;
  #demote = 0;
  #stale = 0;
  #insert = 0;
  #last = -1;

  constructor(seed: number) {
    this.#random = new Random(seed);
  }

  /** Start another run of so many threads. */
  begin(threads: number): void {
    const random = this.#random;
    this.#way = random.below(WAYS);
    this.#stay = STAY[random.below(STAY.length)] as number;
    this.#demote = DEMOTE[random.below(DEMOTE.length)] as number;
    this.#stale = STALE[random.below(STALE.length)] as number;
    this.#insert = INSERT[random.below(INSERT.length)] as number;
    this.#last = -1;
    for (let t = 0; t < threads; t++) this.#priorities[t] = random.below(2 ** 20);
  }

  choose(n: number, kind: number): number {
    const r = this.#random;
    if (kind === CHOOSE_READ) return r.chance(this.#stale) ? 1 + r.below(n - 1) : 0;
    if (kind === CHOOSE_WRITE) return r.chance(this.#insert) ? 1 + r.below(n - 1) : 0;
    return r.below(n);
  }

  /** Which of the runnable threads steps next. */
  next(runnable: readonly number[]): number {
    const chosen = this.#pick(runnable);
    this.#last = chosen;
    return chosen;
  }

  #pick(runnable: readonly number[]): number {
    const random = this.#random;
    const any = runnable[random.below(runnable.length)] as number;
    if (this.#way === UNIFORM) return any;
    if (this.#way === STICKY) {
      return runnable.includes(this.#last) && random.chance(this.#stay) ? this.#last : any;
    }
    if (random.chance(this.#demote)) this.#priorities[any] = random.below(2 ** 20);
    const of = (t: number): number => this.#priorities[t] as number;
    return runnable.reduce((best, t) => (of(t) > of(best) ? t : best));
  }
}
