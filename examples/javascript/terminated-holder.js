// A worker that is terminated while it holds a lock takes the lock with it; the repaired one has its lock freed by who ends it.
import { Worker } from 'node:worker_threads';
import { program } from 'klp-smp/javascript';

const FREE = 0;
const WORKER = 1;

const CODE = `
  const { workerData: words } = require('node:worker_threads');
  while (Atomics.compareExchange(words, 0, 0, 1) !== 0) Atomics.wait(words, 0, 1);
  Atomics.add(words, 1, 1);
  Atomics.store(words, 0, 0);
  Atomics.notify(words, 0);
`;

const declared = (recover) => ({
  shared: () => new Int32Array(new SharedArrayBuffer(8)),
  threads: [
    async (words) => {
      const worker = new Worker(CODE, { eval: true, workerData: words });
      await new Promise((resolve) => worker.once('online', resolve));
      await worker.terminate();
      if (recover) Atomics.compareExchange(words, 0, WORKER, FREE);
      while (Atomics.compareExchange(words, 0, FREE, 2) !== FREE) Atomics.wait(words, 0, WORKER);
      return 'locked';
    },
  ],
  outcome: ([done]) => done,
  acceptable: { locked: 'the lock is there for who comes next' },
  workers: 1,
});

export const terminatedHolderBroken = program(declared(false));
export const terminatedHolder = program(declared(true));
