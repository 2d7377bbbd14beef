/** Use case: compares engines and memory models with recorded verdicts of herd7, test by test. */

import { join } from 'node:path';
import { UsageError } from '../../errors.js';
import { divide, type LitmusResult } from '../../litmus/batch.js';
import { ENGINE_NAMES } from '../../litmus/engines.js';
import type { LitmusFailure, LitmusJob, LitmusReport } from '../../litmus/job.js';
import { canonicalState, type MissingState } from '../../litmus/missing.js';
import { DEFAULT_MODEL, MODEL_VERSIONS, type ModelVersion } from '../../litmus/model.js';
import { DEFAULT_WORKERS, runLitmusJobs } from './litmus-pool.js';
import { TEST_LIMIT, TEST_RUNS } from './test-options.js';
import {
  checkOptions,
  OptionError,
  type Filled,
  type OptionTable,
} from '../options/option-table.js';
import { WATCHING, type Watching } from '../options/progress.js';
import { readVerdicts, type Recorded, type RecordedVerdict } from './recorded-verdicts.js';
import { choiceOf, existingFile, integerIn, listOf, seed, textOf } from '../options/rules.js';

/** What {@link conformance} is asked to do. */
export interface ConformanceOptions extends Watching {
  /** A folder with `verdicts.jsonl`, and the tests beside it or under `tests/`. */
  readonly dir: string;
  /** Engines to compare. Default axioms and machine. */
  readonly on?: readonly string[];
  /** Kernel version whose memory model the axioms are of. Default `6.1`. */
  readonly model?: ModelVersion;
  /** Recorded verdicts. Default `verdicts.jsonl` of the folder, or `verdicts-VERSION.jsonl` for another model. */
  readonly verdicts?: string;
  /** Time limit of each test, in ms. Default 30,000. */
  readonly limitMs?: number;
  /** Runs of each test, for engines that sample. Default 2,500. */
  readonly runs?: number;
  /** Runs of a search directed at each state that the machine has missed. Default 0. */
  readonly seek?: number;
  /** Seed of every random choice. Default 1. */
  readonly seed?: number;
  /** Worker threads. Default the cores less one. */
  readonly workers?: number;
}

/** Engines compared by default. Real threads are not among them: they show what one machine does, and take long. */
const DEFAULT_ENGINES = ENGINE_NAMES.filter((name) => !name.startsWith('threads'));

/** The options of {@link conformance}. */
export const CONFORMANCE_OPTIONS = {
  ...WATCHING,
  dir: {
    rule: textOf('the path of a folder'),
    about: 'a folder with verdicts.jsonl, and the tests beside it or under tests/',
    required: true,
    flags: '<dir>',
  },
  on: {
    rule: listOf(choiceOf(ENGINE_NAMES)),
    about: 'engines to compare',
    shown: DEFAULT_ENGINES.join(','),
    flags: '--on <engines>',
  },
  model: {
    rule: choiceOf(MODEL_VERSIONS),
    about: 'kernel version whose memory model --on axioms has',
    fallback: DEFAULT_MODEL,
    flags: '--model <version>',
  },
  verdicts: {
    rule: existingFile,
    about: 'recorded verdicts instead of those of the folder',
    flags: '--verdicts <file>',
  },
  limitMs: TEST_LIMIT,
  runs: TEST_RUNS,
  seek: {
    rule: integerIn({ min: 0, max: 1e9 }),
    about: 'runs of a search directed at each state that the machine has missed',
    fallback: 0,
    flags: '--seek <n>',
  },
  seed: { rule: seed, about: 'seed of every random choice', fallback: 1, flags: '--seed <n>' },
  workers: {
    rule: integerIn({ min: 1, max: 256 }),
    about: 'worker threads',
    fallback: DEFAULT_WORKERS,
    shown: 'the cores less one',
    flags: '--workers <n>',
  },
} as const satisfies OptionTable<ConformanceOptions>;

type Checked = Filled<ConformanceOptions, typeof CONFORMANCE_OPTIONS>;

/** What differs in one test. */
export interface Difference {
  readonly test: string;
  /** States shown that are not recorded, and the other way round. */
  readonly outside: readonly string[];
  readonly missing: readonly MissingState[];
  /** Executions that satisfy the condition and those that do not, ours and recorded, where they differ; axioms only. */
  readonly counts?: { readonly ours: string; readonly recorded: string };
  /** The same for flags. */
  readonly flags?: { readonly ours: string; readonly recorded: string };
  readonly complete: boolean;
  readonly runs: number;
  /** States recorded. */
  readonly states: number;
}

