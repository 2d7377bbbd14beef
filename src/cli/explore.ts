/** `klp-smp explore`: run a scenario under a strategy and report every outcome, with a token for each finding. */

import type { Command } from 'commander';
import { availableParallelism } from 'node:os';
import { UsageError } from '../errors.js';
import { Workers, type CampaignState } from '../campaign/campaign.js';
import { catalogFiles, findScenario } from '../campaign/find-scenario.js';
import type { ExploreConfig, StrategyConfig } from '../explorer/engine/config.js';
import { catalogModule } from '../explorer/build/modules.js';
import { hasFinding } from '../campaign/tally.js';
import type { MinimisedFinding, ScenarioInfo } from '../campaign/worker-task.js';
import { exploreJson, exploreLines } from './explore-report.js';
import { interruptible } from './interrupt.js';
import {
  choiceOf,
  duration,
  integerIn,
  jsonOption,
  option,
  orderingSites,
  seedOption,
  writableFile,
} from './options.js';
import { emit } from './output.js';
import { startProgress, type Progress } from './progress.js';
import { runSaved } from './saved-campaign.js';

/** Milliseconds that loading a scenario may take. */
const LOAD_MS = 60_000;
/** Milliseconds that shrinking one finding may take. */
const MINIMISE_MS = 120_000;

interface ExploreOptions {
  readonly list?: boolean;
  readonly memory: 'sc' | 'lkmm';
  readonly strategy: 'random' | 'pct' | 'dfs';
  readonly seed: number;
  readonly depth: number;
  readonly preemptions?: number;
  readonly choices?: number;
  readonly ablate: number[];
  readonly runs?: number;
  readonly budget: number;
  readonly threads: number;
  readonly steps?: number;
  readonly stop?: boolean;
  readonly minimise: boolean;
  readonly checkpoint?: string;
  readonly json: boolean;
}

const small = integerIn({ min: 0, max: 1000 });
const many = integerIn({ min: 1, max: Number.MAX_SAFE_INTEGER });

/** Add the command to a program. */
export function registerExplore(program: Command): void {
  program
    .command('explore')
    .description('explore the interleavings and reorderings of a scenario, deterministically')
    .argument('[scenario]', 'NAME of the catalogue, FILE or FILE#NAME')
    .option('--list', 'list the scenarios of the catalogue')
    .addOption(
      option(
        '--memory <kind>',
        'sequentially consistent memory, or what the kernel memory model allows',
        choiceOf(['sc', 'lkmm']),
        { value: 'lkmm' },
      ),
    )
    .addOption(
      option('--strategy <name>', 'how schedules are found', choiceOf(['random', 'pct', 'dfs']), {
        value: 'random',
      }),
    )
    .addOption(seedOption())
    .addOption(
      option('--depth <d>', 'pct: depth of the bugs looked for', integerIn({ min: 1, max: 20 }), {
        value: 3,
      }),
    )
    .addOption(option('--preemptions <n>', 'dfs: most preemptions of an execution', small))
    .addOption(option('--choices <n>', 'dfs: most weak answers of the memory', small))
    .addOption(
      option('--ablate <sites>', 'ordering sites to remove', orderingSites, {
        value: [],
        shown: 'none',
      }),
    )
    .addOption(option('--runs <n>', 'number of executions (default: what fits the budget)', many))
    .addOption(
      option('--budget <time>', 'time to spend', duration, { value: 10_000, shown: '10s' }),
    )
    .addOption(
      option('--threads <n>', 'worker threads', integerIn({ min: 1, max: 256 }), {
        value: availableParallelism(),
      }),
    )
    .addOption(
      option('--steps <n>', "bound on operations of an execution (default: the scenario's)", many),
    )
    .option('--stop', 'stop at the first forbidden outcome')
    .option('--no-minimise', 'print findings as they were found')
    .addOption(
      option('--checkpoint <file>', 'random, pct: save progress, and go on from it', writableFile),
    )
    .addOption(jsonOption())
    .action(async (scenario: string | undefined, options: ExploreOptions) => {
      process.exitCode = await explore(scenario, options);
    });
}

async function explore(scenario: string | undefined, options: ExploreOptions): Promise<number> {
  const isDfs = options.strategy === 'dfs';
  if (isDfs && options.checkpoint !== undefined) {
    throw new UsageError('--checkpoint works with --strategy random and pct, not with dfs');
  }
  const workers = new Workers(isDfs ? 1 : options.threads);
  try {
    if (options.list === true) return await list(workers, options);
    if (scenario === undefined) throw new UsageError('name a scenario, or give --list');
    const info = await chooseScenario(workers, scenario);
    return await run(workers, info, options);
  } finally {
    await workers.close();
  }
}

