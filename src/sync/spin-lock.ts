/** Mutual exclusion for sections of a few instructions; waiters spin first. */

import { NEVER } from './deadline.js';
import * as ownership from './ownership.js';
import type { SharedWords } from './words.js';

/** Attempts before a waiter goes to sleep: the owner may itself be off the processor, and spinning would keep it there. */
const SPIN_TURNS = 128;

/** The processor's spin hint, where this Node has it. */
const pause: () => void =
  (Atomics as { pause?: () => void }).pause?.bind(Atomics) ?? (() => undefined);

/**
 * A lock over shared words, with the static API of atomics-sync 1.0. Unlike the package's it never spins for long: after
 * `SPIN_TURNS` attempts a waiter sleeps as a mutex's does, since there may be more threads than processors.
 */
export const SpinLock = {
  /** A new free lock; hand the same words to every thread. */
  init(): SharedWords {
    return ownership.freeLock();
  },

  /**
   * Take the lock.
   * @throws {DeadlockError} if the thread owns it already
   * @throws {InvalidError} if the thread id is no 32-bit integer or 0
   */
  lock(lock: SharedWords, threadId: number): void {
    ownership.checkMayLock(lock, threadId);
    for (let turn = 0; turn < SPIN_TURNS; turn++) {
      if (ownership.tryAcquire(lock, threadId)) return;
      pause();
    }
    ownership.sleepAcquire(lock, threadId, NEVER);
  },

  /**
   * Take the lock if it is free.
   * @returns whether the lock was taken
   * @throws {DeadlockError} if the thread owns it already
   * @throws {InvalidError} if the thread id is invalid
   */
  tryLock(lock: SharedWords, threadId: number): boolean {
    ownership.checkMayLock(lock, threadId);
    return ownership.tryAcquire(lock, threadId);
  },

  /**
   * Give the lock back.
   * @throws {PermissionError} if the thread does not own it
   * @throws {InvalidError} if the thread id is invalid
   */
  unlock(lock: SharedWords, threadId: number): void {
    ownership.release(lock, threadId);
  },
} as const;