/** States not shown, and the tests that lack some. */
export interface Lacking {
  readonly states: number;
  readonly tests: number;
}

/** One engine against the recorded verdicts. */
export interface EngineConformance {
  readonly engine: string;
  readonly model: ModelVersion;
  readonly tests: number;
  readonly run: number;
  readonly equal: number;
  readonly states: number;
  /** States not shown, by the reason. */
  readonly missing: Readonly<Record<'poRf' | 'poRfPbRb' | 'other', Lacking>>;
  /** States shown that herd does not list. */
  readonly outside: number;
  readonly sameVerdict: number;
  /** Tests with the same counts and flags; null for engines that have none. */
  readonly sameCounts: number | null;
  readonly sameFlags: number | null;
  /** Tests that herd7 refuses, and how many of these we refuse too. */
  readonly refusals: { readonly recorded: number; readonly ours: number };
  readonly cutShort: number;
  readonly skipped: readonly { readonly reason: string; readonly tests: number }[];
  /** Tests that should have run and could not. */
  readonly failures: readonly LitmusFailure[];
  readonly seconds: number;
  /** Processor time of this process meanwhile, all workers and their compilation included. */
  readonly cpuSeconds: number;
  readonly herdSeconds: number;
  readonly medianRatio: number;
  readonly differences: readonly Difference[];
  /** No state outside; for the axioms, also the same states, counts, flags and refusals. */
  readonly conforms: boolean;
}

/** What all engines showed; plain data. */
export interface ConformanceResult {
  readonly engines: readonly EngineConformance[];
  /** Stopped by its signal: tests or engines are missing. */
  readonly interrupted: boolean;
}

/**
 * Compare engines with recorded verdicts.
 *
 * @throws UsageError for options that are not accepted, or verdicts that cannot be read
 */
export async function conformance(options: ConformanceOptions): Promise<ConformanceResult> {
  const checked = checkOptions('conformance', options, CONFORMANCE_OPTIONS);
  const { model, signal, on: named } = checked;
  const on = named ?? (model === DEFAULT_MODEL ? DEFAULT_ENGINES : ['axioms']);
  if (model !== DEFAULT_MODEL && on.some((engine) => engine !== 'axioms')) {
    throw new UsageError(`conformance: only the axioms have the model of Linux ${model}`);
  }
  checkSampling(options, on);
  const recorded = readVerdicts(checked);
  const engines: EngineConformance[] = [];
  for (const engine of on) {
    if (signal?.aborted !== true) engines.push(await runEngine(engine, recorded, checked));
  }
  return { engines, interrupted: signal?.aborted === true };
}

/** Refuse options that none of the engines looks at. */
function checkSampling(options: ConformanceOptions, on: readonly string[]): void {
  const idle = (key: 'runs' | 'seed' | 'seek', why: string): OptionError =>
    new OptionError('conformance', key, `has no effect: ${why}`);
  if (on.every((engine) => engine === 'axioms')) {
    for (const key of ['runs', 'seed'] as const) {
      if (options[key] !== undefined) throw idle(key, 'the axioms do not sample');
    }
  }
  if (options.seek !== undefined && !on.includes('machine')) {
    throw idle('seek', 'only the machine searches for a state');
  }
}

interface Pair {
  readonly report: LitmusReport;
  readonly verdict: RecordedVerdict;
}

async function runEngine(
  engine: string,
  { verdicts, tests }: Recorded,
  options: Checked,
): Promise<EngineConformance> {
  const { model, limitMs, runs, seek, seed: from, workers, signal, onProgress } = options;
  const jobs = verdicts.map(({ test, states, refused }): LitmusJob => {
    const file = join(tests, test);
    const common = {
      file,
      engine,
      model,
      timeLimitMs: limitMs,
      runs,
      seek,
      seed: from,
      why: false,
    };
    return refused ? common : { ...common, expected: states };
  });
  const before = process.cpuUsage();
  const results = await runLitmusJobs(jobs, {
    workers,
    ...(signal && { signal }),
    ...(onProgress && { onProgress }),
  });
  const { user, system } = process.cpuUsage(before);
  const byFile = new Map(verdicts.map((verdict) => [join(tests, verdict.test), verdict]));
  return compare(engine, model, results, byFile, (user + system) / 1e6);
}

