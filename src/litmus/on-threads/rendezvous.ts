/** How the threads of a litmus test meet: at a barrier between rounds, and in step from trial to trial. */

import { MACHINE, MACHINE_BASE } from '../../memory/local.js';
import type { Addr } from '../../memory/struct.js';
import { RENDEZVOUS, type LitmusLayout } from './memory.js';

/** Looks at the gate of a barrier before a waiting thread goes to sleep on it. */
const GATE_LOOKS = 4000;
/** Longest sleep in milliseconds before a waiting thread looks whether the run was aborted. */
const SLEEP_MS = 20;
/** Number of looks at a thread that is behind, before it is taken to have lost its processor. */
const STEP_LOOKS = 20_000;
/** Looks after which a wait is no longer short. */
const SETTLE_LOOKS = 100;

/** End every wait of a run's threads, also those in their programs. */
export function abortLitmus(words: Int32Array, layout: LitmusLayout): void {
  Atomics.store(words, MACHINE_BASE + MACHINE.stop, 1);
  Atomics.store(words, layout.rendezvous + RENDEZVOUS.abort, 1);
}

/** One thread's side of the meeting places. A wait at the barrier ends when somebody aborts the run. */
export class Rendezvous {
  readonly #words: Int32Array;
  readonly #base: Addr;
  readonly #mine: Addr;
  readonly #others: readonly Addr[];

  constructor(words: Int32Array, layout: LitmusLayout, thread: number) {
    this.#words = words;
    this.#base = layout.rendezvous;
    this.#mine = layout.progress[thread] ?? 0;
    this.#others = layout.progress.filter((_, i) => i !== thread);
  }

  /** Whether the run is to end without finishing its round. */
  get aborted(): boolean {
    return Atomics.load(this.#words, this.#base + RENDEZVOUS.abort) !== 0;
  }

  /** Meet all threads; returns false when the run was aborted instead. */
  barrier(): boolean {
    const words = this.#words;
    const gate = this.#base + RENDEZVOUS.generation;
    const generation = Atomics.load(words, gate);
    if (Atomics.add(words, this.#base + RENDEZVOUS.arrived, 1) === this.#others.length) {
      Atomics.store(words, this.#base + RENDEZVOUS.arrived, 0);
      Atomics.add(words, gate, 1);
      Atomics.notify(words, gate);
      return !this.aborted;
    }
    for (let look = 0; look < GATE_LOOKS; look++) {
      if (Atomics.load(words, gate) !== generation) return true;
    }
    while (Atomics.load(words, gate) === generation) {
      if (this.aborted) return false;
      Atomics.wait(words, gate, generation, SLEEP_MS);
    }
    return true;
  }

  /**
   * Say that this thread starts trial `step`, and wait for the others to get there.
   *
   * @param step number of the trial, counted over all rounds
   * @param settle called when the wait is not short: what a processor does by itself as time passes
   * @returns false when one of them does not come: it has lost its processor, and the caller goes on alone for a while
   */
  inStep(step: number, settle: () => void): boolean {
    const words = this.#words;
    Atomics.store(words, this.#mine, step);
    for (const other of this.#others) {
      let looks = 0;
      while (((Atomics.load(words, other) - step) | 0) < 0) {
        if (++looks === SETTLE_LOOKS) settle();
        if (looks > STEP_LOOKS) return false;
      }
    }
    return true;
  }

  /** Say that this thread waits for nobody before trial `step`. */
  pass(step: number): void {
    Atomics.store(this.#words, this.#mine, step);
  }
}
