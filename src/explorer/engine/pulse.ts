/** Signs of life of a worker: whoever waits for it sees that it executes operations, and whose processor time to look at. */

import { readlinkSync } from 'node:fs';

/** What a worker shows to whoever waits for it. */
export type Pulse = Int32Array<SharedArrayBuffer>;

/** Words of a {@link Pulse}: the thread, see {@link threadOf}, and a count that moves. */
const [THREAD, BEATS] = [0, 1];

/** A thread that has begun, of an operating system that does not tell its id. */
export const UNKNOWN_THREAD = -1;

/** A pulse of its own for each task, before it is sent to a worker. */
export const newPulse = (): Pulse => new Int32Array(new SharedArrayBuffer(8));

/** The thread's id in the operating system; 0 until it has begun, {@link UNKNOWN_THREAD} where the system does not tell. */
export const threadOf = (pulse: Pulse): number => pulse[THREAD] ?? 0;

/** A number that changes while the worker executes operations. */
export const beatsOf = (pulse: Pulse): number => pulse[BEATS] ?? 0;

function ownThread(): number {
  try {
    return Number(readlinkSync('/proc/thread-self').replace(/^.*\//, ''));
  } catch {
    return UNKNOWN_THREAD;
  }
}

const own = { pulse: newPulse(), thread: 0 };

/** From now on this thread shows its signs of life here. */
export function showPulse(pulse: Pulse): void {
  if (own.thread === 0) own.thread = ownThread();
  pulse[THREAD] = own.thread;
  own.pulse = pulse;
}

/** An operation has been executed, or many. Only whether the count moves matters, so it is a plain store. */
export function beat(): void {
  const { pulse } = own;
  pulse[BEATS] = ((pulse[BEATS] as number) + 1) | 0;
}
