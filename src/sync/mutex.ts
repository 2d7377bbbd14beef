/** Mutual exclusion between threads of the harness; waiters sleep. */

import { checkDeadline, NEVER } from './deadline.js';
import * as ownership from './ownership.js';
import type { SharedWords } from './words.js';

/**
 * A lock over shared words, with the static API of atomics-sync 1.0: a thread passes its own id, a 32-bit integer other than 0 that
 * no other thread uses.
 *
 * More than the package promises: a thread that dies is never in between taking the lock and being its owner, and
 * {@link Mutex.recover} frees what it held.
 */
export const Mutex = {
  /** A new free mutex; hand the same words to every thread. */
  init(): SharedWords {
    return ownership.freeLock();
  },

  /**
   * Take the mutex, asleep until it is free.
   * @throws {DeadlockError} if the thread owns it already
   * @throws {InvalidError} if the thread id is no 32-bit integer or 0
   */
  lock(mutex: SharedWords, threadId: number): void {
    ownership.checkMayLock(mutex, threadId);
    if (!ownership.tryAcquire(mutex, threadId)) ownership.sleepAcquire(mutex, threadId, NEVER);
  },

  /**
   * Take the mutex, asleep until it is free or the time has come.
   * @param timestamp when to give up, in ms since the epoch; one in the past means one attempt
   * @returns whether the mutex was taken
   * @throws {DeadlockError} if the thread owns it already
   * @throws {InvalidError} if the thread id or the timestamp is invalid
   */
  timedLock(mutex: SharedWords, threadId: number, timestamp: number): boolean {
    checkDeadline(timestamp);
    ownership.checkMayLock(mutex, threadId);
    const isTaken = ownership.tryAcquire(mutex, threadId);
    return isTaken || ownership.sleepAcquire(mutex, threadId, timestamp);
  },

  /**
   * Take the mutex if it is free.
   * @returns whether the mutex was taken
   * @throws {DeadlockError} if the thread owns it already
   * @throws {InvalidError} if the thread id is invalid
   */
  tryLock(mutex: SharedWords, threadId: number): boolean {
    ownership.checkMayLock(mutex, threadId);
    return ownership.tryAcquire(mutex, threadId);
  },

  /**
   * Give the mutex back and wake one waiter.
   * @throws {PermissionError} if the thread does not own it
   * @throws {InvalidError} if the thread id is invalid
   */
  unlock(mutex: SharedWords, threadId: number): void {
    ownership.release(mutex, threadId);
  },

  /**
   * Clean up after a thread that has ended without a word; ours, not the package's. Only for a thread that surely runs no more.
   * @returns whether it had held the mutex: what the mutex protects may then be half changed
   * @throws {InvalidError} if the thread id is invalid
   */
  recover(mutex: SharedWords, endedThreadId: number): boolean {
    return ownership.disown(mutex, endedThreadId);
  },
} as const;
