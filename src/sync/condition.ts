/** Condition variables: sleep, with the mutex released, until another thread has changed what the mutex protects. */

import { checkDeadline, NEVER, timeLeft } from './deadline.js';
import { Mutex } from './mutex.js';
import { sharedWords, type SharedWords } from './words.js';

/** Word that counts signals: a sleeper waits for it to change, so a signal between its unlock and its sleep is not lost. */
const SIGNALS = 0;

function signalTo(cond: SharedWords, count: number): void {
  Atomics.add(cond, SIGNALS, 1);
  Atomics.notify(cond, SIGNALS, count);
}

function waitUntil(
  cond: SharedWords,
  mutex: SharedWords,
  threadId: number,
  timestamp: number,
): boolean {
  const seen = Atomics.load(cond, SIGNALS);
  Mutex.unlock(mutex, threadId);
  const woken = Atomics.wait(cond, SIGNALS, seen, timeLeft(timestamp));
  // A signal at the last moment may have counted this thread as a sleeper, so it counts as woken.
  const isSignalled = woken !== 'timed-out' || Atomics.load(cond, SIGNALS) !== seen;
  Mutex.lock(mutex, threadId);
  return isSignalled;
}

/**
 * A condition variable over shared words, with the static API of atomics-sync 1.0. A thread may wake with no signal meant for it: test
 * the condition in a loop.
 */
export const Condition = {
  /** A new condition variable; hand the same words to every thread. */
  init(): SharedWords {
    return sharedWords(1);
  },

  /** Wake one of the threads that wait. */
  signal(cond: SharedWords): void {
    signalTo(cond, 1);
  },

  /** Wake all threads that wait. */
  broadcast(cond: SharedWords): void {
    signalTo(cond, Infinity);
  },

  /**
   * Release the mutex, sleep until a signal, take the mutex again.
   * @throws {PermissionError} if the thread does not own the mutex
   * @throws {InvalidError} if the thread id is invalid
   */
  wait(cond: SharedWords, mutex: SharedWords, threadId: number): void {
    waitUntil(cond, mutex, threadId, NEVER);
  },

  /**
   * As {@link Condition.wait}, but no longer than until `timestamp`; the mutex is taken again in either case, however long that lasts.
   * @param timestamp when to give up, in ms since the epoch
   * @returns false if the time came first
   * @throws {PermissionError} if the thread does not own the mutex
   * @throws {InvalidError} if the thread id or the timestamp is invalid
   */
  timedWait(cond: SharedWords, mutex: SharedWords, threadId: number, timestamp: number): boolean {
    checkDeadline(timestamp);
    return waitUntil(cond, mutex, threadId, timestamp);
  },
} as const;
