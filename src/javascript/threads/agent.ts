/** Runs one thread of a program on a real thread. */

import { Rendezvous } from '../../threads/rendezvous.js';
import { firstLine } from '../engine/first-line.js';
import type { ThreadBody } from '../program.js';
import { loadNativeProgram } from './load.js';
import type { AgentMessage, AgentTask, Batch, Ended } from './messages.js';

/**
 * Maximum number of rounds of an empty loop before a body begins, so that the threads do not always start in the same
 * way.
 */
const MOST_DELAY = 256;

/** Executes the thread's body for each execution of each batch. */
class AgentThread {
  readonly #task: AgentTask;
  readonly #body: ThreadBody;
  readonly #all: Rendezvous;
  #random: number;
  /** The current execution, which has not answered yet. */
  #pending: number | undefined;

  constructor(task: AgentTask, body: ThreadBody) {
    this.#task = task;
    this.#body = body;
    this.#all = new Rendezvous(new Int32Array(task.control), task.agents);
    this.#random = (task.seed * 31 + task.index + 1) | 1;
  }

  execute({ from, shared }: Batch): void {
    for (const [i, value] of shared.entries()) this.#one(from + i, value);
  }

  #one(execution: number, shared: unknown): void {
    this.#pending = execution;
    this.#all.wait();
    this.#delay();
    try {
      const returned = this.#body(shared, this.#task.index);
      if (returned instanceof Promise) void this.#settle(execution, returned);
      else this.#say({ kind: 'returned', execution, value: returned });
    } catch (error) {
      this.threw(error);
    }
  }

  async #settle(execution: number, promise: Promise<unknown>): Promise<void> {
    try {
      this.#say({ kind: 'returned', execution, value: await promise });
    } catch (error) {
      this.threw(error);
    }
  }

  #say(ended: Ended): void {
    this.#pending = undefined;
    const { port, index } = this.#task;
    try {
      port.postMessage(ended);
    } catch (error) {
      const message = `thread ${index} returns what cannot be sent: ${firstLine(error)}`;
      port.postMessage({ kind: 'failed', message } satisfies AgentMessage);
    }
  }

  /** An error was thrown, by the body or by work that it has left behind. */
  threw(error: unknown): void {
    this.#say({ kind: 'threw', execution: this.#pending ?? 0, what: firstLine(error) });
  }

  /** Nothing is left to execute. */
  idle(): void {
    const execution = this.#pending;
    if (execution !== undefined) this.#say({ kind: 'unsettled', execution });
  }

  #delay(): void {
    let x = this.#random;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#random = x;
    for (let rounds = (x >>> 4) % MOST_DELAY; rounds > 0; rounds--);
  }
}

/** Be one of a program's threads. */
export async function runAgent(task: AgentTask): Promise<void> {
  const { port, program, index, isFresh } = task;
  const batches: Batch[] = [];
  let listener = (batch: Batch): void => void batches.push(batch);
  port.on('message', (batch: Batch) => listener(batch));
  try {
    const { threads } = await loadNativeProgram(program);
    const thread = new AgentThread(task, threads[index] as ThreadBody);
    process.on('uncaughtException', (error) => thread.threw(error));
    process.on('beforeExit', () => thread.idle());
    listener = (batch) => {
      if (isFresh) port.unref();
      thread.execute(batch);
    };
    port.postMessage({ kind: 'ready' } satisfies AgentMessage);
    for (const batch of batches) listener(batch);
  } catch (error) {
    port.postMessage({ kind: 'failed', message: firstLine(error) } satisfies AgentMessage);
  }
}
