/**
 * Loaded into a command before it starts, and into its worker threads: ends one of them. `TORTURE=MS,SEED` names a time, of the processor;
 * `TORTURE=message,THREAD,N` names a thread, which then ends in the place of its N-th message, however long that takes; `TORTURE=signal` only says
 * when the program listens to signals.
 */

import { writeSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import threads, { isMainThread, MessagePort, threadId, Worker } from 'node:worker_threads';

/** Milliseconds between two looks at the time. */
const LOOK_MS = 2;

const asked = (process.env['TORTURE'] ?? '').split(',');
const [afterMs = 0, seed = 0] = asked.map(Number);
const [kind, thread, most] = asked;

if (kind === 'message') {
  if (!isMainThread && threadId === Number(thread)) {
    const { value: post } = Object.getOwnPropertyDescriptor(
      MessagePort.prototype,
      'postMessage',
    ) as { value: (...args: unknown[]) => void };
    let sent = 0;
    MessagePort.prototype.postMessage = function (...args: unknown[]) {
      if (++sent === Number(most)) process.exit(1);
      post.apply(this, args);
    };
  }
} else if (kind === 'signal') {
  // Node itself takes a while to start; points count from where the program listens.
  process.on('newListener', (event) => {
    if (isMainThread && event === 'SIGTERM') writeSync(3, 'listens');
  });
} else if (isMainThread) {
  const workers: Worker[] = [];
  threads.Worker = class extends Worker {
    constructor(...args: ConstructorParameters<typeof Worker>) {
      super(...args);
      workers.push(this);
    }
  };
  syncBuiltinESMExports();
  const look = setInterval(() => {
    const { user, system } = process.cpuUsage();
    if ((user + system) / 1000 < afterMs) return;
    clearInterval(look);
    const worker = workers[seed % Math.max(1, workers.length)];
    if (worker === undefined || worker.threadId === -1) return; // None, or it has ended.
    writeSync(3, 'killed');
    void worker.terminate();
  }, LOOK_MS).unref();
}
