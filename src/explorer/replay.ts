/** Replay strategy: follows a recorded schedule; where the code no longer fits it, goes on without switching. */

import type { Schedule, Turn } from './schedule.js';
import { lowest, type Position, type Strategy } from './strategy.js';

/** Choices by CPU, step and index. */
function keyOf(cpu: number, step: number, index: number): number {
  return (step * 32 + cpu) * 8 + index;
}

/** Follows one schedule, any number of times. Turns of a CPU that is blocked are left out. */
export class ReplayStrategy implements Strategy {
  readonly observes = false;
  fuel = 1;
  readonly #schedule: Schedule;
  readonly #choices = new Map<number, number>();
  #turn = 0;

  constructor(schedule: Schedule) {
    this.#schedule = schedule;
    for (const { cpu, step, index, value } of schedule.choices) {
      this.#choices.set(keyOf(cpu, step, index), value);
    }
  }

  begin(): boolean {
    this.#turn = 0;
    return true;
  }

  next(runnable: number, last: number, cpus: readonly Position[]): number {
    const { turns } = this.#schedule;
    while (this.#turn < turns.length) {
      const { cpu, until } = turns[this.#turn++] as Turn;
      const left = until - (cpus[cpu]?.count ?? until);
      if (left <= 0 || (runnable & (1 << cpu)) === 0) continue;
      this.fuel = left;
      return cpu;
    }
    this.fuel = Number.MAX_SAFE_INTEGER;
    return last >= 0 && (runnable & (1 << last)) !== 0 ? last : lowest(runnable);
  }

  choose(
    n: number,
    _kind: number,
    cpu: number,
    _addr: number,
    step: number,
    index: number,
  ): number {
    return Math.min(this.#choices.get(keyOf(cpu, step, index)) ?? 0, n - 1);
  }

  observe(): void {
    // The schedule is fixed.
  }

  end(): void {
    // Nothing is carried over.
  }
}
