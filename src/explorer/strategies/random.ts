/** Random strategy: each execution draws how it schedules (uniform, sticky, uneven, by priorities) and how weak its memory is. */

import { RandomSource } from '../engine/random-source.js';
import { countOf, nth, type Strategy } from '../engine/strategy.js';
import { Weakness } from '../engine/weakness.js';

const UNIFORM = 0;
const STICKY = 1;
const PRIORITY = 2;
const UNEVEN = 3;
/** Modes, each as often as it stands here. */
const MODES = [UNIFORM, STICKY, PRIORITY, UNEVEN, UNEVEN] as const;

/** Longest turn of an uneven execution, as a power of 2. */
const UNEVEN_BITS = 10;

/** Mean number of operations between two decisions of an execution that does not schedule uniformly; drawn for each. */
const PACES = [4, 12, 40, 120, 400] as const;

/** Draws everything from a seed and the number of the execution. */
export class RandomStrategy implements Strategy {
  readonly observes = false;
  readonly restsAlone: boolean = true;
  fuel = 1;
  readonly #seed: number;
  readonly #random = new RandomSource();
  readonly #priorities = new Float64Array(32);
  #mode = UNIFORM;
  #pace = 1;
  readonly #weakness = new Weakness(this.#random);

  constructor(seed: number) {
    this.#seed = seed;
  }

  begin(run: number): boolean {
    const random = this.#random;
    random.seed(this.#seed, run);
    this.#mode = MODES[random.below(MODES.length)] as number;
    this.#pace = PACES[random.below(PACES.length)] as number;
    this.#weakness.draw();
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
    this.fuel = this.#turn();
    return nth(runnable, this.#random.below(countOf(runnable)));
  }

  /** Operations of a turn: one, about as many as the pace says, or anything between one and very many. */
  #turn(): number {
    const random = this.#random;
    if (this.#mode === UNIFORM) return 1;
    if (this.#mode === STICKY) return 1 + random.below(2 * this.#pace);
    return 1 + random.below(1 << random.below(UNEVEN_BITS + 1));
  }

  #byPriority(runnable: number, last: number): number {
    const priorities = this.#priorities;
    if (last >= 0) priorities[last] = this.#random.next() * 0.5;
    let best = -1;
    for (let rest = runnable; rest !== 0; rest &= rest - 1) {
      const cpu = nth(rest, 0);
      if (best < 0 || (priorities[cpu] as number) > (priorities[best] as number)) best = cpu;
    }
    this.fuel = 1 + this.#random.below(2 * this.#pace);
    return best;
  }

  choose(n: number, kind: number): number {
    return this.#weakness.choose(n, kind);
  }

  observe(): void {
    // Draws do not depend on what was executed.
  }

  end(): void {
    // Nothing is carried over to the next execution.
  }
}
