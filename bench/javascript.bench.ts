/** Programs over SharedArrayBuffers in the explorer: beside the same algorithms over `cpu`, by themselves, and how fast a package is loaded. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openSession } from '../src/campaign/scenarios/programs.js';
import type { Tally } from '../src/campaign/work/tally.js';
import { catalogModule } from '../src/explorer/build/modules.js';
import type { Explorable } from '../src/explorer/engine/explorable.js';
import type { MemoryKind } from '../src/explorer/engine/explorer-memory.js';
import { compileProgram } from '../src/javascript/build/compile.js';
import { main, type Benchmark, type MeasuredTask, type Settings } from './harness.js';
import { RandomStrategy } from '../src/explorer/strategies/random.js';
import { explorationRate } from './exploration-rate.js';

const fileOf = (name: string): string =>
  fileURLToPath(new URL(`../../bench/javascript/${name}.js`, import.meta.url));

/** Names of an algorithm over `cpu`, where it is, and as a program. */
const ALGORITHMS = [
  ['protocol', catalogModule('disable-protocol'), 'disable-protocol-2', 'protocol'],
  ['store buffering', fileOf('over-cpu'), 'store-buffering', 'storeBuffering'],
  ['Treiber stack', fileOf('over-cpu'), 'treiber', 'treiber'],
] as const;

type Count = (tally: Tally) => number;

/** A rate: what is counted of executions at random, in thousands for each second that this process was given a processor. */
function rateTask(
  name: string,
  session: Explorable,
  settings: Settings,
  count: Count,
  aims: Pick<MeasuredTask, 'aim' | 'aimRatio'> = {},
): MeasuredTask {
  return {
    ...{ name, ...aims, isBusy: true },
    measure: explorationRate(
      session,
      new RandomStrategy(settings.seed),
      (tally) => 1000 * count(tally),
    ),
  };
}

const executions: Count = (tally) => tally.executions;
const operations: Count = (tally) => tally.steps;

/** An algorithm as a program, beside itself over `cpu`. */
function besideCpu(
  [title, file, name, exported]: (typeof ALGORITHMS)[number],
  overCpu: MemoryKind,
  overAtomics: MemoryKind,
): Benchmark {
  const open = (path: string, scenario: string, memory: MemoryKind): Promise<Explorable> =>
    openSession({ scenario: { file: path, name: scenario }, memory, ablated: [] });
  const baseline = `over cpu, ${overCpu}`;
  return {
    name: `${title}: ${overAtomics}`,
    unit: 'executions/ms',
    better: 'higher',
    baseline,
    isSeeded: true,
    tasks: async (settings) => [
      rateTask(baseline, await open(file, name, overCpu), settings, executions),
      rateTask(
        `over Atomics, ${overAtomics}`,
        await open(fileOf('over-atomics'), exported, overAtomics),
        settings,
        executions,
        { aimRatio: 0.5 },
      ),
    ],
  };
}

const rate: Benchmark = {
  name: 'operations of programs',
  unit: 'operations/ms',
  better: 'higher',
  baseline: 'protocol, sc',
  isSeeded: true,
  tasks: (settings) =>
    Promise.all(
      (['sc', 'js'] as const).flatMap((memory) =>
        ALGORITHMS.map(async ([title, , , exported]) => {
          const scenario = { file: fileOf('over-atomics'), name: exported };
          const session = await openSession({ scenario, memory, ablated: [] });
          const aims = memory === 'sc' ? { aim: 1000 } : {};
          return rateTask(`${title}, ${memory}`, session, settings, operations, aims);
        }),
      ),
    ),
};

/** Lines of the package, and of each of its modules. */
const PACKAGE_LINES = 10_000;
const MODULE_LINES = 500;

/** A module in the styles of the real ones: classes, closures, loops, generators, async functions. */
function moduleText(number: number): string {
  const part = (i: number): string => `
export class Queue${i} {
  #words;
  static #count = 0;
  constructor(buffer, { capacity = 16, ...rest } = {}) {
    this.#words = new Int32Array(buffer, 0, capacity);
    this.rest = { ...rest, number: Queue${i}.#count++ };
  }
  get size() { return Atomics.load(this.#words, 0) - Atomics.load(this.#words, 1); }
  push(value) {
    const tail = Atomics.load(this.#words, 0);
    if (this.size === this.#words.length - 2) return false;
    this.#words[2 + (tail % (this.#words.length - 2))] = value;
    Atomics.store(this.#words, 0, tail + 1);
    return Atomics.notify(this.#words, 0) >= 0;
  }
  *[Symbol.iterator]() {
    for (let i = 0; i < this.size; i++) yield this.#words[2 + i];
  }
  async drain(each) {
    for (const value of this) await each(value);
    return [...this].map((value) => value * ${i}).filter(Boolean).sort((a, b) => a - b);
  }
}
export function sum${i}(list, start = 0) {
  let total = start;
  for (const [key, value] of Object.entries(list)) total += key.length + (value?.size ?? 0);
  return total;
}
`;
  const lines: string[] = number === 0 ? [] : [`import * as before from './m${number - 1}.js';`];
  for (let i = 0; lines.length < MODULE_LINES; i++) lines.push(...part(i).split('\n'));
  return lines.join('\n');
}

const load: Benchmark = {
  name: 'package of 10,000 lines',
  unit: 'ms',
  better: 'lower',
  baseline: 'read, transformed and compiled',
  tasks: () => [
    {
      name: 'read, transformed and compiled',
      aim: 1000,
      measure: () => {
        const folder = mkdtempSync(join(tmpdir(), 'klp-smp-bench-'));
        try {
          const modules = PACKAGE_LINES / MODULE_LINES;
          for (let i = 0; i < modules; i++) writeFileSync(join(folder, `m${i}.js`), moduleText(i));
          const before = process.cpuUsage().user;
          compileProgram(join(folder, `m${modules - 1}.js`));
          return (process.cpuUsage().user - before) / 1000;
        } finally {
          rmSync(folder, { recursive: true });
        }
      },
    },
  ],
};

await main([
  ...ALGORITHMS.map((algorithm) => besideCpu(algorithm, 'sc', 'sc')),
  ...ALGORITHMS.map((algorithm) => besideCpu(algorithm, 'lkmm', 'js')),
  rate,
  load,
]);
