/** Random strategy: each execution draws how it schedules (uniform, sticky, by priorities) and how weak its memory is. */

import { CHOOSE_READ, CHOOSE_WRITE } from '../memory/model.js';
import { RandomSource } from './random-source.js';
import { countOf, nth, type Strategy } from './strategy.js';

const STALE = [0, 0.3, 0.8, 1] as const;
const MIDDLE = [0, 0.3, 1] as const;
const FAIL = [0, 0, 0.2] as const;

const UNIFORM = 0;
const STICKY = 1;
const PRIORITY = 2;

/** Mean number of operations between two switches of a sticky execution. */
const STICKY_STEPS = 5;
/** An execution by priorities changes one of them with this probability at each operation. */
const CHANGE_STEPS = 12;

/** Draws everything from a seed and the number of the execution. */
export class RandomStrategy implements Strategy {
  readonly observes = false;
  fuel = 1;
  readonly #seed: number;
  readonly #random = new RandomSource();
  readonly #priorities = new Float64Array(32);
  #mode = UNIFORM;
  #stale = 0;
  #middle = 0;
  #fail = 0;

  constructor(seed: number) {
    this.#seed = seed;
  }

  begin(run: number): boolean {
    const random = this.#random;
    random.seed(this.#seed, run);
    this.#mode = random.below(3);
    this.#stale = STALE[random.below(STALE.length)] as number;
    this.#middle = MIDDLE[random.below(MIDDLE.length)] as number;
    this.#fail = FAIL[random.below(FAIL.length)] as number;
    if (this.#mode === PRIORITY) {
      for (let i = 0; i < 32; i++) this.#priorities[i] = random.next();
    }
    return true;
  }

  next(runnable: number, last: number): number {
    if ((runnable & (runnable - 1)) === 0) {
      this.fuel = 1;
      return nth(runnable, 0);
    }
    if (this.#mode === PRIORITY) return this.#byPriority(runnable, last);
    this.fuel = this.#mode === STICKY ? 1 + this.#random.below(2 * STICKY_STEPS) : 1;
    return nth(runnable, this.#random.below(countOf(runnable)));
  }

  #byPriority(runnable: number, last: number): number {
    const priorities = this.#priorities;
    if (last >= 0) priorities[last] = this.#random.next() * 0.5;
    let best = -1;
    for (let rest = runnable; rest !== 0; rest &= rest - 1) {
      const cpu = nth(rest, 0);
      if (best < 0 || (priorities[cpu] as number) > (priorities[best] as number)) best = cpu;
    }
    this.fuel = 1 + this.#random.below(2 * CHANGE_STEPS);
    return best;
  }

  choose(n: number, kind: number): number {
    const random = this.#random;
    const weak =
      kind === CHOOSE_READ ? this.#stale : kind === CHOOSE_WRITE ? this.#middle : this.#fail;
    return random.chance(weak) ? 1 + random.below(n - 1) : 0;
  }

  observe(): void {
    // Draws do not depend on what was executed.
  }

  end(): void {
    // Nothing is carried over to the next execution.
  }
}
