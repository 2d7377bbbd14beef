/** Timers of an agent's event loop, in virtual time. */

import type { Coroutine } from '../runtime/keys.js';

/** The longest delay of a timer, in ms; longer ones count as 1. */
const LONGEST = 2 ** 31 - 1;

/** A piece of work: run to its end before the next. */
export type Job = () => Coroutine;

/** A timer. */
export interface Timer {
  /** Virtual time at which it is due, in ms. */
  due: number;
  readonly delay: number;
  readonly repeats: boolean;
  readonly job: Job;
  /** Whether it keeps the agent alive. */
  isAlive: boolean;
  /** Order among timers that are due at the same time. */
  sequence: number;
  /** A time-out of `Atomics.waitAsync`, which is no timer of the program's. */
  readonly isInternal: boolean;
  isCleared: boolean;
}

/** Delay of a timer as Node takes it: at least 1 ms. */
export function delayOf(value: unknown): number {
  const ms = Number(value);
  return ms >= 1 && ms <= LONGEST ? Math.trunc(ms) : 1;
}

/** Timers that are due first come first; of those that are due together, the one that was started first. */
export function compareTimers(a: Timer, b: Timer): number {
  return a.due - b.due || a.sequence - b.sequence;
}
