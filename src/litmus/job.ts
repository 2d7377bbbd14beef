/** Runs one litmus file on one engine and returns plain data, so that a worker can do it. */
import { readFileSync } from 'node:fs';
import { UsageError } from '../errors.js';
import type { LitmusTest } from './syntax/ast.js';
import { checkLitmus, type Verdict } from './axioms/checker.js';
import type { Engine, EngineOptions, EngineResult } from './engine.js';
import { loadEngine } from './engines.js';
import { formatCondition, formatHerd, formatState, isMet, observationOf } from './syntax/format.js';
import type { Observation, Outcome } from './syntax/format.js';
import { type LackingState, lackingStates, type MissingState, withSought } from './missing.js';
import { parseLitmus } from './syntax/parse.js';
import { hasLoops, unrollOf } from './syntax/steps.js';
import { satisfies } from './axioms/states.js';
import { compareModels, type ModelComparison } from './model-comparison.js';
import { modelOf, type ModelVersion } from './model.js';
import { requireModel } from './requirements.js';
import { explain, formatWhy, whyToJson } from './why/why.js';

/** What to run. */
export interface LitmusJob extends Omit<EngineOptions, 'model'> {
  /** Path of the test, or its name in messages where `source` is given. */
  readonly file: string;
  /** The test itself. */
  readonly source?: string;
  readonly engine: string;
  /** Kernel version whose memory model is meant; 6.1 by default, and the only one for engines without models. */
  readonly model?: ModelVersion;
  /** How often a loop may go back where what was read decides; see steps.ts for the default. */
  readonly unroll?: number;
  /** Explain the outcome; the axioms do that, whatever the engine. */
  readonly why: boolean;
  /** Also compare the models of these versions, oldest first; the axioms do that, whatever the engine. */
  readonly models?: readonly ModelVersion[];
  /** Also give the verdict in herd7's format. */
  readonly text?: boolean;
  /** States that the engine ought to show, as `formatState` prints them: the missing ones are classified. */
  readonly expected?: readonly string[];
  /** Runs of a search that is directed at each missing state, for engines that have one; none by default. */
  readonly seek?: number;
}

/** What came of a job that ran. */
export interface LitmusReport {
  readonly file: string;
  readonly name: string;
  readonly engine: string;
  readonly states: readonly { readonly state: string; readonly count: number }[];
  readonly positive: number;
  readonly negative: number;
  /** How often the proposition holds; of a test cut short by the bound on loops, never a plain Never or Always. */
  readonly observation: Observation;
  /** How often loops were let go back, in a test that has loops, and whether some execution would have gone on. */
  readonly loops?: { readonly unroll: number; readonly cutShort: boolean };
  readonly condition: string;
  /** Is the condition, quantifier included, met? */
  readonly met: boolean;
  readonly flags: readonly string[];
  readonly complete: boolean;
  readonly runs: number;
  /** Wall time of parsing and running, without explanations, in milliseconds. */
  readonly elapsedMs: number;
  /** The verdict in herd7's format, if it was asked for. */
  readonly text?: string;
  readonly why?: { readonly text: string; readonly data: unknown };
  readonly missing?: readonly MissingState[];
  readonly models?: ModelComparison;
}

/** A job that did not run, and why: the engine cannot, the file is not a test that has an answer, or it is a bug of ours. */
export interface LitmusFailure {
  readonly file: string;
  readonly engine: string;
  readonly kind: 'skipped' | 'error' | 'bug';
  readonly reason: string;
}

