/** Starts worker threads that each play one role of `roles.ts` over the same shared words, and waits for their ends. */

import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { Part, RoleName, Stage } from './roles.js';

/** A worker at work. */
export interface Member {
  readonly worker: Worker;
  /** Resolves when the worker has returned; rejects with the error that it threw. */
  readonly done: Promise<unknown>;
}

/** Start one worker. */
export function hire(role: RoleName, stage: Stage, threadId: number): Member {
  const part: Part = { role, stage, threadId };
  const worker = new Worker(new URL('./player.js', import.meta.url), { workerData: part });
  return { worker, done: once(worker, 'exit') };
}

/** Start `count` workers with thread ids from 1, and wait until all have returned. */
export async function playOut(role: RoleName, stage: Stage, count: number): Promise<void> {
  const members = Array.from({ length: count }, (_, i) => hire(role, stage, i + 1));
  await Promise.all(members.map(({ done }) => done));
}

/** Let the event loop turn until a word has reached a value; for the main thread, which must not block its workers' start. */
export async function wordReaches(words: Int32Array, index: number, value: number): Promise<void> {
  while (Atomics.load(words, index) < value) {
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** Wait until the word of a lock or semaphore that counts waiters has reached `count`. */
export const waiting = (words: Int32Array, count: number): Promise<void> =>
  wordReaches(words, 1, count);
