/** What distinguishes one execution from another: who ran for how many operations, and each non-zero choice. */

/** One CPU goes on until it has executed `until` operations in all, waits and ends of code included. */
export interface Turn {
  readonly cpu: number;
  readonly until: number;
}

/** A choice other than 0, at the `index`-th choice of operation number `step` of a CPU. */
export interface Choice {
  readonly cpu: number;
  readonly step: number;
  readonly index: number;
  readonly value: number;
}

/** A complete, replayable execution of a scenario. */
export interface Schedule {
  readonly turns: readonly Turn[];
  readonly choices: readonly Choice[];
}

/** Number of times that a CPU goes on after another one. */
export function switchesOf(schedule: Schedule): number {
  return Math.max(0, schedule.turns.length - 1);
}

/** Records a schedule while it is executed. */
export class ScheduleLog {
  readonly #turns: number[] = [];
  readonly #choices: number[] = [];

  clear(): void {
    this.#turns.length = 0;
    this.#choices.length = 0;
  }

  /** `cpu` has executed `until` operations in all and is followed by another. */
  turn(cpu: number, until: number): void {
    this.#turns.push(cpu, until);
  }

  choice(cpu: number, step: number, index: number, value: number): void {
    this.#choices.push(cpu, step, index, value);
  }

  /** The schedule recorded so far; turns of one CPU in a row are one. */
  schedule(): Schedule {
    const turns: Turn[] = [];
    for (let i = 0; i < this.#turns.length; i += 2) {
      const [cpu = 0, until = 0] = this.#turns.slice(i, i + 2);
      const before = turns.findLast((t) => t.cpu === cpu)?.until ?? 0;
      if (until === before) continue;
      if (turns.at(-1)?.cpu === cpu) turns.pop();
      turns.push({ cpu, until });
    }
    const choices: Choice[] = [];
    for (let i = 0; i < this.#choices.length; i += 4) {
      const [cpu = 0, step = 0, index = 0, value = 0] = this.#choices.slice(i, i + 4);
      choices.push({ cpu, step, index, value });
    }
    return { turns, choices };
  }
}