/** Run a job. Bad files, tests that the engine cannot run, and its bugs are results, not errors. */
export async function runLitmusJob(job: LitmusJob): Promise<LitmusReport | LitmusFailure> {
  const { file, engine: engineName } = job;
  try {
    const engine = await loadEngine(engineName);
    const source = job.source ?? readFileSync(file, 'utf8');
    const start = performance.now();
    const test = parseLitmus(source, file, {
      ...(job.unroll !== undefined && { unroll: job.unroll }),
    });
    const model = modelOf(job.model);
    requireModel(test, engine.hasModels === true ? model : modelOf());
    const run = await engine.run(test, { ...job, model });
    const runMs = performance.now() - start;
    const { result, missing, seekMs } =
      run.skipped === undefined
        ? completed(job, engine, test, run)
        : { result: run, missing: undefined, seekMs: 0 };
    const { skipped } = result;
    if (skipped !== undefined) {
      return { file, engine: engineName, kind: 'skipped', reason: skipped };
    }
    return report(job, test, result, runMs + seekMs, missing);
  } catch (error) {
    if (error instanceof UsageError || isFileError(error)) {
      return { file, engine: engineName, kind: 'error', reason: error.message };
    }
    return bugOf(job, error);
  }
}

/** The result of a job that ended in an error that is ours: one row of many, so that the others are not lost. */
export function bugOf({ file, engine }: LitmusJob, error: unknown): LitmusFailure {
  const reason = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { file, engine, kind: 'bug', reason: reason.replace(/\s*\n\s*/g, ' ') };
}

/** A result, the states that it lacks, and what a search for these adds to it. */
function completed(
  { expected, seek = 0, seed, timeLimitMs }: LitmusJob,
  engine: Engine,
  test: LitmusTest,
  run: EngineResult,
): { result: EngineResult; missing: MissingState[] | undefined; seekMs: number } {
  if (expected === undefined) return { result: run, missing: undefined, seekMs: 0 };
  const lack = ({ states }: EngineResult): LackingState[] =>
    lackingStates(test, states, expected, timeLimitMs);
  const lacking = lack(run);
  const options = { runs: seek, timeLimitMs, ...(seed !== undefined && { seed }) };
  const start = performance.now();
  const result = seek > 0 ? withSought(engine, test, run, lacking, options) : run;
  const seekMs = performance.now() - start;
  const left = result === run ? lacking : lack(result);
  return { result, missing: left.map(({ state, reach }) => ({ state, reach })), seekMs };
}

function isFileError(error: unknown): error is Error {
  return error instanceof Error && 'syscall' in error;
}

function outcomeOf(test: LitmusTest, { states, flags, isCut = false }: EngineResult): Outcome {
  let [positive, negative] = [0, 0];
  for (const { state, count } of states) {
    if (satisfies(test, state)) positive += count;
    else negative += count;
  }
  return { states: states.map(({ state }) => state), positive, negative, flags, isCut };
}

function report(
  job: LitmusJob,
  test: LitmusTest,
  result: EngineResult,
  elapsedMs: number,
  missing: readonly MissingState[] | undefined,
): LitmusReport {
  const outcome = outcomeOf(test, result);
  const states = result.states.map(({ state, count }) => ({
    state: formatState(test, state),
    count,
  }));
  return {
    file: job.file,
    name: test.name,
    engine: job.engine,
    states,
    positive: outcome.positive,
    negative: outcome.negative,
    observation: observationOf(outcome),
    ...(hasLoops(test) && { loops: { unroll: unrollOf(test), cutShort: outcome.isCut === true } }),
    condition: formatCondition(test),
    met: isMet(test, outcome),
    flags: outcome.flags,
    complete: result.complete,
    runs: result.runs,
    elapsedMs,
    ...(job.text === true && { text: formatHerd(test, outcome) }),
    ...(missing && { missing }),
    ...(job.models && { models: compareModels(test, job.models, job.timeLimitMs) }),
    ...(job.why && { why: whyOf(test, job) }),
  };
}

function whyOf(test: LitmusTest, job: LitmusJob): { text: string; data: unknown } {
  const { timeLimitMs } = job;
  const model = modelOf(job.model);
  const verdict: Verdict = checkLitmus(test, { timeLimitMs, model });
  const why = explain(test, verdict, timeLimitMs, model);
  return { text: formatWhy(test, why), data: whyToJson(test, why) };
}
