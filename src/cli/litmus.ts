/** `klp-smp litmus`: what the kernel memory model, or another engine, allows a litmus test to show, and why. */
import type { Command } from 'commander';
import {
  checkLitmus,
  type CheckLitmusResult,
  executionOf,
  LITMUS_OPTIONS,
} from '../campaign/litmus/litmus.js';
import { litmusShapes, LITMUS_SHAPES_OPTIONS } from '../campaign/litmus/litmus-shapes.js';
import { writeAll, writeTextFile } from '../campaign/options/files.js';
import { flag, writableFile } from '../campaign/options/rules.js';
import { SimulatorBug, UsageError } from '../errors.js';
import { divide, type LitmusResult } from '../litmus/batch.js';
import type { LitmusReport } from '../litmus/job.js';
import { executionDot, renderSvg } from '../report/execution-graph.js';
import { renderTable } from '../report/table.js';
import { litmusTables, shapesTables } from '../report/tables/litmus.js';
import { addCommand, type Given, JSON_OPTION } from './command.js';
import { complainOfBugs } from './failure.js';
import { changeLines, modelsText } from './litmus-models.js';
import { checkShapes, shapesText } from './litmus-threads.js';
import { REPORTS, splitReports } from './reporting.js';
import { compileLater } from './compile-later.js';
import { runUseCase } from './use-case.js';

const OF_PATH = { path: 'given' } as const;
const OF_SHAPES = { not: ['path'], needs: { on: ['threads'] } } as const;

const TABLE = {
  ...LITMUS_OPTIONS,
  limitMs: { ...LITMUS_OPTIONS.limitMs, needs: OF_PATH },
  runs: { ...LITMUS_OPTIONS.runs, needs: { ...LITMUS_OPTIONS.runs.needs, ...OF_PATH } },
  workers: { ...LITMUS_OPTIONS.workers, needs: OF_PATH },
  unroll: { ...LITMUS_OPTIONS.unroll, needs: OF_PATH },
  shapes: { ...LITMUS_SHAPES_OPTIONS.shapes, ...OF_SHAPES },
  trials: { ...LITMUS_SHAPES_OPTIONS.trials, ...OF_SHAPES },
  why: { rule: flag, about: 'do not explain the outcome of a single test', flags: '--no-why' },
  dot: {
    rule: writableFile,
    about: 'write the execution as a Graphviz file',
    flags: '--dot <file>',
    needs: OF_PATH,
    not: ['models'],
  },
  svg: {
    rule: writableFile,
    about: 'draw the execution as an SVG file',
    flags: '--svg <file>',
    needs: OF_PATH,
    not: ['models'],
  },
  ...JSON_OPTION,
  ...REPORTS,
} as const;

type Options = Given<typeof TABLE>;

/** Add the command to the program. */
export function registerLitmus(program: Command): void {
  addCommand(program, {
    name: 'litmus',
    description: 'run a litmus test, or a folder of them, and say what it may show and why',
    table: TABLE,
    run: async (options) => {
      if (options.path === undefined) await runShapes(options);
      else await runTests(options);
    },
  });
}

async function runShapes({
  on,
  memory,
  shapes,
  trials,
  seed,
  json,
  ...others
}: Options): Promise<void> {
  if (on !== 'threads') {
    throw new UsageError(
      `--on ${on ?? LITMUS_OPTIONS.on.fallback} needs a path; only --on threads has shapes of its own`,
    );
  }
  const given = { memory, shapes, trials, seed };
  const options = Object.fromEntries(Object.entries(given).filter(([, v]) => v !== undefined));
  const { asked } = splitReports(others);
  const reporting = { command: 'litmus', asked, tables: shapesTables };
  const shown = { label: 'litmus', json, text: shapesText, reporting };
  const result = await runUseCase(shown, (watching) => litmusShapes({ ...options, ...watching }));
  checkShapes(result, trials ?? LITMUS_SHAPES_OPTIONS.trials.fallback);
}

async function runTests({
  json,
  dot,
  svg,
  shapes: _,
  trials: __,
  ...given
}: Options): Promise<void> {
  const { asked, options } = splitReports(given);
  let checked: CheckLitmusResult | undefined;
  if (options.on?.startsWith('threads') !== true) compileLater();
  await runUseCase(
    {
      ...{ label: `litmus (${options.on ?? 'axioms'})`, json },
      text: (result: CheckLitmusResult) =>
        result.isFolder ? folderText(result) : single(result.results, options.models !== undefined),
      reporting: { command: 'litmus', asked, tables: litmusTables },
      toJson: (result) => (result.isFolder ? result : result.results[0]),
    },
    async (watching) => {
      checked = await checkLitmus({ ...options, ...watching });
      if (!checked.isFolder) refuse(checked.results);
      else if (dot !== undefined || svg !== undefined) {
        throw new UsageError(`--dot and --svg draw one test: '${options.path ?? ''}' is a folder`);
      }
      return checked;
    },
  );
  if (checked !== undefined) {
    process.exitCode = exitCodeOf(checked);
    complainOfBugs(divide(checked.results).failures);
    refuseEmpty(checked);
  }
  if (dot !== undefined || svg !== undefined) await draw(options, dot, svg);
}

