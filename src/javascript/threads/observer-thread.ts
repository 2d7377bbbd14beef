/** The thread that observes a program's executions, as its owner sees it. */

import { MessageChannel, Worker, type MessagePort } from 'node:worker_threads';
import { UsageError } from '../../errors.js';
import type {
  Batch,
  NamedProgram,
  ObserverMessage,
  ObserverRequest,
  ObserverTask,
  ProgramFacts,
} from './messages.js';

/** Entry of all threads of a program. */
export const ENTRY = new URL('../../../workers/program.js', import.meta.url);

/** What the program prints is kept from the terminal. */
export function quiet<T extends object>(options: T): T & { stdout: true; stderr: true } {
  return { ...options, stdout: true, stderr: true };
}

/** It gets one request at a time. */
export class ObserverThread {
  readonly #worker: Worker;
  readonly #port: MessagePort;
  #answer: (message: ObserverMessage) => void = () => undefined;

  constructor(program: NamedProgram) {
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    const task: ObserverTask = { role: 'observer', program, port: port2 };
    this.#worker = new Worker(ENTRY, quiet({ workerData: task, transferList: [port2] }));
    this.#port.on('message', (message: ObserverMessage) => this.#answer(message));
    this.#worker.on('error', ({ message }) => this.#answer({ kind: 'failed', message }));
  }

  facts(): Promise<ProgramFacts> {
    return this.#next('facts');
  }
  async make(from: number, count: number): Promise<Batch> {
    return (await this.#ask('made', { kind: 'make', from, count })).batch;
  }
  async outcome(execution: number, returned: readonly unknown[]): Promise<string> {
    return (await this.#ask('observed', { kind: 'observe', execution, returned })).outcome;
  }

  #ask<K extends ObserverMessage['kind']>(
    kind: K,
    request: ObserverRequest,
  ): Promise<ObserverMessage & { kind: K }> {
    const answer = this.#next(kind);
    this.#port.postMessage(request);
    return answer;
  }

  #next<K extends ObserverMessage['kind']>(kind: K): Promise<ObserverMessage & { kind: K }> {
    return new Promise((resolve, reject) => {
      this.#answer = (message) => {
        if (message.kind === kind) resolve(message as ObserverMessage & { kind: K });
        else if (message.kind === 'failed') reject(new UsageError(message.message));
      };
    });
  }

  async close(): Promise<void> {
    this.#port.close();
    await this.#worker.terminate();
  }
}
