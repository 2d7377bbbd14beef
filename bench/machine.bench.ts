/** Cost of the view machine: its operations on 4 CPUs and 256 locations, a reset, and how much the heap grows. */

import { Random } from '../src/litmus/on-machine/machine-schedule.js';
import { ViewMachine } from '../src/view-machine/view-machine.js';
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
import { DEFAULT_VIEW_CAP } from '../src/view-machine/options.js';
import type { CpuId } from '../src/memory/struct.js';
import { main, type Benchmark, type MeasuredTask, type TimedTask } from './harness.js';

const CPUS = 4;
const LOCATIONS = 256;
const WORDS = 2 ** 20;
const DRAWS = 10_000;
/** Operations that a timed call does: few, so that most calls are not interrupted on a busy machine. */
const BATCH = 100;

/** Reads a stale message, or inserts before the end, with a probability. */
class Sometimes implements ChoiceSource {
  readonly #random: Random;
  readonly #probability: number;

  constructor(seed: number, probability: number) {
    this.#random = new Random(seed);
    this.#probability = probability;
  }

  choose(n: number): number {
    return this.#random.chance(this.#probability) ? 1 + this.#random.below(n - 1) : 0;
  }
}

type Dependencies = 'exact' | 'conservative';

const initial = new Int32Array(WORDS);

function machine(
  seed: number,
  stale: number,
  dependencies: Dependencies,
  viewCap = DEFAULT_VIEW_CAP,
): ViewMachine {
  const m = new ViewMachine({ cpus: CPUS, words: WORDS, dependencies, viewCap });
  m.reset(initial, new Sometimes(seed, stale));
  return m;
}

/** Operations are drawn beforehand, so that the draw is not measured. */
function drawsOf(seed: number): Int32Array {
  const random = new Random(seed);
  return Int32Array.from({ length: DRAWS }, () => random.below(2 ** 30));
}

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
  /** Nanoseconds asked for. */
  readonly aim?: number;
  /** Locations in a CPU's views, if not the machine's default. */
  readonly viewCap?: number;
  readonly operation: (m: ViewMachine, draw: number) => void;
}

const READ = 'read the newest value';

const cases: readonly Case[] = [
  {
    name: READ,
    stale: 0,
    aim: 40,
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
  { name: 'mix, never stale', stale: 0, aim: 200, operation: (m, d) => mixed(m, d, LOCATIONS) },
  { name: 'mix, 20 % stale', stale: 0.2, aim: 200, operation: (m, d) => mixed(m, d, LOCATIONS) },
  { name: 'mix, 20 % stale, 8 locations', stale: 0.2, operation: (m, d) => mixed(m, d, 8) },
  { name: 'lock, 4 accesses, unlock', stale: 0, aim: 2000, operation: section },
  // What remembering unordered accesses costs: with 1, every operation is ordered before the next.
  { name: 'lock …, views of 4 locations', stale: 0, viewCap: 4, operation: section },
  { name: 'lock …, views of 1 location', stale: 0, viewCap: 1, operation: section },
];

function timed(
  { name, aim, stale, operation, viewCap }: Case,
  seed: number,
  dependencies: Dependencies,
): TimedTask {
  const m = machine(seed, stale, dependencies, viewCap);
  const draws = drawsOf(seed);
  for (const draw of draws) mixed(m, draw, LOCATIONS);
  let next = 0;
  return {
    name,
    ...(aim === undefined ? {} : { aim }),
    operations: BATCH,
    run: () => {
      for (let i = 0; i < BATCH; i++) operation(m, draws[next + i] as number);
      next = (next + BATCH) % DRAWS;
    },
  };
}

/** Resetting after a small protocol, which the explorer does after every execution. */
function reset(seed: number, dependencies: Dependencies): TimedTask {
  const [operations, words] = [20, 16];
  const m = machine(seed, 0, dependencies);
  const choices = new Sometimes(seed, 0);
  const draws = drawsOf(seed);
  return {
    name: `reset and ${operations} mixed operations on ${words} locations`,
    operations: 10,
    run: () => {
      for (let round = 0; round < 10; round++) {
        m.reset(initial, choices);
        for (let i = 0; i < operations; i++) mixed(m, draws[i] as number, words);
      }
    },
  };
}

function operations(dependencies: Dependencies): Benchmark {
  return {
    name: `machine with ${dependencies} dependencies`,
    unit: 'ns/op',
    better: 'lower',
    baseline: READ,
    isSeeded: true,
    tasks: ({ seed }) => [
      ...cases.map((it) => timed(it, seed, dependencies)),
      reset(seed, dependencies),
    ],
  };
}

const GROWTH_OPERATIONS = 10_000_000;

/** KiB that the heap grows by over ten million mixed operations, after a million to warm up. */
function growth(seed: number, dependencies: Dependencies): MeasuredTask {
  const draws = drawsOf(seed);
  return {
    name: `${dependencies} dependencies`,
    aim: 1024,
    measure: () => {
      const m = machine(seed, 0.2, dependencies);
      const run = (count: number): void => {
        for (let i = 0; i < count; i += DRAWS) for (const d of draws) mixed(m, d, LOCATIONS);
      };
      run(GROWTH_OPERATIONS / 10);
      globalThis.gc?.();
      const before = process.memoryUsage().heapUsed;
      run(GROWTH_OPERATIONS);
      globalThis.gc?.();
      // Without --expose-gc garbage counts too. Below 1 KiB, V8's own work on code outweighs the rest.
      return Math.max(1, (process.memoryUsage().heapUsed - before) / 1024);
    },
  };
}

const growths: Benchmark = {
  name: 'machine: heap growth over 10 M operations',
  unit: 'KiB',
  better: 'lower',
  baseline: 'exact dependencies',
  isSeeded: true,
  tasks: ({ seed }) => [growth(seed, 'exact'), growth(seed, 'conservative')],
};

await main([operations('exact'), operations('conservative'), growths]);
