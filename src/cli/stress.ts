/** `klp-smp stress`: patch a busy machine at random on real threads, and check everything all the while. */

import type { Command } from 'commander';
import {
  DEFAULT_MIX,
  LATENT_ISSUES,
  type LatentIssue,
  type StressMix,
  type StressOptions,
} from '../catalog/stress.js';
import { MIX_OPERATIONS, type MixOperation } from '../catalog/stress-admin.js';
import { KERNEL } from '../kernel/layout.js';
import type { KernelVersion } from '../kernel/context.js';
import type { Sabotage } from '../livepatch/layout.js';
import { MEMORY_KINDS, type MemoryKind } from '../memory/backend.js';
import type { SiteId } from '../memory/sites.js';
import { runOutcomes } from '../report/machine-run.js';
import {
  isFinding,
  outcomesToJson,
  renderOutcomes,
  type OutcomeTable,
} from '../report/outcomes.js';
import { runOnThreads, type ThreadResult } from '../threads/engine.js';
import { interruptible } from './interrupt.js';
import {
  choiceOf,
  duration,
  integerIn,
  jsonOption,
  option,
  orderingSites,
  seedOption,
  type Parser,
} from './options.js';
import { emit } from './output.js';
import { startProgress } from './progress.js';

const WORKLOAD = new URL('../catalog/stress.js', import.meta.url).href;
const SABOTAGES = ['noSync', 'stackCheckPasses', 'noCopyProcess', 'noTasklistLock'] as const;

interface StressCommandOptions {
  readonly cpus: number;
  readonly tasks: number;
  readonly duration: number;
  readonly seed: number;
  readonly mix: StressMix;
  readonly memory: MemoryKind;
  readonly ablate: readonly SiteId[];
  readonly kernel: KernelVersion;
  readonly sabotage?: keyof Sabotage;
  readonly latent: readonly LatentIssue[];
  readonly json: boolean;
}

/** `enable=30,force=0`: the operations named get new weights, the others keep theirs. */
const mix: Parser<StressMix> = {
  accepts: `weights such as enable=30,force=0, of ${MIX_OPERATIONS.join(', ')}`,
  parse: (text) => {
    const weights: Record<MixOperation, number> = { ...DEFAULT_MIX };
    for (const part of text.split(',')) {
      const [, name, weight] = /^\s*([a-z]+)=(\d{1,4})\s*$/.exec(part) ?? [];
      const operation = MIX_OPERATIONS.find((known) => known === name);
      if (operation === undefined) return undefined;
      weights[operation] = Number(weight);
    }
    return weights;
  },
};

/** `L-1,L-2`: issues that have a candidate fix. */
const latentIssues: Parser<readonly LatentIssue[]> = {
  accepts: `some of ${LATENT_ISSUES.join(', ')}`,
  parse: (text) => {
    const issues = text.split(',').map((id) => LATENT_ISSUES.find((known) => known === id.trim()));
    return issues.includes(undefined) ? undefined : (issues as LatentIssue[]);
  },
};

const showMix = MIX_OPERATIONS.map((operation) => `${operation}=${DEFAULT_MIX[operation]}`).join();

function memoryUse(rss: readonly { readonly atMs: number; readonly bytes: number }[]): string {
  const settled = rss.find(({ atMs }) => atMs >= 60_000) ?? rss[0];
  const last = rss[rss.length - 1];
  const mb = (bytes: number | undefined): string => `${Math.round((bytes ?? 0) / 2 ** 20)} MB`;
  return `${mb(settled?.bytes)} -> ${mb(last?.bytes)}`;
}

/** Settings and figures of a run, for the report. */
function settingsOf(
  options: StressCommandOptions,
  result: ThreadResult,
  rss: string,
): Record<string, string | number> {
  const { words, check } = result;
  const g = check.kernel.globals;
  return {
    cpus: options.cpus,
    tasks: options.tasks,
    seed: options.seed,
    memory: options.memory,
    kernel: options.kernel,
    'latent issues': options.latent.join() || 'fixed',
    ablated: options.ablate.map((id) => `O-${String(id).padStart(2, '0')}`).join() || 'nothing',
    'simulated seconds': Math.round((words[g + KERNEL.jiffies] ?? 0) / 100),
    'tasks created': words[g + KERNEL.lastPid] ?? 0,
    'resident memory': rss,
    ...(result.interrupted ? { interrupted: 'yes' } : {}),
    ...result.statistics,
  };
}

async function stress(options: StressCommandOptions, signal: AbortSignal): Promise<OutcomeTable> {
  const plan: StressOptions = {
    cpus: options.cpus,
    tasks: options.tasks,
    seed: options.seed,
    mix: options.mix,
    version: options.kernel,
    latent: options.latent,
    ...(options.sabotage === undefined ? {} : { sabotage: { [options.sabotage]: true } }),
  };
  const seconds = Math.ceil(options.duration / 1000);
  const progress = startProgress({ label: 'stress', total: seconds, unit: 's' });
  const rss: { atMs: number; bytes: number }[] = [];
  try {
    const result = await runOnThreads({
      workload: WORKLOAD,
      options: plan,
      kind: options.memory,
      ablation: options.ablate,
      weak: { seed: options.seed },
      durationMs: options.duration,
      signal,
      onProgress: (atMs) => {
        progress.update(Math.floor(atMs / 1000));
        rss.push({ atMs, bytes: process.memoryUsage.rss() });
      },
    });
    progress.stop();
    return {
      title: 'stress: livepatch under load on worker threads',
      settings: settingsOf(options, result, memoryUse(rss)),
      seconds: Math.round(result.elapsedMs / 100) / 10,
      outcomes: runOutcomes(result),
    };
  } finally {
    progress.stop();
  }
}

/** Register `stress`. */
export function registerStress(program: Command): void {
  program
    .command('stress')
    .description('patch a busy machine at random on real threads, and check it all the while')
    .addOption(option('--cpus <n>', 'simulated CPUs', integerIn({ min: 1, max: 64 }), { value: 4 }))
    .addOption(
      option('--tasks <n>', 'simulated tasks', integerIn({ min: 1, max: 100_000 }), { value: 256 }),
    )
    .addOption(option('--duration <time>', 'how long', duration, { value: 30_000, shown: '30s' }))
    .addOption(seedOption())
    .addOption(
      option('--mix <weights>', 'how often each operation is tried', mix, {
        value: DEFAULT_MIX,
        shown: showMix,
      }),
    )
    .addOption(
      option('--memory <kind>', 'memory backend', choiceOf(MEMORY_KINDS), { value: 'atomics' }),
    )
    .addOption(
      option('--ablate <sites>', 'ordering sites to remove', orderingSites, {
        value: [],
        shown: 'none',
      }),
    )
    .addOption(
      option('--kernel <version>', 'transition engine of', choiceOf(['seed', '6.1'] as const), {
        value: 'seed',
      }),
    )
    .addOption(
      option('--latent <issues>', 'latent issues of the kernel to leave unfixed', latentIssues, {
        value: [],
        shown: 'none',
      }),
    )
    .addOption(
      option('--sabotage <switch>', 'break livepatch on purpose', choiceOf(SABOTAGES)).hideHelp(),
    )
    .addOption(jsonOption())
    .action(async (options: StressCommandOptions) => {
      const table = await interruptible((signal) => stress(options, signal));
      emit(options, outcomesToJson(table), renderOutcomes);
      if (table.outcomes.some(isFinding)) process.exitCode = 1;
    });
}
