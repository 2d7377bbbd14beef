/** Replay strategy: makes the decisions of a schedule, and the default ones everywhere else. */

import type { Schedule } from '../engine/schedule.js';
import { INTERRUPT_INDEX, lowest, type Position, type Strategy } from '../engine/strategy.js';

/** Choices by CPU, step and index. */
function choiceKey(cpu: number, step: number, index: number): number {
  return (step * 32 + cpu) * 8 + index;
}

/** Switches by CPU and operation. */
function switchKey(cpu: number, at: number): number {
  return at * 64 + cpu + 1;
}

/** Follows one schedule, any number of times. A switch to a CPU that cannot go on is left out. */
export class ReplayStrategy implements Strategy {
  readonly observes = false;
  readonly restsAlone = true;
  fuel = 1;
  readonly #choices = new Map<number, number>();
  readonly #switches = new Map<number, number>();
  /** CPUs with decisions other than choices of the memory. The strategy must be asked at each of their operations. */
  #decided = 0;

  constructor(schedule: Schedule) {
    for (const { cpu, step, index, value } of schedule.choices) {
      this.#choices.set(choiceKey(cpu, step, index), value);
      if (index === INTERRUPT_INDEX) this.#decided |= 1 << cpu;
    }
    for (const { cpu, at, to } of schedule.switches) {
      this.#switches.set(switchKey(cpu, at), to);
      if (cpu >= 0) this.#decided |= 1 << cpu;
    }
  }

  begin(): boolean {
    return true;
  }

  next(runnable: number, last: number, cpus: readonly Position[]): number {
    const to = this.#switches.get(switchKey(last, cpus[last]?.decidedAt ?? 0)) ?? -1;
    const goesOn = last >= 0 && (runnable & (1 << last)) !== 0;
    const otherwise = goesOn ? last : lowest(runnable);
    const cpu = to >= 0 && (runnable & (1 << to)) !== 0 ? to : otherwise;
    this.fuel = (this.#decided & (1 << cpu)) === 0 ? Number.MAX_SAFE_INTEGER : 1;
    return cpu;
  }

  choose(
    n: number,
    _kind: number,
    cpu: number,
    _addr: number,
    step: number,
    index: number,
  ): number {
    return Math.min(this.#choices.get(choiceKey(cpu, step, index)) ?? 0, n - 1);
  }

  observe(): void {
    // The schedule is fixed.
  }

  end(): void {
    // Nothing is carried over.
  }
}