function difference({ report, verdict }: Pair, isExact: boolean): Difference {
  const known = new Set(verdict.states.map(canonicalState));
  const shown = report.states.map(({ state }) => state);
  const outside = shown.filter((state) => !known.has(canonicalState(state)));
  const { complete, runs, missing = [] } = report;
  const { test, states } = verdict;
  const counts = unequal(
    `${report.positive}/${report.negative}`,
    `${verdict.positive}/${verdict.negative}`,
  );
  const flags = unequal(report.flags.join(), [...verdict.flags].sort().join());
  return {
    ...{ test, outside, missing, complete, runs, states: states.length },
    ...(isExact && counts && { counts }),
    ...(isExact && flags && { flags }),
  };
}

function unequal(ours: string, recorded: string): { ours: string; recorded: string } | undefined {
  return ours === recorded ? undefined : { ours, recorded };
}

function observed(positive: number, negative: number): string {
  if (positive === 0) return 'Never';
  return negative === 0 ? 'Always' : 'Sometimes';
}

function lacking(differences: readonly Difference[], reach: string): Lacking {
  const counts = differences
    .map(({ missing }) => missing.filter((m) => m.reach === reach).length)
    .filter(Boolean);
  return { states: counts.reduce((a, b) => a + b, 0), tests: counts.length };
}

function compare(
  engine: string,
  model: ModelVersion,
  results: readonly LitmusResult[],
  byFile: ReadonlyMap<string, RecordedVerdict>,
  cpuSeconds: number,
): EngineConformance {
  const { reports, failures } = divide(results);
  const isExact = engine === 'axioms';
  const refusedFiles = new Set(
    [...byFile].flatMap(([file, { refused }]) => (refused ? [file] : [])),
  );
  const pairs = reports.flatMap((report) => {
    const verdict = byFile.get(report.file);
    return verdict === undefined || verdict.refused ? [] : [{ report, verdict }];
  });
  const refusals = {
    recorded: refusedFiles.size,
    ours: failures.filter(({ file, kind }) => kind === 'error' && refusedFiles.has(file)).length,
  };
  const failed = failures.filter(({ file }) => !refusedFiles.has(file));
  const all = pairs.map((pair) => difference(pair, isExact));
  const statesDiffer = (d: Difference): boolean => d.outside.length + d.missing.length > 0;
  const differences = all.filter((d) => statesDiffer(d) || d.counts || d.flags);
  const count = (holds: (d: Difference) => boolean): number => all.filter(holds).length;
  const outside = all.reduce((s, d) => s + d.outside.length, 0);
  const real = failed.filter(({ kind }) => kind !== 'skipped');
  const exact =
    differences.length === 0 && failed.length === 0 && refusals.ours === refusals.recorded;
  return {
    ...{ engine, model, tests: byFile.size, run: pairs.length, refusals, outside, cpuSeconds },
    equal: count((d) => !statesDiffer(d)),
    states: pairs.reduce((s, { verdict }) => s + verdict.states.length, 0),
    missing: {
      poRf: lacking(all, 'po-rf-cycle'),
      poRfPbRb: lacking(all, 'po-rf-pb-rb-cycle'),
      other: lacking(all, 'none'),
    },
    sameVerdict: pairs.filter(
      ({ report, verdict }) => report.observation === observed(verdict.positive, verdict.negative),
    ).length,
    sameCounts: isExact ? count((d) => d.counts === undefined) : null,
    sameFlags: isExact ? count((d) => d.flags === undefined) : null,
    cutShort: pairs.filter(({ report }) => !report.complete).length,
    skipped: reasons(failed),
    failures: real,
    ...times(pairs),
    differences,
    conforms: outside === 0 && real.length === 0 && pairs.length > 0 && (!isExact || exact),
  };
}

function times(
  pairs: readonly Pair[],
): Pick<EngineConformance, 'seconds' | 'herdSeconds' | 'medianRatio'> {
  const sum = (value: (pair: Pair) => number): number =>
    pairs.reduce((s, pair) => s + value(pair), 0);
  const ratios = pairs
    .map(({ report, verdict }) => (verdict.herdSeconds * 1000) / report.elapsedMs)
    .sort((a, b) => a - b);
  return {
    seconds: sum(({ report }) => report.elapsedMs) / 1000,
    herdSeconds: sum(({ verdict }) => verdict.herdSeconds),
    medianRatio: ratios[ratios.length >> 1] ?? 0,
  };
}

/** Failures by reason; reasons that name a file and place count as one. */
function reasons(failures: readonly LitmusFailure[]): { reason: string; tests: number }[] {
  const counts = new Map<string, number>();
  for (const { kind, reason } of failures) {
    const bare = reason.replace(/^.*?:\d+:\d+: /, '');
    const key = kind === 'skipped' ? bare : 'not understood, see --json';
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return [...counts].map(([reason, tests]) => ({ reason, tests }));
}
