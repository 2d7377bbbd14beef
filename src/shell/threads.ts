/** A machine on worker threads behind a prompt: its clock runs while the user waits for it. */

import { runOnThreads, type ThreadResult } from '../threads/engine.js';
import type { MemoryKind } from '../memory/backend.js';
import type { CheckLayout } from '../check/layout.js';
import type { BootedMachine } from '../scenario/boot.js';
import { OP, REQUEST_ARGS, SHELL, SHELL_SYMBOL } from './kernel/layout.js';
import { bootShellMachine, type ShellMachineOptions } from './kernel/machine.js';
import type { Engine } from './machine.js';

const WORKLOAD = new URL('./kernel/machine.js', import.meta.url).href;
/** Jiffies of the machine in a millisecond of real time. */
const JIFFIES_PER_MS = 4;
const WEEK_MS = 7 * 24 * 3_600_000;

/** How a machine is started. */
export interface ThreadMachineOptions extends ShellMachineOptions {
  readonly memory: MemoryKind;
  readonly seed: number;
  /** Whether time also passes while there is no request, as at a prompt; scripts do not need that. */
  readonly isLive: boolean;
}

/** A machine on threads. */
export class ThreadMachine implements Engine {
  readonly booted: BootedMachine;
  /** Resolves when the machine is off, with what is left of it. */
  readonly ended: Promise<ThreadResult>;
  readonly #off = new AbortController();
  readonly #base: number;
  #words: Int32Array | undefined;
  #waiting = 0;
  #over = false;

  private constructor(
    options: ThreadMachineOptions,
    onBoot: (words: Int32Array, check: CheckLayout) => void,
  ) {
    const { memory, seed, isLive, ...rest } = options;
    const machine = { idlePolls: true, ...rest };
    this.booted = bootShellMachine(machine);
    this.#base = this.booted.symbol(SHELL_SYMBOL);
    this.ended = runOnThreads({
      workload: WORKLOAD,
      options: machine,
      kind: memory,
      weak: { seed },
      durationMs: WEEK_MS,
      stallMs: WEEK_MS,
      silenceMs: 60_000,
      jiffiesPerMs: JIFFIES_PER_MS,
      isPaused: () => !isLive && this.#waiting === 0,
      signal: this.#off.signal,
      onBoot: (words, check) => {
        this.#words = words;
        onBoot(words, check);
      },
    });
    this.ended.then(
      () => (this.#over = true),
      () => (this.#over = true),
    );
  }

  /** Start a machine; resolves once its CPUs run. */
  static async start(options: ThreadMachineOptions): Promise<ThreadMachine> {
    let machine: ThreadMachine | undefined;
    await new Promise<void>((resolve, reject) => {
      machine = new ThreadMachine(options, () => {
        resolve();
      });
      machine.ended.catch(reject);
    });
    if (machine === undefined) throw new Error('no machine');
    // Its threads still load their code: the first answer shows that they run.
    await machine.ask(OP.sleep, [1]);
    return machine;
  }

  words(): Int32Array {
    return this.#words ?? new Int32Array(this.booted.map.words);
  }

  async ask(op: number, args: readonly number[]): Promise<number> {
    const words = this.words();
    if (args.length > REQUEST_ARGS) throw new RangeError(`${args.length} arguments`);
    args.forEach((arg, i) => Atomics.store(words, this.#base + SHELL.args + i, arg));
    Atomics.store(words, this.#base + SHELL.op, op);
    const request = Atomics.add(words, this.#base + SHELL.request, 1) + 1;
    this.#waiting++;
    try {
      while (Atomics.load(words, this.#base + SHELL.done) !== request) {
        if (this.#over) throw await this.#why();
        await new Promise((resolve) => void setTimeout(resolve, 1));
      }
    } finally {
      this.#waiting--;
    }
    return Atomics.load(words, this.#base + SHELL.result);
  }

  /** Switch the machine off. */
  async close(): Promise<ThreadResult> {
    this.#off.abort();
    return this.ended;
  }

  /** Why a machine stopped that was not switched off. */
  async #why(): Promise<Error> {
    try {
      const { findings, ends } = await this.ended;
      const oops = ends.find(({ status }) => status === 'oops');
      const what = oops?.detail ?? findings[0]?.kind ?? 'it was switched off';
      return new MachineGone(`the machine is no more: ${what}`);
    } catch (error) {
      return error instanceof Error ? error : new MachineGone(String(error));
    }
  }
}

/** The machine has stopped under the shell: an oops, or something that the checks found. */
export class MachineGone extends Error {
  override readonly name = 'MachineGone';
}
