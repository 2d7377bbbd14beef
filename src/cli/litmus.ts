/** `klp-smp litmus`: what the kernel memory model, or another engine, allows a litmus test to show, and why. */
import { readFileSync, writeFileSync } from 'node:fs';
import type { Command } from 'commander';
import { UsageError } from '../errors.js';
import { checkLitmus } from '../litmus/axioms/checker.js';
import { closeEngines, ENGINE_NAMES } from '../litmus/engines.js';
import { isReport, runLitmusJob, type LitmusJob, type LitmusReport } from '../litmus/job.js';
import { DEFAULT_MODEL, MODEL_VERSIONS, modelOf, type ModelVersion } from '../litmus/model.js';
import { parseLitmus } from '../litmus/syntax/parse.js';
import { explain } from '../litmus/why/why.js';
import { MEMORY_KINDS, type MemoryKind } from '../memory/backend.js';
import { executionDot, renderSvg } from '../report/execution-graph.js';
import { renderTable } from '../report/table.js';
import { interruptible } from './interrupt.js';
import { BATCH_TRIALS } from '../litmus/on-threads/litmus-threads.js';
import { findLitmusFiles } from './litmus-files.js';
import {
  DEFAULT_WORKERS,
  divide,
  runLitmusJobs,
  statusOf,
  type LitmusResult,
} from './litmus-pool.js';
import { chooseShapes, litmusThreads } from './litmus-threads.js';
import {
  choiceOf,
  duration,
  integerIn,
  jsonOption,
  option,
  seedOption,
  type Parser,
  writableFile,
} from './options.js';
import { emit } from './output.js';

interface LitmusOptions {
  readonly on: string;
  readonly model: ModelVersion;
  readonly memory: MemoryKind;
  readonly shapes?: readonly string[];
  readonly trials: number;
  readonly limit: number;
  readonly runs: number;
  readonly seed: number;
  readonly workers: number;
  readonly why: boolean;
  readonly dot?: string;
  readonly svg?: string;
  readonly json: boolean;
}

/** Add the command to the program. */
export function registerLitmus(program: Command): void {
  program
    .command('litmus')
    .description('run a litmus test, or a folder of them, and say what it may show and why')
    .argument(
      '[path]',
      'a *.litmus file in the C dialect of the kernel memory model, or a folder; ' +
        'without it, --on threads runs the classic shapes',
    )
    .addOption(
      option('--on <engine>', 'what to run it on', choiceOf([...ENGINE_NAMES, 'threads']), {
        value: 'axioms',
      }),
    )
    .addOption(
      option(
        '--model <version>',
        'kernel version whose memory model --on axioms has',
        choiceOf(MODEL_VERSIONS),
        { value: DEFAULT_MODEL },
      ),
    )
    .addOption(
      option('--limit <time>', 'time limit of each test', duration, {
        value: 30_000,
        shown: '30s',
      }),
    )
    .addOption(
      option(
        '--runs <n>',
        'runs of each test, for engines that sample',
        integerIn({ min: 1, max: 1e9 }),
        {
          value: 2500,
        },
      ),
    )
    .addOption(
      option('--memory <kind>', 'memory under --on threads', choiceOf(MEMORY_KINDS), {
        value: 'wasm',
      }),
    )
    .addOption(
      option('--shapes <names>', 'classic shapes to run instead of all', shapeNames, undefined),
    )
    .addOption(
      option('--trials <n>', 'trials of each shape', integerIn({ min: 1, max: 1e10 }), {
        value: BATCH_TRIALS,
      }),
    )
    .addOption(seedOption())
    .addOption(
      option('--workers <n>', 'worker threads for a folder', integerIn({ min: 1, max: 256 }), {
        value: DEFAULT_WORKERS,
        shown: 'the cores less one',
      }),
    )
    .option('--no-why', 'do not explain the outcome of a single test')
    .addOption(option('--dot <file>', 'write the execution as a Graphviz file', writableFile))
    .addOption(option('--svg <file>', 'draw the execution as an SVG file', writableFile))
    .addOption(jsonOption())
    .action((path: string | undefined, options: LitmusOptions) =>
      path === undefined ? runShapes(options) : runLitmus(path, engineOf(options)),
    );
}

const shapeNames: Parser<readonly string[]> = {
  accepts: 'names of shapes or parts of them with commas, such as SB,MP+poonceonces',
  parse: (text) => {
    const names = text.split(',');
    return names.every((name) => chooseShapes([name]).length > 0) ? names : undefined;
  },
};

/** `--on threads` is the engine of its `--memory`. */
function engineOf(options: LitmusOptions): LitmusOptions {
  return options.on === 'threads' ? { ...options, on: `threads-${options.memory}` } : options;
}

async function runShapes(options: LitmusOptions): Promise<void> {
  if (options.on !== 'threads') {
    throw new UsageError(
      `--on ${options.on} needs a path; only --on threads has shapes of its own`,
    );
  }
  await litmusThreads(options);
}

