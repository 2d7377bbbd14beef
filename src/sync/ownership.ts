/** A lock word that names its owner: what Mutex and SpinLock share. */

import { timeLeft } from './deadline.js';
import { DeadlockError, PermissionError } from './errors.js';
import { checkThreadId, sharedWords, type SharedWords } from './words.js';

/**
 * Word that holds the owner's thread id, 0 while the lock is free. State and owner are one word, so there is no moment at which
 * the lock is taken and belongs to nobody: a thread that dies holding it is always known by its id.
 */
const OWNER = 0;
/** Word that counts the threads that wait or are about to; 0 spares the owner the cost of waking. */
const WAITERS = 1;
const FREE = 0;

/** A free lock. */
export const freeLock = (): SharedWords => sharedWords(2);

/** Throw unless `threadId` may ask for the lock: InvalidError for a bad id, DeadlockError if it is the owner already. */
export function checkMayLock(lock: SharedWords, threadId: number): void {
  checkThreadId(threadId);
  if (Atomics.load(lock, OWNER) === threadId) {
    throw new DeadlockError(`thread ${threadId} waits for the lock that it owns`);
  }
}

/** Take the lock if it is free; returns the owner that stood in the way, 0 for success. */
function ownerInTheWay(lock: SharedWords, threadId: number): number {
  return Atomics.compareExchange(lock, OWNER, FREE, threadId);
}

/** Take the lock if it is free, without waiting. */
export function tryAcquire(lock: SharedWords, threadId: number): boolean {
  return ownerInTheWay(lock, threadId) === FREE;
}

/**
 * Sleep until the lock is taken or the deadline has passed. No wake-up is lost: the thread counts as a waiter before it looks at the
 * owner, and the owner clears its word before it looks at the count in {@link release}, so one of the two sees the other; and
 * `Atomics.wait` compares and falls asleep in one step.
 * @returns whether the lock was taken
 */
export function sleepAcquire(lock: SharedWords, threadId: number, timestamp: number): boolean {
  Atomics.add(lock, WAITERS, 1);
  let owner = ownerInTheWay(lock, threadId);
  while (owner !== FREE) {
    const woken = Atomics.wait(lock, OWNER, owner, timeLeft(timestamp));
    owner = ownerInTheWay(lock, threadId);
    if (woken === 'timed-out') break;
  }
  Atomics.sub(lock, WAITERS, 1);
  return owner === FREE;
}

function wakeWaiters(lock: SharedWords, count: number): void {
  if (Atomics.load(lock, WAITERS) > 0) Atomics.notify(lock, OWNER, count);
}

/** Give the lock back and wake one waiter. Throws PermissionError if `threadId` does not own it, InvalidError for a bad id. */
export function release(lock: SharedWords, threadId: number): void {
  checkThreadId(threadId);
  const owner = Atomics.compareExchange(lock, OWNER, threadId, FREE);
  if (owner !== threadId) {
    const held = owner === FREE ? 'is free' : `belongs to thread ${owner}`;
    throw new PermissionError(`thread ${threadId} gives back a lock that ${held}`);
  }
  wakeWaiters(lock, 1);
}

/**
 * Clean up after a thread that has ended: free the lock if it was the owner, and wake all waiters in any case, since it may have been
 * the one that was woken last and have taken that wake-up along.
 * @returns whether it was the owner
 */
export function disown(lock: SharedWords, endedThreadId: number): boolean {
  checkThreadId(endedThreadId);
  const owner = Atomics.compareExchange(lock, OWNER, endedThreadId, FREE);
  wakeWaiters(lock, Infinity);
  return owner === endedThreadId;
}
