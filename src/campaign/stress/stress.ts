/** Use case: patch a busy machine at random on real threads, and check everything throughout. */

import { siteNames } from '../../catalog/orderings/entry.js';
import {
  DEFAULT_MIX,
  LATENT_ISSUES,
  type LatentIssue,
  type StressMix,
  type StressOptions as StressPlan,
} from '../../catalog/stress.js';
import {
  profileOf,
  STRESS_PROFILE_NAMES,
  type StressProfileName,
} from '../../catalog/stress-profiles.js';
import { Interrupted, partialResult, UsageError, withPartial } from '../../errors.js';
import { mistakeIn } from '../../explorer/engine/place.js';
import { replacedSources } from '../../explorer/build/program.js';
import type { FlightEvent } from '../../check/flight.js';
import { KERNEL } from '../../kernel/layout.js';
import { HZ } from '../../kernel/timer.js';
import {
  DEFAULT_KERNEL_VERSION,
  KERNEL_FACTS,
  KERNEL_VERSIONS,
  type KernelVersion,
} from '../../kernel/versions.js';
import type { Sabotage } from '../../livepatch/layout.js';
import { MEMORY_KINDS, type MemoryKind } from '../../memory/backend.js';
import type { SiteId } from '../../memory/sites.js';
import { runOnThreads, type ThreadResult } from '../../threads/engine.js';
import type { HoldUp } from '../../threads/hold-up.js';
import { findingOutcomes, runOutcomes } from './machine-outcomes.js';
import { MIX, SHOWN_MIX } from './mix-rule.js';
import {
  checkOptions,
  OptionError,
  type Filled,
  type OptionTable,
} from '../options/option-table.js';
import { withTotals, type OutcomeTable, type OutcomeTotals } from './outcomes.js';
import { WATCHING, type Watching } from '../options/progress.js';
import { REPLACE, type Replacing } from '../scenarios/replace.js';
import {
  checkRecordable,
  keepRecording,
  RECORD,
  recordedScenario,
  recordPlan,
  type StressRecording,
} from './stress-record.js';
import { choiceOf, duration, integerIn, listOf, orderingSites, seed } from '../options/rules.js';

const WORKLOAD = new URL('../../catalog/stress.js', import.meta.url).href;
/**
 * Simulated time runs fast: the kernel attempts to complete a transition once a second, and tasks that sleep for some
 * jiffies should sleep no longer than the busy tasks need for one turn each.
 */
const JIFFIES_PER_MS = 16;
/** With very many tasks the clock is slower: an attempt to switch them all, once a second, should take a part of it. */
const MOST_JIFFIES_A_TASK = 500_000;
const CONFIG_CHOICES = ['y', 'n'] as const;
/** A configuration switch, as Kconfig has it. */
export type ConfigChoice = (typeof CONFIG_CHOICES)[number];
const SABOTAGES = ['noSync', 'stackCheckPasses', 'noCopyProcess', 'noTasklistLock'] as const;

/** What {@link stress} is asked to do. */
export interface StressOptions extends Watching, Replacing {
  /** Simulated CPUs, a thread each. Default 4. */
  readonly cpus?: number;
  /** Simulated tasks. Default 256. */
  readonly tasks?: number;
  /** How long, in ms. Default 30,000. */
  readonly durationMs?: number;
  /** Seed of every random choice. Default 1. */
  readonly seed?: number;
  /** Relative frequency of operations; those left out keep theirs. */
  readonly mix?: Partial<StressMix>;
  /** Memory backend. Default `atomics`. */
  readonly memory?: MemoryKind;
  /** Ordering sites to remove, such as `['O-04']`. Default none. */
  readonly ablate?: readonly (number | string)[];
  /** Transition engine of this kernel. Default `6.5`. */
  readonly kernel?: KernelVersion;
  /** Ready-made machine: its CPUs and tasks are used unless others are given. Default the usual one. */
  readonly profile?: StressProfileName;
  /** Latent issues of the kernel to leave unfixed. Default none. */
  readonly latent?: readonly LatentIssue[];
  /** CONFIG_PRINTK. Default `y`, and `n` when ordering sites are removed, since the barrier of a printk() stands in for some. */
  readonly printk?: ConfigChoice;
  /** Break livepatch on purpose. Default no. */
  readonly sabotage?: keyof Sabotage;
  /** File for the last operations before a finding, which {@link replay} executes again. Default none. */
  readonly record?: string;
}

