/** Use case: run a scenario in the explorer and on real threads, and say which outcomes only one of them shows. */

import { UsageError } from '../../errors.js';
import { MEMORY_KINDS } from '../../memory/backend.js';
import { createSharedMemory } from '../../memory/map.js';
import { createPool } from '../../pool.js';
import { gradeOf, type Scenario } from '../../scenario/declare.js';
import type { ScenarioReference } from '../../scenario/reference.js';
import {
  CONTROL_WORDS,
  isBare,
  loadNative,
  stopRace,
  type RaceThreadTask,
} from '../../threads/race-threads.js';
import {
  Campaign,
  type CampaignLimits,
  type CampaignPlan,
  type CampaignState,
} from '../work/campaign.js';
import { checkOptions, type Filled, type OptionTable } from '../options/option-table.js';
import { WATCHING } from '../options/progress.js';
import { choiceOf, duration, integerIn, orderingSites, seed, textOf } from '../options/rules.js';
import { mistakeIn } from '../../explorer/engine/place.js';
import { isOfCatalogue } from '../options/replay-command.js';
import { chooseScenario } from '../scenarios/scenarios.js';
import type { CompareOptions, CompareResult } from './compared.js';
import { compareProgram } from './compare-program.js';
import { comparison } from './comparison.js';
import { Workers } from '../work/workers.js';

export type { CompareOptions, CompareResult, CompareRow } from './compared.js';

const ENTRY = new URL('../../../workers/race.js', import.meta.url);

/** Milliseconds that threads may still take after an interrupt. */
const GRACE_MS = 500;
/** Milliseconds that making a scenario's machine may take. */
const LOAD_MS = 60_000;

/** The options of {@link compare}. */
export const COMPARE_OPTIONS = {
  ...WATCHING,
  scenario: {
    rule: textOf('NAME of the catalogue, FILE or FILE#NAME'),
    about: 'NAME of the catalogue, FILE or FILE#NAME',
    required: true,
    flags: '<scenario>',
  },
  backend: {
    rule: choiceOf(MEMORY_KINDS),
    about: 'memory on the threads',
    fallback: 'weak',
    shown: 'weak; a program has its own',
    flags: '--backend <name>',
  },
  executions: {
    rule: integerIn({ min: 1, max: 100_000_000 }),
    about: 'executions on threads',
    fallback: 20_000,
    flags: '--runs <n>',
  },
  budgetMs: {
    rule: duration,
    about: 'time for the explorer, and for a program on threads',
    fallback: 10_000,
    shown: '10s',
    flags: '--budget <time>',
  },
  ablate: {
    rule: orderingSites,
    about: 'ordering sites to remove on both sides',
    fallback: [],
    shown: 'none',
    flags: '--ablate <sites>',
  },
  seed: { rule: seed, about: 'seed of every random choice', fallback: 1, flags: '--seed <n>' },
} as const satisfies OptionTable<CompareOptions>;

type Checked = Filled<CompareOptions, typeof COMPARE_OPTIONS>;

/**
 * Run a scenario in the explorer and on real threads.
 *
 * @throws UsageError for options that are not accepted, a scenario that is not there or cannot run on threads, or when one side
 *   executed nothing
 */
export async function compare(options: CompareOptions): Promise<CompareResult> {
  const checked = checkOptions('compare', options, COMPARE_OPTIONS);
  const { signal, onProgress } = checked;
  const workers = new Workers(1);
  try {
    const info = await chooseScenario(workers, checked.scenario, signal);
    const reference = { file: info.file, name: info.name };
    if (info.kind === 'program') {
      refuseForProgram(options);
      return await compareProgram(workers, reference, checked);
    }
    onProgress?.({ done: 0, total: 2, unit: 'sides', note: 'on threads' });
    const start = await workers.run('image', reference, { ms: LOAD_MS, signal });
    const scenario = await loadNative(reference);
    const threads = await runOnThreads(scenario, start, reference, checked);
    onProgress?.({ done: 1, total: 2, unit: 'sides', note: 'in the explorer' });
    const state = await runInExplorer(workers, reference, checked, isBare(scenario.build()));
    const sides = { state, threads, exhausted: state.exhausted };
    return comparison(scenario.name, sides, {
      ...{ memory: 'lkmm', backend: checked.backend, unended: 0, signal },
      gradeOf: (outcome) => gradeOf(scenario, outcome).grade,
    });
  } finally {
    await workers.close();
  }
}

async function runOnThreads(
  scenario: Scenario,
  start: Int32Array,
  reference: ScenarioReference,
  options: Checked,
): Promise<Readonly<Record<string, number>>> {
  const { signal } = options;
  const { map, bodies } = scenario.build();
  const { memory } = createSharedMemory(map.words);
  const image = new SharedArrayBuffer(map.words * 4);
  new Int32Array(image).set(start);
  const control = new SharedArrayBuffer(CONTROL_WORDS * 4);
  const cpus = bodies.length;
  const pool = createPool<RaceThreadTask, Record<string, number>>(ENTRY, {
    minThreads: cpus,
    maxThreads: cpus,
  });
  const giveUp = new AbortController();
  const stop = (): void => {
    stopRace(control);
    setTimeout(() => giveUp.abort(), GRACE_MS).unref();
  };
  signal?.addEventListener('abort', stop, { once: true });
  if (signal?.aborted === true) stop();
  try {
    const tasks = bodies.map((_, cpu): RaceThreadTask => {
      const { backend: kind, seed: from, ablate: ablated, executions } = options;
      return {
        ...{ scenario: reference, cpu, cpus, kind, seed: from, memory, control, executions, image },
        ablated: ablated as readonly number[],
        isOwn: isOfCatalogue(reference.file),
      };
    });
    const runs = tasks.map((task) => pool.run(task, { signal: giveUp.signal }));
    const [counts] = await Promise.all(runs);
    return counts ?? {};
  } catch (error) {
    if (giveUp.signal.aborted) return {};
    const what = mistakeIn(error) ?? `on real threads: ${(error as Error).message}`;
    throw new UsageError(`scenario ${reference.name}: ${what}`, { cause: error });
  } finally {
    signal?.removeEventListener('abort', stop);
    await pool.destroy();
  }
}

function runInExplorer(
  workers: Workers,
  scenario: ScenarioReference,
  { budgetMs, ablate, seed: from, signal }: Checked,
  isExhaustible: boolean,
): Promise<CampaignState> {
  const plan: CampaignPlan = {
    session: { scenario, memory: 'lkmm', ablated: ablate as readonly number[] },
    strategy: isExhaustible ? { kind: 'dfs' } : { kind: 'random', seed: from },
  };
  const limits: CampaignLimits = {
    ...{ from: 0, executions: Number.MAX_SAFE_INTEGER, budgetMs, threads: 1 },
    ...{ stopAt: 'nothing' as const, signal },
  };
  return new Campaign(workers, plan, limits).run();
}

/** Refuse options that have no effect on a program. */
function refuseForProgram({ backend, ablate }: CompareOptions): void {
  for (const [name, value] of Object.entries({ backend, ablate })) {
    if (value === undefined) continue;
    throw new UsageError(`compare: '${name}' is for kernel code: a program has memory of its own`);
  }
}
