/** Loaded into a command before it starts: ends one of its worker threads at the time that `TORTURE` names. */

import { syncBuiltinESMExports } from 'node:module';
import threads, { isMainThread, Worker } from 'node:worker_threads';

const [afterMs = 0, seed = 0] = (process.env['TORTURE'] ?? '').split(',').map(Number);

if (isMainThread) {
  const workers: Worker[] = [];
  threads.Worker = class extends Worker {
    constructor(...args: ConstructorParameters<typeof Worker>) {
      super(...args);
      workers.push(this);
    }
  };
  syncBuiltinESMExports();
  setTimeout(() => {
    void workers[seed % Math.max(1, workers.length)]?.terminate();
  }, afterMs).unref();
}