/** The options of {@link stress}. */
export const STRESS_OPTIONS = {
  ...WATCHING,
  cpus: {
    rule: integerIn({ min: 1, max: 64 }),
    about: 'simulated CPUs',
    fallback: 4,
    flags: '--cpus <n>',
  },
  tasks: {
    rule: integerIn({ min: 1, max: 1_000_000 }),
    about: 'simulated tasks',
    fallback: 256,
    flags: '--tasks <n>',
  },
  durationMs: {
    rule: duration,
    about: 'how long',
    fallback: 30_000,
    shown: '30s',
    flags: '--duration <time>',
  },
  seed: { rule: seed, about: 'seed of every random choice', fallback: 1, flags: '--seed <n>' },
  mix: {
    rule: MIX,
    about: 'how often each operation is tried',
    fallback: DEFAULT_MIX,
    shown: SHOWN_MIX,
    flags: '--mix <weights>',
  },
  memory: {
    rule: choiceOf(MEMORY_KINDS),
    about: 'memory backend',
    fallback: 'atomics',
    flags: '--memory <kind>',
  },
  ablate: {
    rule: orderingSites,
    about: 'ordering sites to remove',
    fallback: [],
    shown: 'none',
    flags: '--ablate <sites>',
  },
  replace: REPLACE,
  kernel: {
    rule: choiceOf(KERNEL_VERSIONS),
    about: 'transition engine of',
    fallback: DEFAULT_KERNEL_VERSION,
    flags: '--kernel <version>',
  },
  profile: {
    rule: choiceOf(STRESS_PROFILE_NAMES),
    about: 'a ready-made machine that holds transitions up',
    shown: 'the usual machine',
    flags: '--profile <name>',
  },
  latent: {
    rule: listOf(choiceOf(LATENT_ISSUES), `some of ${LATENT_ISSUES.join(', ')}`, 0),
    about: 'latent issues of the kernel to leave unfixed',
    fallback: [],
    shown: 'none',
    flags: '--latent <issues>',
  },
  printk: {
    rule: choiceOf(CONFIG_CHOICES),
    about: 'CONFIG_PRINTK: whether there is a log, whose records are barriers',
    shown: 'y; n with --ablate',
    flags: '--printk <choice>',
  },
  sabotage: {
    rule: choiceOf(SABOTAGES),
    about: 'break livepatch on purpose',
    flags: '--sabotage <switch>',
    hidden: true,
  },
  record: RECORD,
} as const satisfies OptionTable<StressOptions>;

type Checked = Filled<StressOptions, typeof STRESS_OPTIONS>;

/** An event of the flight recorder. */
export interface StressEvent extends FlightEvent {
  /** A check found something in it. */
  readonly isFinding?: boolean;
}

/** What a stress run showed; plain data. */
export interface StressResult extends OutcomeTable {
  readonly seconds: number;
  readonly settings: Readonly<Record<string, string | number | boolean>>;
  readonly counters: Readonly<Record<string, number>>;
  /** The last events of all CPUs before a finding, the oldest first; none without one. */
  readonly events: readonly StressEvent[];
  readonly totals: OutcomeTotals;
  /** The transition that took longest, if one was stuck: what held it up, and what would unblock it. */
  readonly heldUp?: HoldUp;
  readonly interrupted: boolean;
  /** Where a finding was recorded. */
  readonly recording?: StressRecording;
}

/**
 * Run the stress workload.
 *
 * @throws UsageError for options that are not accepted, or when nothing was observed in the time given
 * @throws SimulatorBug when a CPU's thread dies or stops answering
 */
export async function stress(options: StressOptions = {}): Promise<StressResult> {
  const checked = withProfile(checkOptions('stress', options, STRESS_OPTIONS), options);
  checkLatent('stress', checked);
  const rss: { atMs: number; bytes: number }[] = [];
  const { durationMs, signal, onProgress } = checked;
  const total = durationMs / 1000;
  if (signal?.aborted === true) throw new Interrupted();
  const { replace } = checked;
  const replaced = replace === undefined ? undefined : await replacedSources(replace);
  if (checked.record !== undefined) checkRecordable(checked);
  const run = runOnThreads({
    workload: WORKLOAD,
    options: planOf(checked),
    kind: checked.memory,
    ablation: checked.ablate as readonly SiteId[],
    weak: { seed: checked.seed },
    durationMs,
    jiffiesPerMs: Math.min(JIFFIES_PER_MS, MOST_JIFFIES_A_TASK / checked.tasks),
    ...(signal === undefined ? {} : { signal }),
    ...(replaced === undefined ? {} : { replaced }),
    ...(checked.record === undefined ? {} : { record: recordPlan(checked.seed) }),
    onProgress: (atMs) => {
      onProgress?.({ done: atMs / 1000, total, unit: 's', note: '' });
      rss.push({ atMs, bytes: process.memoryUsage.rss() });
    },
  });
  const plain = await finished(run, (found) => resultOf(checked, found, memoryUse(rss)));
  const result = { ...plain, ...(await recordingOf(checked, await run, plain)) };
  if (result.totals.observed === 0 && !result.interrupted) {
    const complaint = `nothing was observed in ${durationMs} ms: give it more time, or other weights`;
    throw withPartial(new UsageError(`stress: ${complaint}`), result);
  }
  return result;
}

