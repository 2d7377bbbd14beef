/** Work that is done by the first thread that comes along, and by no other. */

import { sharedWords, type SharedWords } from './words.js';

const STATE = 0;
const NOT_EXECUTED = 0;
const RUNNING = 1;
const EXECUTED = 2;

function settle(once: SharedWords, state: number): void {
  Atomics.store(once, STATE, state);
  Atomics.notify(once, STATE);
}

function run(once: SharedWords, fn: () => void): void {
  let outcome = NOT_EXECUTED;
  try {
    fn();
    outcome = EXECUTED;
  } finally {
    settle(once, outcome);
  }
}

/**
 * One-time execution over a shared word, with the static API of atomics-sync 1.0. As with POSIX `pthread_once`, and more than the
 * package promises, who comes second waits until the function has returned. A function must not execute its own once.
 */
export const Once = {
  /** A new once; hand the same words to every thread. */
  init(): SharedWords {
    return sharedWords(1);
  },

  /**
   * Run `fn` unless it has run; on return it has run to its end, in this thread or another. If it throws it counts as not executed: the
   * caller gets the error, and the next thread tries.
   */
  execute(once: SharedWords, fn: () => void): void {
    for (;;) {
      const state = Atomics.compareExchange(once, STATE, NOT_EXECUTED, RUNNING);
      if (state === EXECUTED) return;
      if (state === NOT_EXECUTED) {
        run(once, fn);
        return;
      }
      Atomics.wait(once, STATE, RUNNING);
    }
  },

  /** Whether the function has run to its end. */
  isExecuted(once: SharedWords): boolean {
    return Atomics.load(once, STATE) === EXECUTED;
  },
} as const;
