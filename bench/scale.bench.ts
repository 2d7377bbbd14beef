/** `npm run bench:scale`: how patching, forking, hotplug and modules coming and going grow with CPUs and with tasks. */

import {
  build as buildCycles,
  CYCLE_STATE,
  CYCLE_SYMBOL,
  type CyclesOptions,
} from '../src/catalog/cycles.js';
import {
  build as buildScale,
  SCALE_STATE,
  SCALE_SYMBOL,
  type ScaleWork,
} from '../src/catalog/scale.js';
import { runOnThreads } from '../src/threads/engine.js';
import { main, type Benchmark, type MeasuredTask } from './harness.js';

const CPUS = [1, 2, 4, 8, 16, 32, 64];
const TASKS = [100, 1000, 10_000, 100_000, 1_000_000];
/** Size of the machine in the direction that is not measured. */
const [FEW_CPUS, FEW_TASKS] = [2, 100];
/** How long a machine runs before it is measured. */
const WARM_MS = 500;
/** An attempt to complete a transition comes once a second, and is to be no part of the measure. */
const JIFFIES_PER_MS = 400;

type Work = 'patch' | ScaleWork;

interface Planned {
  readonly workload: string;
  readonly options: CyclesOptions & { readonly work?: ScaleWork };
  readonly counter: number;
}

function plan(work: Work, cpus: number, tasks: number): Planned {
  const file = work === 'patch' ? 'cycles' : 'scale';
  const workload = new URL(`../src/catalog/${file}.js`, import.meta.url).href;
  if (work === 'patch') {
    const options = { cpus, tasks, areAsleep: true };
    const counter = buildCycles(options).booted.symbol(CYCLE_SYMBOL) + CYCLE_STATE.cycles;
    return { workload, options, counter };
  }
  const options = { work, cpus, tasks };
  const counter = buildScale(options).booted.symbol(SCALE_SYMBOL) + SCALE_STATE.done;
  return { workload, options, counter };
}

/** Things done in a second of a machine that has run for a moment. */
async function perSecond(work: Work, cpus: number, tasks: number, timeMs: number): Promise<number> {
  const { workload, options, counter } = plan(work, cpus, tasks);
  let warm: { readonly atMs: number; readonly count: number } | undefined;
  const { elapsedMs, words } = await runOnThreads({
    workload,
    options,
    durationMs: WARM_MS + Math.max(1000, timeMs),
    jiffiesPerMs: JIFFIES_PER_MS,
    onProgress: (atMs, seen) => {
      if (atMs >= WARM_MS) warm ??= { atMs, count: seen[counter] ?? 0 };
    },
  });
  if (!warm) throw new Error('the machine ended before it was warm');
  return (((words[counter] ?? 0) - warm.count) * 1000) / (elapsedMs - warm.atMs);
}

const plural = (n: number, what: string): string =>
  `${n.toLocaleString('en-US')} ${what}${n === 1 ? '' : 's'}`;

function byCpus(work: Work, name: string): Benchmark {
  // The only CPU cannot be taken down.
  const sizes = work === 'hotplug' ? CPUS.filter((cpus) => cpus > 1) : CPUS;
  return {
    name: `${name} by CPUs`,
    unit: 'per s',
    better: 'higher',
    baseline: plural(sizes[0] ?? 1, 'CPU'),
    tasks: () =>
      sizes.map((cpus): MeasuredTask => ({
        name: plural(cpus, 'CPU'),
        size: cpus,
        measure: ({ timeMs }) => perSecond(work, cpus, FEW_TASKS, timeMs),
      })),
  };
}

function byTasks(work: Work, name: string): Benchmark {
  return {
    name: `${name} by tasks`,
    unit: 'per s',
    better: 'higher',
    baseline: plural(TASKS[0] ?? 0, 'task'),
    tasks: () =>
      TASKS.map((tasks): MeasuredTask => ({
        name: plural(tasks, 'task'),
        size: tasks,
        measure: ({ timeMs }) => perSecond(work, FEW_CPUS, tasks, timeMs),
      })),
  };
}

const WORK: readonly (readonly [Work, string])[] = [
  ['patch', 'patch cycles'],
  ['fork', 'fork and exit'],
  ['hotplug', 'CPU down and up'],
  ['module', 'module coming and going'],
];

await main(WORK.flatMap(([work, name]) => [byCpus(work, name), byTasks(work, name)]));
