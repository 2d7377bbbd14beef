/** The threads of a program, as their owner sees them. */

import { MessageChannel, Worker, type MessagePort } from 'node:worker_threads';
import { UsageError } from '../../errors.js';
import { RENDEZVOUS_WORDS } from '../../threads/rendezvous.js';
import type { AgentMessage, AgentTask, Batch, Ended, NamedProgram } from './messages.js';
import { ENTRY, quiet } from './observer-thread.js';

/** Time without an execution that ends, after which the one under way is given up, in ms. */
export const PATIENCE_MS = 2000;

const failure = (message: string): UsageError => new UsageError(`on real threads: ${message}`);

/** The threads of a program. */
export class Team {
  readonly #workers: Worker[] = [];
  readonly #ports: MessagePort[] = [];
  #listener: (agent: number, message: AgentMessage) => void;
  /** All threads have loaded the program. @throws UsageError when one cannot */
  readonly ready: Promise<void>;

  constructor(program: NamedProgram, agents: number, seed: number, isFresh: boolean) {
    const control = new SharedArrayBuffer(4 * RENDEZVOUS_WORDS);
    let waitsFor = agents;
    this.#listener = () => undefined;
    this.ready = new Promise((resolve, reject) => {
      this.#listener = (_, message) => {
        if (message.kind === 'failed') reject(failure(message.message));
        if (message.kind === 'ready' && --waitsFor === 0) resolve();
      };
    });
    for (let index = 0; index < agents; index++) {
      const { port1, port2 } = new MessageChannel();
      const task: AgentTask = {
        role: 'agent',
        ...{ program, index, agents, seed, control, isFresh, port: port2 },
      };
      const worker = new Worker(ENTRY, quiet({ workerData: task, transferList: [port2] }));
      port1.on('message', (message: AgentMessage) => this.#listener(index, message));
      worker.on('error', ({ message }) => this.#listener(index, { kind: 'failed', message }));
      // The port closes when the thread has ended, after all that it has said.
      port1.on('close', () => this.#listener(index, { kind: 'gone' }));
      this.#workers.push(worker);
      this.#ports.push(port1);
    }
  }

  /** Execute a batch; tells how each thread of each execution ends. */
  execute(batch: Batch, told: (agent: number, message: AgentMessage) => void): void {
    this.#listener = told;
    for (const port of this.#ports) port.postMessage(batch);
  }

  async close(): Promise<void> {
    this.#listener = () => undefined;
    for (const port of this.#ports) port.close();
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
  }
}

/** How one execution has ended, when all threads have, or one has thrown. */
export type Collected =
  | { readonly kind: 'ended'; readonly execution: number; readonly returned: readonly unknown[] }
  | { readonly kind: 'threw'; readonly what: string }
  | { readonly kind: 'unsettled' }
  | { readonly kind: 'unended' };

/** Runs one batch and collects what its executions come to: in order, until one does not end well. */
export class BatchRun {
  readonly done: Promise<readonly Collected[]>;
  readonly #batch: Batch;
  readonly #agents: number;
  readonly #collected: Collected[] = [];
  /** Per execution of the batch, what each thread has come to. */
  readonly #ends: (Ended | undefined)[][];
  readonly #signal: AbortSignal | undefined;
  readonly #onAbort = (): void => this.#finish();
  #timer: NodeJS.Timeout | undefined;
  #resolve: (collected: readonly Collected[]) => void = () => undefined;
  #reject: (error: Error) => void = () => undefined;

  constructor(team: Team, batch: Batch, agents: number, signal: AbortSignal | undefined) {
    this.#batch = batch;
    this.#agents = agents;
    this.#ends = batch.shared.map(() => new Array<Ended | undefined>(agents));
    this.done = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.#expect();
    signal?.addEventListener('abort', this.#onAbort);
    this.#signal = signal;
    team.execute(batch, (agent, message) => this.#told(agent, message));
  }

  #expect(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#finish({ kind: 'unended' }), PATIENCE_MS);
  }

  #forget(): void {
    clearTimeout(this.#timer);
    this.#signal?.removeEventListener('abort', this.#onAbort);
  }

  #finish(last?: Collected): void {
    this.#forget();
    if (last !== undefined) this.#collected.push(last);
    this.#resolve(this.#collected);
  }

  #told(agent: number, message: AgentMessage): void {
    if (message.kind === 'failed') {
      this.#forget();
      this.#reject(failure(message.message));
      return;
    }
    if (message.kind === 'ready') return;
    const { from } = this.#batch;
    const at = message.kind === 'gone' ? this.#collected.length : message.execution - from;
    const ends = this.#ends[at];
    if (ends === undefined || ends[agent] !== undefined) return;
    // A thread that ends without a word has called process.exit().
    const returned = { kind: 'returned', execution: from + at, value: undefined } as const;
    ends[agent] = message.kind === 'gone' ? returned : message;
    this.#collect();
  }

  #collect(): void {
    for (;;) {
      const ends = this.#ends[this.#collected.length];
      if (ends === undefined) {
        this.#finish();
        return;
      }
      const threw = ends.find((end) => end?.kind === 'threw');
      if (threw !== undefined) {
        this.#finish(threw);
        return;
      }
      const said = ends.filter((end) => end !== undefined);
      if (said.length < this.#agents) return;
      if (said.some(({ kind }) => kind === 'unsettled')) {
        this.#finish({ kind: 'unsettled' });
        return;
      }
      const returned = said.map((end) => (end as { value?: unknown }).value);
      const execution = this.#batch.from + this.#collected.length;
      this.#collected.push({ kind: 'ended', execution, returned });
      this.#expect();
    }
  }
}
