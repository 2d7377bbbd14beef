/** `klp-smp compare`: run a scenario in the explorer and on real threads, and say which outcomes only one of them shows. */

import type { Command } from 'commander';
import { fileURLToPath } from 'node:url';
import { Piscina } from 'piscina';
import { UsageError } from '../errors.js';
import {
  Campaign,
  type CampaignLimits,
  Workers,
  type CampaignState,
} from '../campaign/campaign.js';
import type { ExploreConfig } from '../explorer/engine/config.js';
import { CONTROL_WORDS, isBare, loadNative, type RaceThreadTask } from '../threads/race-threads.js';
import { MEMORY_KINDS, type MemoryKind } from '../memory/backend.js';
import { prepare } from '../explorer/engine/prepared.js';
import { loadScenario } from '../explorer/engine/session.js';
import { createSharedMemory } from '../memory/map.js';
import { gradeOf, type Grade, type Scenario } from '../scenario/declare.js';
import { chooseScenario } from './explore.js';
import { interruptible } from './interrupt.js';
import {
  choiceOf,
  duration,
  integerIn,
  jsonOption,
  option,
  orderingSites,
  seedOption,
} from './options.js';
import { emit } from './output.js';

interface CompareOptions {
  readonly backend: MemoryKind;
  readonly runs: number;
  readonly budget: number;
  readonly seed: number;
  readonly ablate: number[];
  readonly json: boolean;
}

/** One outcome, and how often each side showed it. */
interface Row {
  readonly outcome: string;
  readonly grade: Grade;
  readonly explorer: number;
  readonly threads: number;
}

/** Add the command to a program. */
export function registerCompare(program: Command): void {
  program
    .command('compare')
    .description('run a scenario in the explorer and on real threads, and compare the outcomes')
    .argument('<scenario>', 'NAME of the catalogue, FILE or FILE#NAME')
    .addOption(
      option('--backend <name>', 'memory on the threads', choiceOf(MEMORY_KINDS), {
        value: 'weak',
      }),
    )
    .addOption(
      option('--runs <n>', 'executions on threads', integerIn({ min: 1, max: 100_000_000 }), {
        value: 20_000,
      }),
    )
    .addOption(
      option('--budget <time>', 'time for the explorer', duration, { value: 10_000, shown: '10s' }),
    )
    .addOption(
      option('--ablate <sites>', 'ordering sites to remove on both sides', orderingSites, {
        value: [],
        shown: 'none',
      }),
    )
    .addOption(seedOption())
    .addOption(jsonOption())
    .action(async (scenario: string, options: CompareOptions) => {
      process.exitCode = await compare(scenario, options);
    });
}

async function compare(text: string, options: CompareOptions): Promise<number> {
  const workers = new Workers(1);
  try {
    const info = await chooseScenario(workers, text);
    const reference = { file: info.file, name: info.name };
    const scenario = await loadNative(reference);
    const threads = await runOnThreads(scenario, reference, options);
    const isExhaustible = isBare(scenario.build());
    const state = await runInExplorer(workers, reference, options, isExhaustible);
    if (state.failure !== undefined) throw state.failure;
    const rows = rowsOf(scenario, state, threads);
    const unreachable = rows.filter((row) => row.threads > 0 && row.explorer === 0);
    emit(options, { rows, exhausted: state.exhausted }, () =>
      compareText(rows, state, options).join('\n'),
    );
    const isWrong = state.exhausted && unreachable.length > 0;
    return isWrong || rows.some((row) => row.grade === 'forbidden') ? 1 : 0;
  } finally {
    await workers.close();
  }
}

async function runOnThreads(
  scenario: Scenario,
  reference: ExploreConfig['scenario'],
  options: CompareOptions,
): Promise<Record<string, number>> {
  const { map, bodies } = scenario.build();
  const { memory } = createSharedMemory(map.words);
  const image = new SharedArrayBuffer(map.words * 4);
  new Int32Array(image).set(prepare((await loadScenario(reference)).scenario).image);
  const control = new SharedArrayBuffer(CONTROL_WORDS * 4);
  const cpus = bodies.length;
  const filename = fileURLToPath(new URL('../../workers/race.js', import.meta.url));
  const pool = new Piscina({ filename, minThreads: cpus, maxThreads: cpus });
  try {
    const tasks = bodies.map((_, cpu): RaceThreadTask => {
      const { backend: kind, seed, ablate: ablated, runs: executions } = options;
      return {
        ...{ scenario: reference, cpu, cpus, kind, seed, ablated },
        ...{ memory, control, executions, image },
      };
    });
    const [counts] = (await Promise.all(tasks.map((task) => pool.run(task)))) as Record<
      string,
      number
    >[];
    return counts ?? {};
  } catch (error) {
    throw new UsageError(`on real threads: ${(error as Error).message}`, { cause: error });
  } finally {
    await pool.destroy();
  }
}

function runInExplorer(
  workers: Workers,
  scenario: ExploreConfig['scenario'],
  { budget, ablate, seed }: CompareOptions,
  isExhaustible: boolean,
): Promise<CampaignState> {
  const strategy = isExhaustible ? ({ kind: 'dfs' } as const) : ({ kind: 'random', seed } as const);
  const config = { scenario, memory: 'lkmm', strategy, ablated: ablate } as const;
  const limits: CampaignLimits = {
    from: 0,
    executions: Number.MAX_SAFE_INTEGER,
    budgetMs: budget,
    threads: 1,
    stopAt: 'nothing',
  };
  const campaign = new Campaign(workers, config, limits, () => undefined);
  return interruptible((signal) => {
    signal.addEventListener('abort', () => campaign.stop());
    return campaign.run();
  });
}

function rowsOf(
  scenario: Scenario,
  { tally }: CampaignState,
  threads: Readonly<Record<string, number>>,
): Row[] {
  const keys = new Set([...tally.outcomes.map((o) => o.key), ...Object.keys(threads)]);
  return [...keys].sort().map((outcome) => ({
    outcome,
    grade: gradeOf(scenario, outcome).grade,
    explorer: tally.outcomes.find((o) => o.key === outcome)?.count ?? 0,
    threads: threads[outcome] ?? 0,
  }));
}

function compareText(
  rows: readonly Row[],
  { exhausted, tally }: CampaignState,
  { runs, backend }: CompareOptions,
): string[] {
  const how = exhausted ? 'exhausted' : 'not exhausted';
  const lines = [
    `explorer: ${how}, ${tally.executions} executions; threads (${backend}): ${runs} executions`,
    `${'outcome'.padEnd(24)} ${'grade'.padEnd(12)} ${'explorer'.padStart(10)} ${'threads'.padStart(10)}`,
  ];
  for (const { outcome, grade, explorer, threads } of rows) {
    lines.push(
      `${outcome.padEnd(24)} ${grade.padEnd(12)} ${String(explorer).padStart(10)} ${String(threads).padStart(10)}${noteOf(explorer, threads, exhausted)}`,
    );
  }
  return lines;
}

function noteOf(explorer: number, threads: number, exhausted: boolean): string {
  if (threads === 0) return '  never shown by the threads';
  if (explorer > 0) return '';
  return exhausted
    ? '  the explorer cannot reach it: our error'
    : '  not reached by the explorer yet';
}
