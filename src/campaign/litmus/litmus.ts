/** Use case: what a memory model, or another engine, allows litmus tests to show, and why. */

import { readFileSync } from 'node:fs';
import { UsageError } from '../../errors.js';
import type { Candidate } from '../../litmus/axioms/candidate.js';
import { checkLitmus as checkAxioms } from '../../litmus/axioms/checker.js';
import type { LitmusResult } from '../../litmus/batch.js';
import { closeEngines, ENGINE_NAMES } from '../../litmus/engines.js';
import { type LitmusJob, runLitmusJob } from '../../litmus/job.js';
import { DEFAULT_MODEL, MODEL_VERSIONS, modelOf, type ModelVersion } from '../../litmus/model.js';
import type { LitmusTest } from '../../litmus/syntax/ast.js';
import { parseLitmus } from '../../litmus/syntax/parse.js';
import { DEFAULT_UNROLL } from '../../litmus/syntax/steps.js';
import type { Edge } from '../../litmus/why/edge-reason.js';
import { explain } from '../../litmus/why/why.js';
import { MEMORY_KINDS, type MemoryKind } from '../../memory/backend.js';
import { findLitmusFiles } from './litmus-files.js';
import { DEFAULT_WORKERS, runLitmusJobs } from './litmus-pool.js';
import { TEST_LIMIT, TEST_RUNS } from './test-options.js';
import {
  checkOptions,
  type Filled,
  OptionError,
  type OptionTable,
} from '../options/option-table.js';
import { WATCHING, type Watching } from '../options/progress.js';
import { choiceOf, flag, integerIn, listOf, type Rule, seed, textOf } from '../options/rules.js';

/** What a test can be run on; `threads` are those of `memory`. */
export type LitmusEngine = 'axioms' | 'machine' | `threads${'' | `-${MemoryKind}`}`;

/** What {@link checkLitmus} is asked to do. */
export interface CheckLitmusOptions extends Watching {
  /** A `*.litmus` file, or a folder with such files. */
  readonly path?: string;
  /** Text of one test, in place of a path. */
  readonly source?: string;
  /** What to run it on. Default `axioms`. */
  readonly on?: LitmusEngine;
  /** Kernel version whose memory model the axioms are of. Default `6.1`. */
  readonly model?: ModelVersion;
  /** Kernel versions whose models are compared, in place of one; two or more. */
  readonly models?: readonly ModelVersion[];
  /** Memory of `on: 'threads'`. Default `wasm`. */
  readonly memory?: MemoryKind;
  /** Time limit of each test, in ms. Default 30,000. */
  readonly limitMs?: number;
  /** Runs of each test, for engines that sample. Default 2,500. */
  readonly runs?: number;
  /** Seed of every random choice, for engines that sample. Default 1. */
  readonly seed?: number;
  /** Worker threads for a folder. Default the cores less one. */
  readonly workers?: number;
  /** How often a loop may go back when a value that it read decides. Default 4. */
  readonly unroll?: number;
  /** Explain the outcome of a single test. Default true. */
  readonly why?: boolean;
}

const SAMPLING = ['machine', 'threads', ...ENGINE_NAMES.filter((n) => n.startsWith('threads'))];

const listed = listOf(choiceOf(MODEL_VERSIONS));

/** Versions with commas, or `all`. */
const versions: Rule<readonly ModelVersion[]> = {
  ...listed,
  accepts: `all, or two or more of ${MODEL_VERSIONS.join(', ')} with commas`,
  acceptsValue: `an array of two or more of ${MODEL_VERSIONS.join(', ')}`,
  parse: (text) => versions.check(text === 'all' ? MODEL_VERSIONS : listed.parse(text)),
  check: (value) => {
    const asked = listed.check(value) ?? [];
    // In the order of age, whatever the order they were given in.
    return asked.length > 1 ? MODEL_VERSIONS.filter((v) => asked.includes(v)) : undefined;
  },
};

/** The options of {@link checkLitmus}. */
export const LITMUS_OPTIONS = {
  ...WATCHING,
  path: {
    rule: textOf('the path of a *.litmus file, or of a folder'),
    about:
      'a *.litmus file in the C dialect of the kernel memory model, or a folder; ' +
      'without it, --on threads runs the classic shapes',
    flags: '[path]',
  },
  source: {
    rule: textOf('a litmus test'),
    about: 'text of one test',
    inProgram: true,
    not: ['path'],
  },
  on: {
    rule: choiceOf(['axioms', 'threads', ...ENGINE_NAMES.slice(1)] as LitmusEngine[]),
    about: 'what to run it on',
    fallback: 'axioms',
    flags: '--on <engine>',
  },
  model: {
    rule: choiceOf(MODEL_VERSIONS),
    about: 'kernel version whose memory model judges',
    fallback: DEFAULT_MODEL,
    flags: '--model <version>',
    needs: { on: ['axioms'] },
    not: ['models'],
  },
  models: {
    rule: versions,
    about:
      'compare the memory models of kernel versions, and name the rules that make a difference',
    flags: '--models <versions>',
    needs: { on: ['axioms'] },
  },
  memory: {
    rule: choiceOf(MEMORY_KINDS),
    about: 'memory under --on threads',
    fallback: 'wasm',
    flags: '--memory <kind>',
    needs: { on: ['threads'] },
  },
  limitMs: TEST_LIMIT,
  runs: { ...TEST_RUNS, needs: { on: SAMPLING } },
  seed: {
    rule: seed,
    about: 'seed of every random choice, for engines that sample',
    fallback: 1,
    flags: '--seed <n>',
    needs: { on: SAMPLING },
  },
  workers: {
    rule: integerIn({ min: 1, max: 256 }),
    about: 'worker threads for a folder',
    fallback: DEFAULT_WORKERS,
    shown: 'the cores less one',
    flags: '--workers <n>',
  },
  unroll: {
    rule: integerIn({ min: 0, max: 64 }),
    about: 'how often a loop may go back where what it read decides',
    fallback: DEFAULT_UNROLL,
    flags: '--unroll <n>',
  },
  why: { rule: flag, about: 'explain the outcome of a single test', inProgram: true },
} as const satisfies OptionTable<CheckLitmusOptions>;