/** Refuse issues of a hook that the kernel does not have. */
export function checkLatent(
  of: string,
  { latent = [], kernel = DEFAULT_KERNEL_VERSION }: Pick<StressOptions, 'latent' | 'kernel'>,
): void {
  if (latent.length === 0 || KERNEL_FACTS[kernel].switchHook !== 'none') return;
  const why = `has no effect: ${kernel} has no hook that tasks are switched in`;
  throw new OptionError(of, 'latent', why);
}

/** The CPUs and tasks of a profile, unless the caller gives others. */
function withProfile(checked: Checked, given: StressOptions): Checked {
  const { cpus, tasks } = profileOf(checked.profile);
  return {
    ...checked,
    cpus: given.cpus ?? cpus ?? checked.cpus,
    tasks: given.tasks ?? tasks ?? checked.tasks,
  };
}

/** The result of a run; a run that fails half-way carries its own. */
async function finished(
  run: Promise<ThreadResult>,
  resultFrom: (run: ThreadResult) => StressResult,
): Promise<StressResult> {
  try {
    return resultFrom(await run);
  } catch (error) {
    const partial = partialResult(error) as ThreadResult | undefined;
    if (partial === undefined) throw error;
    const { cause } = error as Error;
    const mistake = mistakeIn(cause);
    const what = mistake === undefined ? error : new UsageError(`stress: ${mistake}`, { cause });
    throw withPartial(what as Error, resultFrom(partial));
  }
}

/** Whether the machine has a log. When sites are removed it has none, unless it is asked for. */
export function hasPrintk({
  printk,
  ablate = [],
}: Pick<StressOptions, 'printk' | 'ablate'>): boolean {
  return printk === undefined ? ablate.length === 0 : printk === 'y';
}

function planOf(options: Checked): StressPlan {
  const { cpus, tasks, seed: from, mix: weights, kernel: version, latent, sabotage } = options;
  const { profile } = options;
  return {
    ...{ cpus, tasks, seed: from, version, latent },
    mix: weights as StressMix,
    ...(profile === undefined ? {} : { profile }),
    ...(hasPrintk(options) ? {} : { printk: false }),
    ...(sabotage === undefined ? {} : { sabotage: { [sabotage]: true } }),
  };
}

function resultOf(options: Checked, run: ThreadResult, rss: string): StressResult {
  return withTotals({
    title: 'stress: livepatch under load on worker threads',
    settings: settingsOf(options, run, rss),
    seconds: Math.round(run.elapsedMs / 100) / 10,
    counters: countersOf(run),
    events: eventsOf(run),
    outcomes: runOutcomes(run),
    ...(run.heldUp === undefined ? {} : { heldUp: run.heldUp }),
    interrupted: run.interrupted,
  });
}

/** Write the recording of a finding and check that it leads to it. If not, the results of the run are still kept. */
async function recordingOf(
  checked: Checked,
  run: ThreadResult,
  partial: StressResult,
): Promise<{ recording?: StressRecording }> {
  const { record, replace, memory } = checked;
  if (record === undefined) return {};
  const scenario = recordedScenario(planOf(checked));
  try {
    return await keepRecording(run, { path: record, scenario, memory, replace });
  } catch (error) {
    throw withPartial(error as Error, partial);
  }
}

function memoryUse(rss: readonly { readonly atMs: number; readonly bytes: number }[]): string {
  const settled = rss.find(({ atMs }) => atMs >= 60_000) ?? rss[0];
  const last = rss[rss.length - 1];
  const mb = (bytes: number | undefined): string => `${Math.round((bytes ?? 0) / 2 ** 20)} MB`;
  return `${mb(settled?.bytes)} -> ${mb(last?.bytes)}`;
}

/** Settings and figures of a run, for the report. */
function settingsOf(
  options: Checked,
  { interrupted }: ThreadResult,
  rss: string,
): Record<string, string | number> {
  return {
    cpus: options.cpus,
    tasks: options.tasks,
    seed: options.seed,
    memory: options.memory,
    kernel: options.kernel,
    ...(options.profile === undefined ? {} : { profile: options.profile }),
    ...(hasPrintk(options) ? {} : { CONFIG_PRINTK: 'n' }),
    'latent issues': options.latent.join() || 'fixed',
    ...(options.replace === undefined ? {} : { 'changed by': options.replace }),
    ablated: siteNames(options.ablate as readonly number[]).join() || 'nothing',
    'resident memory': rss,
    ...(interrupted ? { interrupted: 'yes' } : {}),
  };
}

/** What the machine counted. */
function countersOf({ words, check, statistics }: ThreadResult): Record<string, number> {
  const { globals } = check.kernel;
  return {
    'simulated seconds': Math.round((words[globals + KERNEL.jiffies] ?? 0) / HZ),
    'tasks created': words[globals + KERNEL.lastPid] ?? 0,
    ...statistics,
  };
}

/** The last events, where there is something to explain. */
function eventsOf(run: ThreadResult): StressEvent[] {
  if (findingOutcomes(run).length === 0) return [];
  const found = new Set(run.findings.map(({ seq }) => seq));
  return run.events.map((event) => (found.has(event.seq) ? { ...event, isFinding: true } : event));
}
