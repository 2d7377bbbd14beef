/** What distinguishes one execution from another: each decision that is not the default one. */

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

/** Records a schedule while it is executed. */
export class ScheduleLog {
  readonly #switches: number[] = [];
  readonly #choices: number[] = [];

  clear(): void {
    // Emptying an array that is empty costs a call of the engine.
    if (this.#switches.length !== 0) this.#switches.length = 0;
    if (this.#choices.length !== 0) this.#choices.length = 0;
  }

  switch(cpu: number, at: number, to: number): void {
    this.#switches.push(cpu, at, to);
  }

  choice(cpu: number, step: number, index: number, value: number): void {
    this.#choices.push(cpu, step, index, value);
  }

  /** The schedule recorded so far. */
  schedule(): Schedule {
    const switches: Switch[] = [];
    for (let i = 0; i < this.#switches.length; i += 3) {
      const [cpu = 0, at = 0, to = 0] = this.#switches.slice(i, i + 3);
      switches.push({ cpu, at, to });
    }
    const choices: Choice[] = [];
    for (let i = 0; i < this.#choices.length; i += 4) {
      const [cpu = 0, step = 0, index = 0, value = 0] = this.#choices.slice(i, i + 4);
      choices.push({ cpu, step, index, value });
    }
    return { switches, choices };
  }
}