type Checked = Filled<CheckLitmusOptions, typeof LITMUS_OPTIONS>;

/** Results of all tests; plain data. */
export interface CheckLitmusResult {
  /** True if a folder was given: its tests are not explained. */
  readonly isFolder: boolean;
  /** Tests found. */
  readonly asked: number;
  /** Tests run, or tried. */
  readonly ran: number;
  /** A report, or the reason why there is none, for each test that was begun, in the order of their paths. */
  readonly results: readonly LitmusResult[];
  /** Stopped by its signal: later tests are missing. */
  readonly interrupted: boolean;
}

/**
 * Check a litmus test, or a folder of them.
 *
 * A test that cannot be run is a result too: of kind `error` when it is not understood, `skipped` when the engine cannot run it,
 * `bug` when we failed.
 * @throws UsageError for options that are not accepted, or a path without tests
 */
export async function checkLitmus(options: CheckLitmusOptions): Promise<CheckLitmusResult> {
  const checked = checkOptions('checkLitmus', options, LITMUS_OPTIONS);
  const { path, source, signal, onProgress, workers } = checked;
  if (source !== undefined) return single({ file: 'source', source }, checked);
  if (path === undefined) throw new UsageError('checkLitmus: give a path or a source');
  const { isFolder, files } = findLitmusFiles(path);
  if (!isFolder) {
    if (options.workers !== undefined) {
      throw new OptionError('checkLitmus', 'workers', 'has no effect: one test runs by itself');
    }
    return single({ file: path }, checked);
  }
  if (options.why === true) {
    throw new OptionError('checkLitmus', 'why', 'has no effect: a folder is not explained');
  }
  const jobs = files.map((file) => jobOf({ file }, { ...checked, why: false }));
  const results = await runLitmusJobs(jobs, {
    workers,
    ...(signal && { signal }),
    ...(onProgress && { onProgress }),
  });
  const interrupted = signal?.aborted === true;
  return { isFolder, asked: jobs.length, ran: results.length, results, interrupted };
}

function jobOf(what: Pick<LitmusJob, 'file' | 'source'>, options: Checked): LitmusJob {
  const { on, memory, models, limitMs, runs, seed: from, unroll, why = true } = options;
  return {
    ...what,
    engine: on === 'threads' ? `threads-${memory}` : on,
    model: models?.at(-1) ?? options.model,
    ...(models && { models }),
    timeLimitMs: limitMs,
    runs,
    seed: from,
    unroll,
    why: why && models === undefined,
  };
}

async function single(
  what: Pick<LitmusJob, 'file' | 'source'>,
  options: Checked,
): Promise<CheckLitmusResult> {
  const result = await runLitmusJob({ ...jobOf(what, options), text: true });
  await closeEngines();
  const interrupted = options.signal?.aborted === true;
  return { isFolder: false, asked: 1, ran: 1, results: [result], interrupted };
}

/** An execution of a test, and the cycle that forbids it; the cycle is empty if it is allowed. */
export interface ShownExecution {
  readonly test: LitmusTest;
  readonly candidate: Candidate;
  readonly cycle: readonly Edge[];
}

/**
 * Find an execution of a litmus test to draw: one that shows the outcome, or one that is forbidden, with its cycle.
 *
 * @throws UsageError if no execution has the values that the test asks for
 */
export function executionOf(
  file: string,
  version: ModelVersion = DEFAULT_MODEL,
  timeLimitMs: number = LITMUS_OPTIONS.limitMs.fallback,
  unroll: number = DEFAULT_UNROLL,
): ShownExecution {
  const test = parseLitmus(readFileSync(file, 'utf8'), file, { unroll });
  const model = modelOf(version);
  const why = explain(test, checkAxioms(test, { timeLimitMs, model }), timeLimitMs, model);
  if (why.kind === 'no execution') throw new UsageError(`${file}: has no execution to draw`);
  const shown = why.kind === 'allowed' ? why : why.explanation;
  if (shown === null) {
    throw new UsageError(`${file}: no execution has these values, so none is drawn`);
  }
  return { test, candidate: shown.candidate, cycle: 'cycle' in shown ? shown.cycle : [] };
}
