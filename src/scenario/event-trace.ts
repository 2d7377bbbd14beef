/** What `cpu.trace()` recorded in one execution: plain numbers, so that recording allocates nothing. */

import type { CpuId } from '../memory/struct.js';

/** One `cpu.trace()` call. */
export interface TraceEvent {
  readonly cpu: CpuId;
  readonly event: number;
  readonly a: number;
  readonly b: number;
  readonly c: number;
}

/** Numbers of one event: CPU, event and three values. */
export const EVENT_NUMBERS = 5;

/** The events of one execution, in order. */
export class EventTrace {
  readonly #numbers: number[];
  // Only so many elements count: emptying an array would give its memory away, execution after execution.
  #count: number;

  /** @param numbers events that were recorded elsewhere, as {@link EventTrace.push} takes them, one after the other */
  constructor(numbers: number[] = []) {
    this.#numbers = numbers;
    this.#count = numbers.length;
  }

  /** Record an event. */
  push(cpu: number, event: number, a: number, b: number, c: number): void {
    const numbers = this.#numbers;
    const at = this.#count;
    numbers[at] = cpu;
    numbers[at + 1] = event;
    numbers[at + 2] = a;
    numbers[at + 3] = b;
    numbers[at + 4] = c;
    this.#count = at + EVENT_NUMBERS;
  }

  /** Forget all events. */
  clear(): void {
    this.#count = 0;
  }

  /** Number of events. */
  get length(): number {
    return this.#count / EVENT_NUMBERS;
  }

  /** Call `visit` for each event, in order. */
  each(visit: (cpu: CpuId, event: number, a: number, b: number, c: number) => void): void {
    const numbers = this.#numbers;
    for (let i = 0; i < this.#count; i += EVENT_NUMBERS) {
      visit(
        numbers[i] as CpuId,
        numbers[i + 1] as number,
        numbers[i + 2] as number,
        numbers[i + 3] as number,
        numbers[i + 4] as number,
      );
    }
  }

  /** The events as objects. */
  list(): TraceEvent[] {
    const events: TraceEvent[] = [];
    this.each((cpu, event, a, b, c) => void events.push({ cpu, event, a, b, c }));
    return events;
  }
}
