/** Cost of the harness primitives: with nobody else around, and as a hand-over to another thread and back. */

import { Worker } from 'node:worker_threads';
import { Mutex, Semaphore, SpinLock, type SharedWords } from '../src/sync/index.js';
import { main, type Benchmark, type Settings } from './harness.js';

const BATCH = 1000;
const ME = 1;

/** A call that does `pair` {@link BATCH} times. */
const batch = (name: string, pair: () => void) => ({
  name,
  operations: BATCH,
  run: () => {
    for (let i = 0; i < BATCH; i++) pair();
  },
});

const alone: Benchmark = {
  name: 'sync alone',
  unit: 'ns/pair',
  better: 'lower',
  baseline: 'bare words',
  tasks: () => {
    const bare = new Int32Array(new SharedArrayBuffer(4));
    const [mutex, spin, sem] = [Mutex.init(), SpinLock.init(), Semaphore.init(1)];
    return [
      batch('bare words', () => {
        Atomics.compareExchange(bare, 0, 0, ME);
        Atomics.compareExchange(bare, 0, ME, 0);
      }),
      batch('Mutex', () => {
        Mutex.lock(mutex, ME);
        Mutex.unlock(mutex, ME);
      }),
      batch('SpinLock', () => {
        SpinLock.lock(spin, ME);
        SpinLock.unlock(spin, ME);
      }),
      batch('Semaphore', () => {
        Semaphore.wait(sem);
        Semaphore.post(sem);
      }),
    ];
  },
};

/** How one side calls the other and waits for its answer. */
interface Exchange {
  readonly go: () => void;
  readonly stop: () => void;
}

function measureExchange({ go, stop }: Exchange, { timeMs }: Settings): number {
  const start = performance.now();
  let count = 0;
  for (; performance.now() - start < timeMs; count++) go();
  const took = performance.now() - start;
  stop();
  return (took * 1000) / count;
}

const partner = (kind: 'bare' | 'semaphore', words: readonly SharedWords[]): Worker =>
  new Worker(new URL('./sync-partner.js', import.meta.url), { workerData: { kind, words } });

function bareExchange(): Exchange {
  const words = new Int32Array(new SharedArrayBuffer(4));
  partner('bare', [words]);
  const set = (value: number): void => {
    Atomics.store(words, 0, value);
    Atomics.notify(words, 0);
  };
  const go = (): void => {
    set(1);
    while (Atomics.load(words, 0) === 1) Atomics.wait(words, 0, 1);
  };
  return { go, stop: () => set(2) };
}

function semaphoreExchange(): Exchange {
  const [ping, pong, end] = [Semaphore.init(0), Semaphore.init(0), Semaphore.init(0)];
  partner('semaphore', [ping, pong, end]);
  const go = (): void => {
    Semaphore.post(ping);
    Semaphore.wait(pong);
  };
  const stop = (): void => {
    Semaphore.post(end);
    Semaphore.post(ping);
  };
  return { go, stop };
}

/** Start a partner, let it answer once, then measure. */
function measured(make: () => Exchange) {
  return (settings: Settings): number => {
    const exchange = make();
    exchange.go();
    return measureExchange(exchange, settings);
  };
}

const handOver: Benchmark = {
  name: 'sync hand-over',
  unit: 'µs/round trip',
  better: 'lower',
  baseline: 'wait and notify',
  tasks: () => [
    { name: 'wait and notify', isBusy: true, measure: measured(bareExchange) },
    { name: 'Semaphore', isBusy: true, measure: measured(semaphoreExchange) },
  ],
};

await main([alone, handOver]);
