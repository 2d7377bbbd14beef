/** `klp-smp explore`: run a scenario under a strategy and report every outcome, with a token for each finding. */

import { SingleBar } from 'cli-progress';
import { Option, type Command } from 'commander';
import { availableParallelism } from 'node:os';
import { exitCodeOf, UsageError } from '../errors.js';
import { catalogFiles, findScenario } from '../explorer/catalog-lookup.js';
import { Campaign, Workers, type CampaignState } from '../explorer/campaign.js';
import { readCheckpoint, writeCheckpoint } from '../explorer/checkpoint.js';
import type { ExploreConfig, StrategyConfig } from '../explorer/config.js';
import { catalogModule } from '../explorer/modules.js';
import { hasFinding } from '../explorer/tally.js';
import type { MinimisedFinding, ScenarioInfo } from '../explorer/worker-task.js';
import { duration, integerFrom, sites } from './explore-options.js';
import { exploreJson, exploreLines } from './explore-report.js';

/** Milliseconds that loading a scenario may take. */
const LOAD_MS = 60_000;
/** Milliseconds that shrinking one finding may take. */
const MINIMISE_MS = 120_000;
/** Milliseconds between two checkpoints. */
const CHECKPOINT_MS = 2_000;

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
  readonly json?: boolean;
}

/** Add the command to a program. */
export function registerExplore(program: Command): void {
  program
    .command('explore')
    .description('explore the interleavings and reorderings of a scenario, deterministically')
    .argument('[scenario]', 'NAME of the catalogue, FILE or FILE#NAME')
    .option('--list', 'list the scenarios of the catalogue')
    .addOption(
      new Option('--memory <kind>', 'memory model: sequentially consistent, or the kernel’s')
        .choices(['sc', 'lkmm'])
        .default('lkmm'),
    )
    .addOption(
      new Option('--strategy <name>', 'how schedules are found')
        .choices(['random', 'pct', 'dfs'])
        .default('random'),
    )
    .option('--seed <n>', 'seed of random and pct', integerFrom(0), 1)
    .option('--depth <d>', 'pct: depth of the bugs looked for', integerFrom(1), 3)
    .option('--preemptions <n>', 'dfs: at most so many preemptions', integerFrom(0))
    .option('--choices <n>', 'dfs: at most so many weak answers of the memory', integerFrom(0))
    .option('--ablate <sites>', 'ordering sites to remove, such as O-01,O-04', sites, [])
    .option('--runs <n>', 'number of executions (default: as many as fit into the budget)', integerFrom(1))
    .option('--budget <time>', 'time to spend', duration, 10_000)
    .option('--threads <n>', 'worker threads', integerFrom(1), availableParallelism())
    .option('--steps <n>', 'bound on operations of an execution', integerFrom(1))
    .option('--stop', 'stop at the first forbidden outcome')
    .option('--no-minimise', 'print findings as they were found')
    .option('--checkpoint <file>', 'random, pct: save progress in a file, and go on from it')
    .option('--json', 'print one JSON object')
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
    if (options.list === true) return await list(workers);
    if (scenario === undefined) throw new UsageError('name a scenario, or give --list');
    const info = await choose(workers, scenario);
    return await run(workers, info, options);
  } finally {
    await workers.close();
  }
}

async function list(workers: Workers): Promise<number> {
  for (const file of catalogFiles()) {
    const task = { task: 'list', file: catalogModule(file) } as const;
    for (const { name, description } of await workers.run<ScenarioInfo[]>(task, LOAD_MS)) {
      console.log(`${name.padEnd(28)} ${description}`);
    }
  }
  return 0;
}

interface Chosen extends ScenarioInfo {
  readonly file: string;
}

/** The scenario that a user means. */
export async function choose(workers: Workers, text: string): Promise<Chosen> {
  const { file, name } = findScenario(text);
  const all = await workers.run<ScenarioInfo[]>({ task: 'list', file }, LOAD_MS);
  const fitting = all.filter((info) => name === undefined || info.name === name);
  const [info] = fitting;
  if (info !== undefined && fitting.length === 1) return { ...info, file };
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
  if (options.json === true) console.log(JSON.stringify(exploreJson(report), null, 2));
  else for (const line of exploreLines(report)) console.log(line);
  if (state.failure !== undefined) {
    console.error(state.failure instanceof Error ? state.failure.message : String(state.failure));
    return exitCodeOf(state.failure);
  }
  return hasFinding(state.tally) ? 1 : 0;
}

async function runCampaign(
  workers: Workers,
  config: ExploreConfig,
  fingerprint: string,
  options: ExploreOptions,
): Promise<CampaignState> {
  const { checkpoint: file } = options;
  const earlier = file === undefined ? undefined : readCheckpoint(file, config, fingerprint);
  const bar = progressBar(options);
  let saved = performance.now();
  const save = (state: CampaignState): void => {
    if (file === undefined) return;
    writeCheckpoint(file, { config, fingerprint, next: state.next, tally: state.tally });
  };
  const limits = {
    from: earlier?.next ?? 0,
    executions: options.runs ?? Number.MAX_SAFE_INTEGER,
    budgetMs: options.budget,
    threads: options.threads,
    stopAtFinding: options.stop ?? false,
  };
  const onProgress = (state: CampaignState): void => {
    bar?.update(state.next);
    if (performance.now() - saved < CHECKPOINT_MS) return;
    saved = performance.now();
    save(state);
  };
  const campaign = new Campaign(workers, config, limits, onProgress, earlier?.tally);
  const stop = (): void => campaign.stop();
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
  const state = await campaign.run();
  process.off('SIGINT', stop);
  process.off('SIGTERM', stop);
  bar?.stop();
  save(state);
  return state;
}

/** A progress bar on a terminal; nothing in a pipe. */
function progressBar(options: ExploreOptions): SingleBar | undefined {
  if (!process.stderr.isTTY || options.json === true) return undefined;
  const format =
    options.runs === undefined
      ? '{value} executions, {duration_formatted}'
      : '{bar} {value}/{total} executions, {duration_formatted}, ETA {eta_formatted}';
  const bar = new SingleBar({ format, stream: process.stderr, clearOnComplete: true });
  bar.start(options.runs ?? Number.MAX_SAFE_INTEGER, 0);
  return bar;
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