async function list(workers: Workers, options: ExploreOptions): Promise<number> {
  const all: ScenarioInfo[] = [];
  for (const file of catalogFiles()) {
    const infos = await scenariosOf(workers, catalogModule(file));
    all.push(...infos.map(({ file: _, ...info }) => info));
  }
  emit(options, all, (infos) =>
    infos.map(({ name, description }) => `${name.padEnd(24)} ${description}`).join('\n'),
  );
  return 0;
}

/** A scenario and the file that exports it. */
export interface Chosen extends ScenarioInfo {
  readonly file: string;
}

/** The scenarios that a file exports. */
export async function scenariosOf(workers: Workers, file: string): Promise<Chosen[]> {
  const infos = await workers.run<ScenarioInfo[]>({ task: 'list', file }, LOAD_MS);
  return infos.map((info) => ({ ...info, file }));
}

/** The scenario that a user means. */
export async function chooseScenario(workers: Workers, text: string): Promise<Chosen> {
  const { file, name } = findScenario(text);
  const all = await scenariosOf(workers, file);
  const fitting = all.filter((info) => name === undefined || info.name === name);
  // A file may hold variants of the scenario that it is named after.
  const info = fitting.length === 1 ? fitting[0] : fitting.find((i) => i.name === text);
  if (info !== undefined) return info;
  const names = all.map((i) => i.name).join(', ');
  throw new UsageError(`say which scenario of ${text} is meant: ${names}`);
}

function strategyOf(options: ExploreOptions): StrategyConfig {
  const { strategy: kind, seed, depth, preemptions, choices } = options;
  if (kind === 'random') return { kind, seed };
  if (kind === 'pct') return { kind, seed, depth };
  return {
    kind,
    ...(preemptions === undefined ? {} : { preemptions }),
    ...(choices === undefined ? {} : { choices }),
  };
}

async function run(workers: Workers, info: Chosen, options: ExploreOptions): Promise<number> {
  const config: ExploreConfig = {
    scenario: { file: info.file, name: info.name },
    memory: options.memory,
    strategy: strategyOf(options),
    ablated: options.ablate,
    ...(options.steps === undefined ? {} : { steps: options.steps }),
  };
  const started = performance.now();
  const state = await runCampaign(workers, config, info.fingerprint, options);
  const seconds = (performance.now() - started) / 1000;
  const findings = options.minimise ? await shrinkAll(workers, config, state) : [];
  const report = { config, state, seconds, findings };
  emit(options, exploreJson(report), () => exploreLines(report).join('\n'));
  // What was counted before the failure has been printed; the failure decides the exit status.
  if (state.failure !== undefined) throw state.failure;
  return hasFinding(state.tally) ? 1 : 0;
}

async function runCampaign(
  workers: Workers,
  config: ExploreConfig,
  fingerprint: string,
  options: ExploreOptions,
): Promise<CampaignState> {
  const progress = startExploreProgress(options);
  const started = performance.now();
  try {
    return await interruptible((signal) =>
      runSaved(workers, {
        config,
        fingerprint,
        limits: {
          executions: options.runs ?? Number.MAX_SAFE_INTEGER,
          // The command's own start is part of its time, unless it would take most of it.
          budgetMs: Math.max(options.budget / 2, options.budget - performance.now()),
          threads: options.threads,
          stopAt: options.stop === true ? 'forbidden' : 'nothing',
        },
        checkpoint: options.checkpoint,
        signal,
        onProgress: (state) => showProgress(progress, options, state, performance.now() - started),
      }),
    );
  } finally {
    progress.stop();
  }
}

/** Progress towards the number of executions, or towards the end of the budget. */
function startExploreProgress({ runs, budget }: ExploreOptions): Progress {
  return runs === undefined
    ? startProgress({ label: 'exploring', total: Math.ceil(budget / 1000), unit: 's' })
    : startProgress({ label: 'exploring', total: runs, unit: 'executions' });
}

function showProgress(
  progress: Progress,
  { runs }: ExploreOptions,
  { next, tally }: CampaignState,
  ms: number,
): void {
  const rate = tally.executions / Math.max(ms / 1000, 1e-3);
  const left = runs === undefined ? '' : `, ${Math.ceil((runs - next) / Math.max(rate, 1))} s left`;
  progress.update(
    runs === undefined ? Math.floor(ms / 1000) : next,
    `${next} executions, ${Math.round(rate)}/s${left}`,
  );
}

/** Shrink each forbidden outcome; one that cannot be shrunk stays as it was found. */
async function shrinkAll(
  workers: Workers,
  config: ExploreConfig,
  state: CampaignState,
): Promise<MinimisedFinding[]> {
  const findings: MinimisedFinding[] = [];
  for (const { grade, token } of state.tally.outcomes) {
    if (grade !== 'forbidden') continue;
    const task = { task: 'minimise', config, token } as const;
    findings.push(await workers.run<MinimisedFinding>(task, MINIMISE_MS));
  }
  return findings;
}
