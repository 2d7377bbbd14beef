/**
 * Time that passes while CPUs are busy. It is counted in operations, so it passes at the same places however often the
 * strategy is asked.
 */

import type { BusyTime, StateAccess } from '../../scenario/declare.js';

/** Operations until a jiffy when no more time passes; a small integer, for speed. */
const NEVER = 0x3fffffff;

/** Counts the operations that are granted between two decisions, and lets jiffies pass. */
export class BusyClock {
  readonly #time: BusyTime;
  #untilTick: number;
  #granted = 0;

  constructor(time: BusyTime) {
    this.#time = time;
    this.#untilTick = time.operations;
  }

  /** Start another execution. */
  restart(): void {
    this.#untilTick = this.#time.operations;
    this.#granted = 0;
  }

  /**
   * Grant a number of operations before the next decision. Returns how many of them do not go beyond the next jiffy.
   */
  grant(operations: number): number {
    return (this.#granted = Math.min(operations, this.#untilTick));
  }

  /** Take back some of the granted operations: they will not be executed. */
  takeBack(operations: number): void {
    this.#granted -= operations;
  }

  /** The granted operations have been executed, except for `left` of them. */
  pass(left: number, state: StateAccess): void {
    this.#untilTick -= this.#granted - Math.max(left, 0);
    this.#granted = 0;
    if (this.#untilTick > 0) return;
    this.#untilTick = this.#time.pass(state) ? this.#time.operations : NEVER;
  }
}
