/** Where threads wait for each other between executions. */

import { UsageError } from '../errors.js';

/** Words of a rendezvous, the first ones of its control block: arrivals, and how often all have arrived. */
const ARRIVED = 0;
const GENERATION = 1;
export const RENDEZVOUS_WORDS = 2;
/** Turns of a spin wait before the thread sleeps. */
const SPIN_TURNS = 2000;
/** Longest sleep, so that a thread whose partner died does not wait for ever. */
const WAIT_MS = 10_000;

/** A barrier of threads. */
export class Rendezvous {
  readonly #words: Int32Array;
  readonly #threads: number;

  constructor(words: Int32Array, threads: number) {
    this.#words = words;
    this.#threads = threads;
  }

  /** Wait until all threads are here. @throws UsageError when one of them does not come */
  wait(): void {
    const words = this.#words;
    const generation = Atomics.load(words, GENERATION);
    if (Atomics.add(words, ARRIVED, 1) + 1 === this.#threads) {
      Atomics.store(words, ARRIVED, 0);
      Atomics.add(words, GENERATION, 1);
      Atomics.notify(words, GENERATION);
      return;
    }
    for (let turn = 0; turn < SPIN_TURNS; turn++) {
      if (Atomics.load(words, GENERATION) !== generation) return;
    }
    // The last thread counts before it notifies: its notification may come when others wait for the next generation.
    while (Atomics.load(words, GENERATION) === generation) {
      if (Atomics.wait(words, GENERATION, generation, WAIT_MS) === 'timed-out') {
        throw new UsageError('a CPU of the race did not reach its end on real threads');
      }
    }
  }
}
