/** A machine in the explorer behind a prompt: one schedule after the other, in virtual time. */

import { Worker } from 'node:worker_threads';
import { SimulatorBug } from '../errors.js';
import type { KernelVersion } from '../kernel/versions.js';
import type { BootedMachine } from '../scenario/boot.js';
import { CONTROL, OVER, REQUEST, type ExplorerBoot, type FromWorker } from './explorer-messages.js';
import { REQUEST_ARGS } from './kernel/layout.js';
import { bootShellMachine } from './kernel/machine.js';
import type { Engine } from './machine.js';
import { MachineGone } from './threads.js';

const WORKER = new URL('../../workers/shell-explorer.js', import.meta.url);

/** What the explorer says about one schedule. */
export type ScheduleVerdict = Extract<FromWorker, { kind: 'verdict' }>;

/** A machine in the explorer. */
export class ExplorerMachine implements Engine {
  readonly booted: BootedMachine;
  readonly #worker: Worker;
  readonly #control: Int32Array;
  readonly #words: Int32Array;
  #answered: ((message: FromWorker) => void) | undefined;
  #verdict: FromWorker | undefined;

  constructor(options: { version: KernelVersion; memory: 'sc' | 'lkmm'; seed: number }) {
    this.booted = bootShellMachine({ cpus: 2, version: options.version });
    const bytes = Int32Array.BYTES_PER_ELEMENT;
    const control = new SharedArrayBuffer((CONTROL.args + REQUEST_ARGS) * bytes);
    const words = new SharedArrayBuffer(this.booted.map.words * bytes);
    this.#control = new Int32Array(control);
    this.#words = new Int32Array(words);
    const workerData: ExplorerBoot = { ...options, control, words };
    this.#worker = new Worker(WORKER, { workerData });
    this.#worker.on('message', (message: FromWorker) => {
      if (message.kind !== 'answer') this.#verdict = message;
      this.#answered?.(message);
    });
    this.#worker.on('error', (error) => {
      this.#answered?.({ kind: 'failed', why: String(error) });
    });
  }

  words(): Int32Array {
    return this.#words;
  }

  /** Begin a schedule; resolves when the machine is up and waits for a request. */
  async begin(run: number): Promise<void> {
    this.#verdict = undefined;
    const up = this.#next();
    this.#worker.postMessage(run);
    await up;
  }

  async ask(op: number, args: readonly number[]): Promise<number> {
    if (this.#verdict !== undefined) throw gone(this.#verdict);
    this.#control.set(args, CONTROL.args);
    this.#control[CONTROL.op] = op;
    this.#control[CONTROL.count] = args.length;
    const answer = this.#next();
    Atomics.store(this.#control, CONTROL.state, REQUEST);
    Atomics.notify(this.#control, CONTROL.state);
    return (await answer).result;
  }

  /** End the script; resolves to the explorer's verdict. */
  async end(): Promise<ScheduleVerdict> {
    if (this.#verdict === undefined) {
      const said = new Promise<FromWorker>((resolve) => (this.#answered = resolve));
      Atomics.store(this.#control, CONTROL.state, OVER);
      Atomics.notify(this.#control, CONTROL.state);
      this.#verdict = await said;
    }
    if (this.#verdict.kind === 'verdict') return this.#verdict;
    throw new SimulatorBug(
      `the explorer: ${this.#verdict.kind === 'failed' ? this.#verdict.why : 'no verdict'}`,
    );
  }

  async close(): Promise<void> {
    await this.#worker.terminate();
  }

  async #next(): Promise<Extract<FromWorker, { kind: 'answer' }>> {
    const message = await new Promise<FromWorker>((resolve) => (this.#answered = resolve));
    if (message.kind === 'answer') return message;
    throw gone(message);
  }
}

function gone(message: FromWorker): MachineGone {
  const what = message.kind === 'verdict' ? `${message.key}: ${message.detail}` : 'no answer';
  return new MachineGone(
    message.kind === 'failed' ? message.why : `the machine is no more: ${what}`,
  );
}
