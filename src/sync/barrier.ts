/** A point that a party of threads passes together. */

import { Condition } from './condition.js';
import { Mutex } from './mutex.js';
import { checkCount, sharedWords, type SharedWords } from './words.js';

/** The words of a barrier; hand the same object to every thread. */
export interface BarrierObject {
  /** Size of the party, how many have arrived, how many parties have passed. */
  readonly barrier: SharedWords;
  readonly mutex: SharedWords;
  readonly cond: SharedWords;
}

const COUNT = 0;
const ARRIVED = 1;
const GENERATION = 2;

/** The last of a party: open the barrier for it, and close it for the next. */
function pass({ barrier, cond }: BarrierObject): void {
  Atomics.store(barrier, ARRIVED, 0);
  Atomics.add(barrier, GENERATION, 1);
  Condition.broadcast(cond);
}

/**
 * A barrier that can be passed again and again, also by more threads than one party has, with the static API of atomics-sync 1.0
 * (whose words are 64-bit ones).
 */
export const Barrier = {
  /**
   * A new barrier.
   * @param count threads in a party
   * @throws {InvalidError} if `count` is no integer
   * @throws {RangeError} if it is under 1 or over 2³¹ − 1
   */
  init(count: number): BarrierObject {
    checkCount('barrier count', count, 1);
    const barrier = sharedWords(3);
    Atomics.store(barrier, COUNT, count);
    return { barrier, mutex: Mutex.init(), cond: Condition.init() };
  },

  /**
   * Wait until the party is complete.
   * @returns true for the last to arrive, false for the others
   * @throws {InvalidError} if the thread id is no 32-bit integer or 0
   */
  wait(object: BarrierObject, threadId: number): boolean {
    const { barrier, mutex, cond } = object;
    Mutex.lock(mutex, threadId);
    const generation = Atomics.load(barrier, GENERATION);
    const isLast = Atomics.add(barrier, ARRIVED, 1) + 1 === Atomics.load(barrier, COUNT);
    if (isLast) pass(object);
    else {
      while (Atomics.load(barrier, GENERATION) === generation) {
        Condition.wait(cond, mutex, threadId);
      }
    }
    Mutex.unlock(mutex, threadId);
    return isLast;
  },
} as const;