/** A single test that could not be run is an error of the command. */
function refuse(results: readonly LitmusResult[]): void {
  for (const { kind, file, reason } of divide(results).failures) {
    throw kind === 'bug' ? new SimulatorBug(reason) : new UsageError(withFile(file, reason));
  }
}

/** A test without any execution has tested nothing. @throws UsageError for a single one, or for a folder of only such tests */
function refuseEmpty({ isFolder, results, interrupted }: CheckLitmusResult): void {
  const { reports } = divide(results);
  const isEmpty = ({ positive, negative, complete }: LitmusReport): boolean =>
    complete && positive + negative === 0;
  if (interrupted || reports.length === 0 || !reports.every(isEmpty)) return;
  const file = reports[0]?.file ?? '';
  throw new UsageError(
    isFolder
      ? 'no test has an execution: nothing was checked'
      : `${file}: there is no execution: nothing was checked`,
  );
}

/** A bug is our error. A file that is not a test, and a folder without a test that could run, are usage errors. */
function exitCodeOf({ results, interrupted }: CheckLitmusResult): number {
  const { reports, failures } = divide(results);
  if (failures.some(({ kind }) => kind === 'bug')) return 3;
  if (failures.some(({ kind }) => kind === 'error')) return 2;
  return reports.length === 0 && !interrupted ? 2 : 0;
}

async function draw(
  { path = '', model, limitMs, unroll }: Options,
  dot: string | undefined,
  svg: string | undefined,
): Promise<void> {
  const { test, candidate, cycle } = executionOf(path, model, limitMs, unroll);
  const graph = executionDot(test, candidate, cycle);
  const drawing = svg === undefined ? '' : await renderSvg(graph);
  await writeAll([
    () => dot !== undefined && writeTextFile('graph', dot, graph),
    () => svg !== undefined && writeTextFile('drawing', svg, drawing),
  ]);
}

function single(results: readonly LitmusResult[], isComparison: boolean): string {
  const [report] = divide(results).reports;
  if (report === undefined) return '';
  if (isComparison) return modelsText(report);
  const { text = '', why, name, elapsedMs, complete, loops } = report;
  const cut = complete ? [] : ['Cut short by the time limit: states may be missing.'];
  const time = `Time ${name} ${(elapsedMs / 1000).toFixed(3)}`;
  const bound = loops === undefined ? [] : [loopText(loops)];
  return [text, time, ...bound, ...cut, ...(why === undefined ? [] : ['', why.text])].join('\n');
}

function loopText({ unroll, cutShort }: NonNullable<LitmusReport['loops']>): string {
  const bound = `Loops that what they read decides go back at most ${unroll} times (--unroll)`;
  return cutShort
    ? `${bound}. Cut short: executions that go on for longer are left out.`
    : `${bound}; no execution goes on for longer.`;
}

function folderText(result: CheckLitmusResult): string {
  return `${folderLines(result.results)}\n\n${folderSummary(result)}`;
}

function folderLines(results: readonly LitmusResult[]): string {
  const { reports, failures } = divide(results);
  const lines = reports.flatMap((report) => {
    if (report.models !== undefined) return changeLines(report);
    const { name, observation, positive, negative, flags, complete } = report;
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

function folderSummary({ asked, results, interrupted }: CheckLitmusResult): string {
  const { reports, failures } = divide(results);
  const count = (test: (report: LitmusReport) => boolean): string =>
    String(reports.filter(test).length);
  const failed = (kind: string): string => String(failures.filter((f) => f.kind === kind).length);
  const seconds = reports.reduce((sum, { elapsedMs }) => sum + elapsedMs, 0) / 1000;
  const compared = reports.filter(({ models }) => models !== undefined);
  const table = renderTable(
    [{ title: 'tests' }, { title: 'number', align: 'right' }],
    [
      ['Never', count((r) => r.observation.startsWith('Never'))],
      ['Sometimes', count((r) => r.observation === 'Sometimes')],
      ['Always', count((r) => r.observation.startsWith('Always'))],
      ...(compared.length === 0
        ? []
        : [['models disagree', count((r) => (r.models?.changes.length ?? 0) > 0)]]),
      ['flagged', count((r) => r.flags.length > 0)],
      ['cut short by the limit', count((r) => !r.complete)],
      ['cut short by the bound on loops', count((r) => r.loops?.cutShort === true)],
      ['skipped by the engine', failed('skipped')],
      ['refused', failed('error')],
      ['bugs of ours', failed('bug')],
      ['not begun', String(asked - results.length)],
      ['seconds, summed over tests', seconds.toFixed(2)],
    ],
  );
  return interrupted ? `${table}\ninterrupted` : table;
}
