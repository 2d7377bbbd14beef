/**
 * Random executions before a search under a weak memory. What such a search leaves out of a state depends on what the
 * code may still do. Where that is not known, a state would be mistaken for another one, and lead to results that
 * cannot happen.
 */

import { RandomSource } from '../engine/random-source.js';
import { countOf, lowest } from '../engine/strategy.js';
import type { Walk } from './walk.js';

const SEED = 2;
/** Random executions at the beginning. */
export const LEARNT_FROM = 300;
/** Steps after which an execution is given up: it may wait for a message that it never reads. */
const MOST_STEPS = 4000;
/** How often a CPU is left for another, and how often the memory does not answer the newest: drawn for each execution. */
const SWITCHES = [1, 0.3, 0.1] as const;
const STALE = [0, 0.2, 0.5, 1] as const;

/** Executes code to learn what it does. */
export class Learning {
  readonly #random = new RandomSource();
  /** Executions so far. */
  run = 0;

  /** Execute the race at random, as a whole, a number of times. */
  learn(walk: Walk, executions: number): void {
    for (let run = 0; run < executions; run++) this.#execute(walk);
  }

  #execute(walk: Walk): void {
    const random = this.#random;
    random.seed(SEED, this.run++);
    const stale = STALE[random.below(STALE.length)] as number;
    const switches = SWITCHES[random.below(SWITCHES.length)] as number;
    walk.random = (n) => (random.chance(stale) ? 1 + random.below(n - 1) : 0);
    walk.isLearning = true;
    walk.start();
    let last = -1;
    const most = walk.steps + MOST_STEPS;
    for (let choices = walk.come(); choices !== 0; choices = walk.come()) {
      if (walk.steps > most) break;
      const goesOn = last >= 0 && ((choices >> last) & 1) === 1 && !random.chance(switches);
      if (!goesOn) last = this.#choose(choices);
      walk.take(last);
    }
    walk.random = undefined;
    walk.isLearning = false;
  }

  #choose(choices: number): number {
    let left = choices;
    for (let skip = this.#random.below(countOf(choices)); skip > 0; skip--) left &= left - 1;
    return lowest(left);
  }
}
