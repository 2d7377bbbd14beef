/** Absolute deadlines, in milliseconds since the epoch as `Date.now()` gives them. */

import { InvalidError } from './errors.js';

/** The deadline that never comes. */
export const NEVER = Infinity;

/** Throw InvalidError unless `timestamp` is a number of milliseconds (Infinity: wait forever). */
export function checkDeadline(timestamp: number): void {
  if (typeof timestamp !== 'number' || Number.isNaN(timestamp)) {
    throw new InvalidError(`timestamp ${timestamp} is not a number of milliseconds`);
  }
}

/** Milliseconds left until `timestamp`; 0 when it has passed. */
export function timeLeft(timestamp: number): number {
  // The package's timeouts are points of real time: the harness's own clock, never the simulated kernel's.
  // eslint-disable-next-line no-restricted-globals
  return timestamp === NEVER ? NEVER : Math.max(0, timestamp - Date.now());
}
