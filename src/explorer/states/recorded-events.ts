/** The events recorded on the way to a state, and their hash. The latest events can be taken back. */

import { EventTrace } from '../../scenario/event-trace.js';
import { mix, mixAgain } from './hash.js';

/** A number of recorded events, with their hash. */
export interface EventsMark {
  readonly events: number;
  readonly low: number;
  readonly high: number;
}

/** Events in order. */
export class RecordedEvents {
  /** Hash over all of them, in two halves. */
  low = 0;
  high = 0;
  readonly #numbers: number[] = [];

  /** Record an event: its CPU, what it is, and its values. */
  push(...event: [cpu: number, event: number, a: number, b: number, c: number]): void {
    this.#numbers.push(...event);
    for (const n of event) {
      this.low = mix(this.low, n);
      this.high = mixAgain(this.high, n);
    }
  }

  mark(): EventsMark {
    return { events: this.#numbers.length, low: this.low, high: this.high };
  }

  restore({ events, low, high }: EventsMark): void {
    this.#numbers.length = events;
    this.low = low;
    this.high = high;
  }

  /** All numbers of all events, for {@link load}. */
  save(): readonly number[] {
    return this.#numbers;
  }
  /** They have to be taken back to a mark then. */
  load(numbers: readonly number[]): void {
    for (const n of numbers) this.#numbers.push(n);
  }

  clear(): void {
    this.restore({ events: 0, low: 0, high: 0 });
  }

  trace(): EventTrace {
    return new EventTrace([...this.#numbers]);
  }
}