async function runLitmus(path: string, options: LitmusOptions): Promise<void> {
  if (options.model !== DEFAULT_MODEL && options.on !== 'axioms') {
    throw new UsageError(
      `--model ${options.model}: --on ${options.on} has the model of Linux ${DEFAULT_MODEL} only; leave --on out`,
    );
  }
  const { isFolder, files } = findLitmusFiles(path);
  if (isFolder && (options.dot !== undefined || options.svg !== undefined)) {
    throw new UsageError(`--dot and --svg draw one test: '${path}' is a folder`);
  }
  const jobs = files.map((file): LitmusJob => {
    const { on, model, limit, runs, seed, why } = options;
    return { file, engine: on, model, timeLimitMs: limit, runs, seed, why: why && !isFolder };
  });
  const [first] = jobs;
  if (!isFolder && first !== undefined) await runOne(first, options);
  else await runFolder(jobs, options);
}

async function runOne(job: LitmusJob, options: LitmusOptions): Promise<void> {
  const result = await runLitmusJob(job);
  await closeEngines();
  if (!isReport(result)) throw new UsageError(withFile(job.file, result.reason));
  await draw(job, options);
  emit(options, result, textOf);
}

function textOf(report: LitmusReport): string {
  const { text, why, name, elapsedMs, complete } = report;
  const cut = complete ? [] : ['Cut short by the time limit: states may be missing.'];
  const time = `Time ${name} ${(elapsedMs / 1000).toFixed(3)}`;
  return [text, time, ...cut, ...(why === undefined ? [] : ['', why.text])].join('\n');
}

/** Write the drawings that were asked for: an execution that shows the outcome, or the one that is forbidden. */
async function draw(
  { file, timeLimitMs, model: version }: LitmusJob,
  { dot, svg }: LitmusOptions,
): Promise<void> {
  if (dot === undefined && svg === undefined) return;
  const test = parseLitmus(readFileSync(file, 'utf8'), file);
  const model = modelOf(version);
  const why = explain(test, checkLitmus(test, { timeLimitMs, model }), timeLimitMs, model);
  const shown = why.kind === 'allowed' ? why : why.explanation;
  if (shown === null)
    throw new UsageError(`${file}: no execution has these values, so none is drawn`);
  const cycle = 'cycle' in shown ? shown.cycle : [];
  const graph = executionDot(test, shown.candidate, cycle);
  if (dot !== undefined) writeFileSync(dot, graph);
  if (svg !== undefined) writeFileSync(svg, await renderSvg(graph));
}

async function runFolder(jobs: readonly LitmusJob[], options: LitmusOptions): Promise<void> {
  const results = await interruptible((signal) =>
    runLitmusJobs(jobs, { workers: options.workers, signal, label: `litmus (${options.on})` }),
  );
  const summary = { asked: jobs.length, ran: results.length, results };
  emit(options, summary, () => `${folderText(results)}\n\n${folderSummary(jobs.length, results)}`);
  process.exitCode = statusOf(results);
}

function folderText(results: readonly LitmusResult[]): string {
  const { reports, failures } = divide(results);
  const lines = reports.map(({ name, observation, positive, negative, flags, complete }) => {
    const notes = [...flags, ...(complete ? [] : ['cut short'])];
    const note = notes.length === 0 ? '' : `  (${notes.join(', ')})`;
    return `Observation ${name} ${observation} ${positive} ${negative}${note}`;
  });
  return [
    ...lines,
    ...failures.map(({ kind, file, reason }) => `${kind}: ${withFile(file, reason)}`),
  ].join('\n');
}

function withFile(file: string, reason: string): string {
  return reason.startsWith(file) ? reason : `${file}: ${reason}`;
}

function folderSummary(asked: number, results: readonly LitmusResult[]): string {
  const { reports, failures } = divide(results);
  const count = (test: (report: LitmusReport) => boolean): string =>
    String(reports.filter(test).length);
  const failed = (kind: string): string => String(failures.filter((f) => f.kind === kind).length);
  const seconds = reports.reduce((sum, { elapsedMs }) => sum + elapsedMs, 0) / 1000;
  return renderTable(
    [{ title: 'tests' }, { title: 'number', align: 'right' }],
    [
      ['Never', count((r) => r.observation === 'Never')],
      ['Sometimes', count((r) => r.observation === 'Sometimes')],
      ['Always', count((r) => r.observation === 'Always')],
      ['flagged', count((r) => r.flags.length > 0)],
      ['cut short by the limit', count((r) => !r.complete)],
      ['skipped by the engine', failed('skipped')],
      ['refused', failed('error')],
      ['bugs of ours', failed('bug')],
      ['not begun', String(asked - results.length)],
      ['seconds, summed over tests', seconds.toFixed(2)],
    ],
  );
}
