/** Runs one litmus file on one engine and returns plain data, so that a worker can do it. */
import { readFile } from 'node:fs/promises';
import { UsageError } from '../errors.js';
import type { LitmusTest } from './ast.js';
import { checkLitmus, type Verdict } from './checker.js';
import type { EngineOptions, EngineResult, ReachClass } from './engine.js';
import { loadEngine } from './engines.js';
import { formatCondition, formatHerd, formatState, isMet, observationOf } from './format.js';
import type { Observation, Outcome } from './format.js';
import { parseLitmus } from './parse.js';
import { satisfies } from './states.js';
import { explain, formatWhy, whyToJson } from './why.js';

/** What to run. */
export interface LitmusJob extends EngineOptions {
  readonly file: string;
  readonly engine: string;
  /** Explain the outcome; the axioms do that, whatever the engine. */
  readonly why: boolean;
  /** States that the engine ought to show, as {@link formatState} prints them: the missing ones are classified. */
  readonly expected?: readonly string[];
}

/** A state that the engine did not show although it ought to. */
export interface MissingState {
  readonly state: string;
  readonly reach: ReachClass;
}

/** What came of a job that ran. */
export interface LitmusReport {
  readonly file: string;
  readonly name: string;
  readonly engine: string;
  readonly states: readonly { readonly state: string; readonly count: number }[];
  readonly positive: number;
  readonly negative: number;
  readonly observation: Observation;
  readonly condition: string;
  /** Is the condition, quantifier included, met? */
  readonly met: boolean;
  readonly flags: readonly string[];
  readonly complete: boolean;
  readonly runs: number;
  /** Wall time of parsing and running, without explanations, in milliseconds. */
  readonly elapsedMs: number;
  /** The verdict in herd7's format. */
  readonly text: string;
  readonly why?: { readonly text: string; readonly data: unknown };
  readonly missing?: readonly MissingState[];
}

/** A job that did not run, and why: the engine cannot, or the file is not a test. */
export interface LitmusFailure {
  readonly file: string;
  readonly engine: string;
  readonly kind: 'skipped' | 'error';
  readonly reason: string;
}

/** Did the job run? */
export function isReport(result: LitmusReport | LitmusFailure): result is LitmusReport {
  return 'states' in result;
}

/** Run a job. Bad files and tests that the engine cannot run are results, not errors. */
export async function runLitmusJob(job: LitmusJob): Promise<LitmusReport | LitmusFailure> {
  const { file, engine: engineName } = job;
  try {
    const engine = await loadEngine(engineName);
    const source = await readFile(file, 'utf8');
    const start = performance.now();
    const test = parseLitmus(source, file);
    const result = await engine.run(test, job);
    const elapsedMs = performance.now() - start;
    if (result.skipped !== undefined) {
      return { file, engine: engineName, kind: 'skipped', reason: result.skipped };
    }
    return report(job, test, result, elapsedMs);
  } catch (error) {
    if (error instanceof UsageError || isFileError(error)) {
      return { file, engine: engineName, kind: 'error', reason: error.message };
    }
    throw error;
  }
}

function isFileError(error: unknown): error is Error {
  return error instanceof Error && 'syscall' in error;
}

function outcomeOf(test: LitmusTest, { states, flags }: EngineResult): Outcome {
  let [positive, negative] = [0, 0];
  for (const { state, count } of states) {
    if (satisfies(test, state)) positive += count;
    else negative += count;
  }
  return { states: states.map(({ state }) => state), positive, negative, flags };
}

function report(
  job: LitmusJob,
  test: LitmusTest,
  result: EngineResult,
  elapsedMs: number,
): LitmusReport {
  const outcome = outcomeOf(test, result);
  const states = result.states.map(({ state, count }) => ({
    state: formatState(test, state),
    count,
  }));
  const missing = job.expected && missingStates(test, states, job.expected, job.timeLimitMs);
  return {
    file: job.file,
    name: test.name,
    engine: job.engine,
    states,
    positive: outcome.positive,
    negative: outcome.negative,
    observation: observationOf(outcome),
    condition: formatCondition(test),
    met: isMet(test, outcome),
    flags: outcome.flags,
    complete: result.complete,
    runs: result.runs,
    elapsedMs,
    text: formatHerd(test, outcome),
    ...(missing && { missing }),
    ...(job.why && { why: whyOf(test, job.timeLimitMs) }),
  };
}

function whyOf(test: LitmusTest, timeLimitMs: number): { text: string; data: unknown } {
  const verdict: Verdict = checkLitmus(test, { timeLimitMs });
  const why = explain(test, verdict, timeLimitMs);
  return { text: formatWhy(test, why), data: whyToJson(test, why) };
}

/** A state with the numbers of free values taken off: herd numbers them as it goes. */
export function canonicalState(state: string): string {
  return state.replace(/=S\d+;/g, '=S;');
}

/** Expected states that were not shown, with the reason that the axioms give; unknown ones count as `none`. */
function missingStates(
  test: LitmusTest,
  shown: readonly { readonly state: string }[],
  expected: readonly string[],
  timeLimitMs: number,
): MissingState[] {
  const have = new Set(shown.map(({ state }) => canonicalState(state)));
  const lacking = expected.filter((state) => !have.has(canonicalState(state)));
  if (lacking.length === 0) return [];
  const classes = new Map<string, ReachClass>();
  for (const { state, reach } of checkLitmus(test, { timeLimitMs, classify: true }).states) {
    classes.set(canonicalState(formatState(test, state)), reach);
  }
  return lacking.map((state) => ({ state, reach: classes.get(canonicalState(state)) ?? 'none' }));
}
