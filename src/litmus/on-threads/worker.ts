/** One thread of a litmus test: runs its program trial after trial, counts the final states of its share. */

import { createNativeCpu, type MemoryKind } from '../../memory/backend.js';
import type { CpuContext } from '../../memory/cpu.js';
import { MachineStopped } from '../../memory/fault.js';
import type { NativeCpu } from '../../memory/native.js';
import type { WeakOptions } from '../../memory/native-boot.js';
import { Random } from '../../memory/random.js';
import type { Addr, CpuId } from '../../memory/struct.js';
import { compileExpression, compileThread } from './compile.js';
import { ROUND, TRIAL_WORDS, type LitmusLayout } from './memory.js';
import type { LitmusProgram } from './program.js';
import { abortLitmus, Rendezvous } from './rendezvous.js';
import { StateTally, type StateCount } from './tally.js';

/** What one thread is told. */
export interface LitmusTask {
  readonly memory: WebAssembly.Memory;
  readonly layout: LitmusLayout;
  readonly program: LitmusProgram;
  readonly thread: number;
  readonly kind: MemoryKind;
  /** Rounds of {@link ROUND} trials. */
  readonly rounds: number;
  /** Whether the threads meet before each trial, or only before each round. */
  readonly inStep: boolean;
  readonly seed: number;
  readonly weak: WeakOptions;
}

/** What one thread saw. */
export interface LitmusShare {
  readonly states: readonly StateCount[];
  /** Rounds that all threads finished. */
  readonly rounds: number;
  readonly statistics: Readonly<Record<string, number>>;
}

/** Longest random delay of a thread before a trial, in turns of an empty loop. */
const JITTER = 64;
/** Trials that a thread runs alone before it looks again for one that had lost its processor. */
const ALONE = 32;
/** How many times it doubles that while it keeps missing the other. */
const LOST = 5;
/** Without meeting before each trial, a thread gives up its processor about once in so many trials. */
const YIELD_EVERY = 256;

/** The word offset of each trial of a round: the same on all threads, a different order each round. */
function slotOrder(random: Random): (trial: number) => number {
  const step = 1 + 2 * random.below(8);
  const start = random.below(ROUND);
  return (trial) => ((start + trial * step) & (ROUND - 1)) * TRIAL_WORDS;
}

/** Runs one thread's side of every round. */
class LitmusThread {
  readonly #task: LitmusTask;
  readonly #words: Int32Array;
  readonly #cpu: NativeCpu;
  readonly #meet: Rendezvous;
  readonly #tally = new StateTally();
  /** Drawn alike by all threads. */
  readonly #common: Random;
  readonly #own: Random;
  readonly #run: (count: number, slotOf: (trial: number) => number) => boolean;

  constructor(task: LitmusTask) {
    const { memory, layout, thread, kind, seed } = task;
    this.#task = task;
    this.#words = new Int32Array(memory.buffer);
    this.#meet = new Rendezvous(this.#words, layout, thread);
    this.#common = new Random(seed, 0);
    this.#own = new Random(seed, 1 + thread);
    const { localBase } = layout;
    const weak = { seed, ...task.weak };
    const boot = { words: this.#words, memory, localBase, weak };
    // A litmus program calls no kernel code, so the CPU carries no kernel.
    this.#cpu = createNativeCpu(kind, thread as CpuId, {} as CpuContext, boot);
    this.#run = this.#trials();
  }

  /** Run all rounds, or as many as there are before the run is aborted. */
  rounds(): LitmusShare {
    let done = 0;
    this.#reset((trial) => trial * TRIAL_WORDS);
    try {
      while (done < this.#task.rounds && this.#round(done)) done++;
    } catch (error) {
      if (!(error instanceof MachineStopped)) throw error;
    }
    return { states: this.#tally.states, rounds: done, statistics: this.#cpu.statistics };
  }

  #round(round: number): boolean {
    if (!this.#meet.barrier()) return false;
    // Values that were fetched before the words were reset must not be used.
    this.#cpu.smpMb();
    const slotOf = slotOrder(this.#common);
    if (!this.#run(round * ROUND, slotOf)) return false;
    this.#cpu.quiesce();
    if (!this.#meet.barrier()) return false;
    this.#count(slotOf);
    this.#reset(slotOf);
    return true;
  }

  /** The loop over a round's trials, as one closure over what it needs; false if the run was aborted meanwhile. */
  #trials(): (count: number, slotOf: (trial: number) => number) => boolean {
    const { program, layout, thread, inStep } = this.#task;
    const { registers, body } = program.threads[thread] ?? { registers: [], body: [] };
    const steps = compileThread(body, layout.locations, layout.sections, thread);
    const init = Int32Array.from(registers, (value) => compileExpression(value)(new Int32Array(0)));
    const size = init.length;
    const regs = new Int32Array(size);
    const results = layout.registers[thread] ?? 0;
    const [words, cpu, meet, own] = [this.#words, this.#cpu, this.#meet, this.#own];
    const settle = (): void => cpu.quiesce();
    return (count, slotOf) => {
      let [alone, lost] = [0, 0];
      for (let trial = 0; trial < ROUND; trial++) {
        const slot = slotOf(trial);
        for (let i = 0; i < size; i++) regs[i] = init[i] as number;
        const step = (count + trial + 1) | 0;
        if (alone > 0) {
          alone--;
          meet.pass(step);
        } else if (inStep) {
          lost = meet.inStep(step, settle) ? 0 : Math.min(lost + 1, LOST);
          if (lost > 0 && meet.aborted) return false;
          alone = lost > 0 ? ALONE << lost : 0;
          let delay = own.below(JITTER);
          while (delay-- > 0);
        } else if (own.below(YIELD_EVERY) === 0) {
          Atomics.wait(words, layout.localBase, 0, 0.01);
        }
        for (const step of steps) step(cpu, regs, slot);
        const result = results + trial * size;
        for (let i = 0; i < size; i++) words[result + i] = regs[i] as number;
      }
      return true;
    };
  }

  /** Count the final states of this thread's share of the trials. */
  #count(slotOf: (trial: number) => number): void {
    const { program, layout, thread } = this.#task;
    const readers = program.observed.map((place): ((trial: number) => Addr) => {
      if ('location' in place) {
        const base = layout.locations[place.location] ?? 0;
        return (trial) => base + slotOf(trial);
      }
      const base = (layout.registers[place.thread] ?? 0) + place.reg;
      const stride = program.threads[place.thread]?.registers.length ?? 0;
      return (trial) => base + trial * stride;
    });
    const values = readers.map(() => 0);
    for (let trial = thread; trial < ROUND; trial += program.threads.length) {
      for (const [i, at] of readers.entries()) values[i] = this.#words[at(trial)] ?? 0;
      this.#tally.add(values);
    }
  }

  /** Give the words of this thread's share of the trials their initial values. */
  #reset(slotOf: (trial: number) => number): void {
    const { program, layout, thread } = this.#task;
    for (const [i, init] of program.locations.entries()) {
      const value = compileExpression(init)(new Int32Array(0));
      const base = layout.locations[i] ?? 0;
      for (let trial = thread; trial < ROUND; trial += program.threads.length) {
        this.#words[base + slotOf(trial)] = value;
      }
    }
  }
}

/**
 * Run one thread of a litmus test to the end of its rounds. Any failure aborts the other threads' waits.
 *
 * @returns the states of this thread's share of the trials
 */
export function runLitmusThread(task: LitmusTask): LitmusShare {
  try {
    return new LitmusThread(task).rounds();
  } catch (error) {
    abortLitmus(new Int32Array(task.memory.buffer), task.layout);
    throw error;
  }
}
