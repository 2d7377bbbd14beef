/** Use case: the stress workload in the explorer, in virtual time: deterministic, with tokens, shrunk. */

import { DEFAULT_KERNEL_VERSION, type KernelVersion } from '../../kernel/versions.js';
import { stressParameters, type StressRun } from '../../catalog/systems/system-stress.js';
import { DEFAULT_MIX, type LatentIssue, type StressMix } from '../../catalog/stress.js';
import type { Sabotage } from '../../livepatch/layout.js';
import { explore, type ExploreOptions } from '../explore.js';
import type { ExploreResult } from '../explored.js';
import { checkOptions, type OptionTable } from '../options/option-table.js';
import { WATCHING, type Watching } from '../options/progress.js';
import { REPLACE, type Replacing } from '../scenarios/replace.js';
import { flag, integerIn } from '../options/rules.js';
import { smallestRun } from './stress-shrink.js';
import { checkLatent, hasPrintk, STRESS_OPTIONS, type ConfigChoice } from './stress.js';

/** What {@link stressInExplorer} is asked to do; a member left out has the default named. */
export interface ExplorerStressOptions extends Watching, Replacing {
  /** Default 2. */
  readonly cpus?: number;
  /** Default 8. */
  readonly tasks?: number;
  /** Operations of the admins in an execution. Default 12. */
  readonly operations?: number;
  /** Executions. Default as many as fit the time. */
  readonly executions?: number;
  /** Time, in ms. Default 30,000. */
  readonly durationMs?: number;
  /** Default 1. */
  readonly seed?: number;
  readonly mix?: Partial<StressMix>;
  readonly ablate?: readonly (number | string)[];
  readonly kernel?: KernelVersion;
  readonly latent?: readonly LatentIssue[];
  /** CONFIG_PRINTK. Default `y`, and `n` when ordering sites are removed. */
  readonly printk?: ConfigChoice;
  readonly sabotage?: keyof Sabotage;
  /** Worker threads. Default one for each core. */
  readonly threads?: number;
  /** Shrink what is found: operations, then tasks, then context switches. Default true. */
  readonly minimise?: boolean;
}

const { durationMs, seed, mix, ablate, kernel, latent, printk, sabotage } = STRESS_OPTIONS;

/** The options of {@link stressInExplorer}. */
export const EXPLORER_STRESS_OPTIONS = {
  ...WATCHING,
  ...{ durationMs, seed, mix, ablate, kernel, latent, printk, sabotage },
  replace: REPLACE,
  cpus: { ...STRESS_OPTIONS.cpus, fallback: 2 },
  tasks: { ...STRESS_OPTIONS.tasks, fallback: 8 },
  operations: {
    rule: integerIn({ min: 1, max: 100_000 }),
    about: 'operations of the admins in an execution',
    fallback: 12,
  },
  executions: { rule: integerIn({ min: 1, max: 1e9 }), about: 'number of executions' },
  threads: { rule: integerIn({ min: 1, max: 256 }), about: 'worker threads' },
  minimise: { rule: flag, about: 'shrink what is found', fallback: true },
} as const satisfies OptionTable<ExplorerStressOptions>;

/** Number of executions in which a smaller machine may show the same outcome. */
const TRIES = 60;
/** Milliseconds that the search for smaller machines may take. */
const SHRINK_MS = 60_000;

const scenarioOf = (run: StressRun): string => `system-stress:${stressParameters(run)}`;

function runOf(options: ExplorerStressOptions): StressRun {
  const { cpus = 2, tasks = 8, operations = 12, seed = 1, mix, kernel, latent, sabotage } = options;
  return {
    ...{ cpus, tasks, operations, seed, mix: { ...DEFAULT_MIX, ...mix } },
    ...(kernel === undefined || kernel === DEFAULT_KERNEL_VERSION ? {} : { version: kernel }),
    ...(latent === undefined ? {} : { latent }),
    ...(hasPrintk(options) ? {} : { printk: false }),
    ...(sabotage === undefined ? {} : { sabotage: { [sabotage]: true } }),
  };
}

/** Options that all explorations of one run have in common. */
function commonOf(options: ExplorerStressOptions): Omit<ExploreOptions, 'scenario'> {
  const { seed = 1, ablate, replace, threads, signal } = options;
  return {
    seed,
    ...(ablate === undefined ? {} : { ablate }),
    ...(replace === undefined ? {} : { replace }),
    ...(threads === undefined ? {} : { threads }),
    ...(signal === undefined ? {} : { signal }),
  };
}

const keyOf = ({ outcomes }: ExploreResult): string | undefined =>
  outcomes.find(({ grade }) => grade === 'forbidden')?.key;

/** Whether smaller machines show an outcome, as long as there is time. */
function showsIn(
  options: ExplorerStressOptions,
  wanted: string,
): (run: StressRun) => Promise<boolean> {
  const until = performance.now() + SHRINK_MS;
  const common = commonOf(options);
  return async (run) => {
    const left = Math.round(until - performance.now());
    if (left < 1000 || isAborted(options.signal)) return false;
    const limits = { executions: TRIES, budgetMs: left, stop: true, minimise: false };
    const { outcomes } = await explore({ ...common, ...limits, scenario: scenarioOf(run) });
    return outcomes.some(({ key }) => key === wanted);
  };
}

/**
 * Explore the stress workload. What is found is shrunk: first the admins' operations, then the tasks, then the context switches.
 *
 * @returns the results for the requested machine; its findings are those of the smallest machine that shows the same
 * @throws as {@link explore}; UsageError for options that are not accepted
 */
export async function stressInExplorer(
  options: ExplorerStressOptions = {},
): Promise<ExploreResult> {
  checkOptions('stressInExplorer', options, EXPLORER_STRESS_OPTIONS);
  checkLatent('stressInExplorer', options);
  const { executions, minimise = true, onProgress, signal } = options;
  const run = runOf(options);
  const common = commonOf(options);
  const whole = await explore({
    ...common,
    scenario: scenarioOf(run),
    budgetMs: options.durationMs ?? durationMs.fallback,
    stop: true,
    minimise: false,
    ...(executions === undefined ? {} : { executions }),
    ...(onProgress === undefined ? {} : { onProgress }),
  });
  const key = keyOf(whole);
  if (key === undefined || !minimise || isAborted(signal)) return whole;
  const smallest = await smallestRun(run, showsIn(options, key));
  // If the smallest machine does not show it in time, use the requested machine.
  for (const [machine, executions] of [
    [smallest, TRIES],
    [run, whole.nextRun],
  ] as const) {
    if (isAborted(signal)) break;
    const findings = await shrunkFindings(options, machine, key, executions);
    if (findings.length > 0) return { ...whole, findings };
  }
  return { ...whole, interrupted: isAborted(signal) };
}

const isAborted = (signal: AbortSignal | undefined): boolean => signal?.aborted === true;

/** Findings of one outcome in a machine, with as few context switches as possible. */
async function shrunkFindings(
  options: ExplorerStressOptions,
  run: StressRun,
  wanted: string,
  executions: number,
): Promise<ExploreResult['findings']> {
  const { findings } = await explore({
    ...commonOf(options),
    scenario: scenarioOf(run),
    executions: Math.max(TRIES, executions),
    budgetMs: SHRINK_MS,
    stop: true,
  });
  return findings.filter(({ verdict }) => verdict.key === wanted);
}
