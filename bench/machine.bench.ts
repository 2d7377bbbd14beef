/** Cost of the view machine's operations: 4 CPUs, 256 locations, and how much the heap grows over ten million of them. */

import { Bench } from 'tinybench';
import { Random } from '../src/litmus/machine-schedule.js';
import { ViewMachine } from '../src/memory/machine/view-machine.js';
import {
  type ChoiceSource,
  FENCE_MB,
  FENCE_RMB,
  FENCE_WMB,
  LOAD_ACQUIRE,
  LOAD_ONCE,
  RMW_FULL,
  RMW_XCHG,
  STORE_ONCE,
  STORE_RELEASE,
} from '../src/memory/model.js';
import type { CpuId } from '../src/memory/struct.js';

const CPUS = 4;
const LOCATIONS = 256;
const WORDS = 2 ** 20;
const DRAWS = 10_000;
/** Small, so that many batches are not interrupted on a busy machine. */
const BATCH = 500;
const SEED = 1;

/** Reads a stale message, or inserts before the end, with a probability. */
class Sometimes implements ChoiceSource {
  readonly #random: Random;
  readonly #probability: number;

  constructor(probability: number) {
    this.#random = new Random(SEED);
    this.#probability = probability;
  }

  choose(n: number): number {
    return this.#random.chance(this.#probability) ? 1 + this.#random.below(n - 1) : 0;
  }
}

type Dependencies = 'exact' | 'conservative';

function machine(stale: number, dependencies: Dependencies): ViewMachine {
  const m = new ViewMachine({ cpus: CPUS, words: WORDS, dependencies });
  m.reset(initial, new Sometimes(stale));
  return m;
}

const initial = new Int32Array(WORDS);
const random = new Random(SEED);
/** Operations are drawn beforehand, so that the draw is not measured. */
const draws = Int32Array.from({ length: DRAWS }, () => random.below(2 ** 30));

function cpuOf(draw: number): CpuId {
  return (draw & 3) as CpuId;
}

function placeOf(draw: number, locations: number): number {
  return 64 + ((draw >> 2) & (locations - 1)) * 16;
}

/** 60 reads, 30 writes, 4 mb, 2 rmb, 2 wmb, 2 xchg in a hundred. */
function mixed(m: ViewMachine, draw: number, locations: number): void {
  const cpu = cpuOf(draw);
  const addr = placeOf(draw, locations);
  const kind = (draw >> 12) % 100;
  if (kind < 60) m.load(cpu, addr, LOAD_ONCE);
  else if (kind < 90) m.store(cpu, addr, draw, STORE_ONCE);
  else if (kind < 94) m.fence(cpu, FENCE_MB);
  else if (kind < 96) m.fence(cpu, FENCE_RMB);
  else if (kind < 98) m.fence(cpu, FENCE_WMB);
  else {
    m.rmw(cpu, addr, RMW_XCHG, draw, 0, RMW_FULL);
    m.rmwEnd(cpu);
  }
}

function section(m: ViewMachine, draw: number): void {
  const cpu = cpuOf(draw);
  const lock = 8 + ((draw >> 12) & 3);
  m.lock(cpu, lock);
  m.load(cpu, placeOf(draw, LOCATIONS), LOAD_ONCE);
  m.load(cpu, placeOf(draw >> 3, LOCATIONS), LOAD_ONCE);
  m.store(cpu, placeOf(draw >> 5, LOCATIONS), draw, STORE_ONCE);
  m.store(cpu, placeOf(draw >> 7, LOCATIONS), draw, STORE_ONCE);
  m.unlock(cpu, lock);
}

interface Case {
  readonly name: string;
  readonly stale: number;
  readonly operation: (m: ViewMachine, draw: number) => void;
}

const cases: readonly Case[] = [
  {
    name: 'read the newest value',
    stale: 0,
    operation: (m, d) => m.load(cpuOf(d), placeOf(d, LOCATIONS), LOAD_ONCE),
  },
  {
    name: 'write',
    stale: 0,
    operation: (m, d) => m.store(cpuOf(d), placeOf(d, LOCATIONS), d, STORE_ONCE),
  },
  {
    name: 'load-acquire or store-release',
    stale: 0,
    operation: (m, d) => {
      if ((d & 4096) === 0) m.load(cpuOf(d), placeOf(d, LOCATIONS), LOAD_ACQUIRE);
      else m.store(cpuOf(d), placeOf(d, LOCATIONS), d, STORE_RELEASE);
    },
  },
  { name: 'mix, never stale', stale: 0, operation: (m, d) => mixed(m, d, LOCATIONS) },
  { name: 'mix, 20 % stale', stale: 0.2, operation: (m, d) => mixed(m, d, LOCATIONS) },
  { name: 'mix, 20 % stale, 8 locations', stale: 0.2, operation: (m, d) => mixed(m, d, 8) },
  { name: 'lock, 4 accesses, unlock', stale: 0, operation: section },
];

/** Nanoseconds per operation: median of the batches, and the best one, which is the only firm figure on a busy machine. */
async function measure(dependencies: Dependencies): Promise<void> {
  const bench = new Bench({ time: 400, warmupTime: 200 });
  for (const { name, stale, operation } of cases) {
    const m = machine(stale, dependencies);
    for (const draw of draws) mixed(m, draw, LOCATIONS);
    let next = 0;
    bench.add(name, () => {
      for (let i = 0; i < BATCH; i++) operation(m, draws[next + i] as number);
      next = (next + BATCH) % DRAWS;
    });
  }
  await bench.run();
  console.log(`\n${dependencies} dependencies, ${process.version}, seed ${SEED}`);
  const ns = (ms: number): string => ((ms * 1e6) / BATCH).toFixed(1);
  console.table(
    bench.tasks.map(({ name, result }) =>
      'latency' in result
        ? {
            operation: name,
            'ns, median': ns(result.latency.p50),
            'ns, best': ns(result.latency.min),
          }
        : { operation: name },
    ),
  );
}

/** Heap growth over ten million mixed operations, after a million to warm up. */
function growth(dependencies: Dependencies): void {
  const m = machine(0.2, dependencies);
  const run = (batches: number): void => {
    for (let i = 0; i < batches; i++) for (const draw of draws) mixed(m, draw, LOCATIONS);
  };
  run(100);
  globalThis.gc?.();
  const before = process.memoryUsage().heapUsed;
  run(1000);
  globalThis.gc?.();
  const grown = (process.memoryUsage().heapUsed - before) / 1024;
  const how = globalThis.gc === undefined ? ', without --expose-gc: garbage included' : '';
  console.log(`heap growth over 10 M operations: ${grown.toFixed(0)} KiB${how}`);
}

/** Resetting after a small protocol, which the explorer does after every execution. */
function resets(dependencies: Dependencies): void {
  const m = machine(0, dependencies);
  const choices = new Sometimes(0);
  const rounds = 200_000;
  const start = performance.now();
  for (let i = 0; i < rounds; i++) {
    m.reset(initial, choices);
    for (let j = 0; j < 20; j++) mixed(m, draws[j] as number, 16);
  }
  const us = ((performance.now() - start) * 1000) / rounds;
  console.log(`reset and 20 mixed operations: ${us.toFixed(2)} µs`);
}

for (const dependencies of ['exact', 'conservative'] as const) {
  await measure(dependencies);
  growth(dependencies);
  resets(dependencies);
}
