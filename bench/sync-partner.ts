/** The other thread of the hand-over benchmark: answers until it is told to stop. */

import { workerData } from 'node:worker_threads';
import { Semaphore, type SharedWords } from '../src/sync/index.js';

const { kind, words } = workerData as { kind: 'bare' | 'semaphore'; words: SharedWords[] };

function answerBare(word: SharedWords): void {
  for (;;) {
    const value = Atomics.load(word, 0);
    if (value === 2) return;
    if (value === 0) Atomics.wait(word, 0, 0);
    else if (Atomics.compareExchange(word, 0, 1, 0) === 1) Atomics.notify(word, 0);
  }
}

function answerSemaphore([ping, pong, end]: SharedWords[]): void {
  for (;;) {
    Semaphore.wait(ping!);
    if (Semaphore.tryWait(end!)) return;
    Semaphore.post(pong!);
  }
}

if (kind === 'bare') answerBare(words[0]!);
else answerSemaphore(words);
