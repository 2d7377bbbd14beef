/** Permits that threads of the harness take and give back. */

import { checkDeadline, NEVER, timeLeft } from './deadline.js';
import { checkCount, INT32_MAX_VALUE, sharedWords, type SharedWords } from './words.js';

/** Word that holds the number of permits. */
const VALUE = 0;
/** Word that counts the threads that wait or are about to. */
const WAITERS = 1;

function take(sem: SharedWords): boolean {
  let value = Atomics.load(sem, VALUE);
  while (value > 0) {
    const seen = Atomics.compareExchange(sem, VALUE, value, value - 1);
    if (seen === value) return true;
    value = seen;
  }
  return false;
}

/** As `sleepAcquire` of ownership.ts: a waiter counts itself before it looks, a poster looks at the count after it has posted. */
function sleepTake(sem: SharedWords, timestamp: number): boolean {
  Atomics.add(sem, WAITERS, 1);
  let isTaken = take(sem);
  while (!isTaken) {
    const woken = Atomics.wait(sem, VALUE, 0, timeLeft(timestamp));
    isTaken = take(sem);
    if (woken === 'timed-out') break;
  }
  Atomics.sub(sem, WAITERS, 1);
  return isTaken;
}

/** A counting semaphore over shared words, with the static API of atomics-sync 1.0. */
export const Semaphore = {
  /**
   * A new semaphore; hand the same words to every thread.
   * @param value permits at the start
   * @throws {InvalidError} if `value` is no integer
   * @throws {RangeError} if it is negative or over 2³¹ − 1
   */
  init(value: number): SharedWords {
    checkCount('semaphore value', value, 0);
    const sem = sharedWords(2);
    Atomics.store(sem, VALUE, value);
    return sem;
  },

  /** Take a permit, asleep until there is one. */
  wait(sem: SharedWords): void {
    if (!take(sem)) sleepTake(sem, NEVER);
  },

  /**
   * Take a permit, asleep until there is one or the time has come.
   * @param timestamp when to give up, in ms since the epoch; one in the past means one attempt
   * @returns whether a permit was taken
   * @throws {InvalidError} if the timestamp is not a number
   */
  timedWait(sem: SharedWords, timestamp: number): boolean {
    checkDeadline(timestamp);
    return take(sem) || sleepTake(sem, timestamp);
  },

  /** Take a permit if there is one; returns whether it was taken. */
  tryWait(sem: SharedWords): boolean {
    return take(sem);
  },

  /**
   * Give one permit and wake one waiter. Every post wakes, not only one that finds no permit: of two posts in a row the second
   * finds the permit that the first waiter, still on its way, has not taken yet, and its own waiter would sleep on.
   * @throws {RangeError} if the semaphore holds 2³¹ − 1 permits already
   */
  post(sem: SharedWords): void {
    let value = Atomics.load(sem, VALUE);
    for (;;) {
      if (value === INT32_MAX_VALUE) throw new RangeError(`semaphore holds ${value} permits`);
      const seen = Atomics.compareExchange(sem, VALUE, value, value + 1);
      if (seen === value) break;
      value = seen;
    }
    if (Atomics.load(sem, WAITERS) > 0) Atomics.notify(sem, VALUE, 1);
  },

  /** How many permits there are at this moment. */
  getValue(sem: SharedWords): number {
    return Atomics.load(sem, VALUE);
  },
} as const;
