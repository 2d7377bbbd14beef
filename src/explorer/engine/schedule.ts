/** What distinguishes one execution from another: each decision that is not the default one. */

import { UsageError } from '../../errors.js';

/**
 * A switch that the default does not make: when `cpu` is at position `at` of its own code, `to` goes on.
 * The default is that a CPU goes on as long as it can, and then the lowest one that can.
 */
export interface Switch {
  /** -1: the beginning. */
  readonly cpu: number;
  readonly at: number;
  readonly to: number;
}

/** A choice other than 0, at the `index`-th choice of the operation at position `step` of a CPU. */
export interface Choice {
  readonly cpu: number;
  readonly step: number;
  readonly index: number;
  readonly value: number;
}

/** A complete, replayable execution of a scenario. */
export interface Schedule {
  readonly switches: readonly Switch[];
  readonly choices: readonly Choice[];
}

/** The execution without any decision. */
export const DEFAULT_SCHEDULE: Schedule = { switches: [], choices: [] };

/** Decisions that a schedule may have: what replays one keeps each in a map, and a longer log would take all memory. */
const MOST_DECISIONS = 4_000_000;

/** Records a schedule while it is executed. */
export class ScheduleLog {
  readonly #most: number;
  // Only so many elements count: emptying an array would give its memory away, execution after execution.
  readonly #switches: number[] = [];
  #switched = 0;
  readonly #choices: number[] = [];
  #chosen = 0;
  #count = 0;
  #isWhole = true;

  /** @param most decisions; what comes after them is not recorded */
  constructor(most = MOST_DECISIONS) {
    this.#most = most;
  }

  clear(): void {
    this.#switched = 0;
    this.#chosen = 0;
    this.#count = 0;
    this.#isWhole = true;
  }

  /** Whether every decision was recorded. */
  get isWhole(): boolean {
    return this.#isWhole;
  }

  /** Count a decision. Returns whether it is to be recorded. */
  #counts(): boolean {
    if (this.#count < this.#most) {
      this.#count++;
      return true;
    }
    this.#isWhole = false;
    return false;
  }

  switch(cpu: number, at: number, to: number): void {
    if (!this.#counts()) return;
    const log = this.#switches;
    log[this.#switched++] = cpu;
    log[this.#switched++] = at;
    log[this.#switched++] = to;
  }

  choice(cpu: number, step: number, index: number, value: number): void {
    if (!this.#counts()) return;
    const log = this.#choices;
    log[this.#chosen++] = cpu;
    log[this.#chosen++] = step;
    log[this.#chosen++] = index;
    log[this.#chosen++] = value;
  }

  /**
   * The schedule recorded so far.
   *
   * @throws UsageError when it has more decisions than can be replayed
   */
  schedule(): Schedule {
    if (!this.#isWhole) {
      throw new UsageError(
        `an execution took more than ${this.#most.toLocaleString('en')} decisions, too many to be replayed: let it take fewer operations (--steps)`,
      );
    }
    const switches: Switch[] = [];
    for (let i = 0; i < this.#switched; i += 3) {
      const [cpu = 0, at = 0, to = 0] = this.#switches.slice(i, i + 3);
      switches.push({ cpu, at, to });
    }
    const choices: Choice[] = [];
    for (let i = 0; i < this.#chosen; i += 4) {
      const [cpu = 0, step = 0, index = 0, value = 0] = this.#choices.slice(i, i + 4);
      choices.push({ cpu, step, index, value });
    }
    return { switches, choices };
  }
}
