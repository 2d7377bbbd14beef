/** The command line of benchmarks: what is run, printed, saved, drawn and compared. */

import { Command } from 'commander';
import { BENCH_OPTIONS, DEFAULT_SEED } from '../src/campaign/options/bench-options.js';
import { readJsonFile, writeTextFile } from '../src/campaign/options/files.js';
import {
  choiceOf,
  existingFile,
  existingFolder,
  listOf,
  seed,
  textOf,
  writableFile,
} from '../src/campaign/options/rules.js';
import { fillCommand, JSON_OPTION, type Given } from '../src/cli/command.js';
import { runProgram } from '../src/cli/program.js';
import { runUseCase } from '../src/cli/use-case.js';
import { SimulatorBug, UsageError } from '../src/errors.js';
import * as against from './against.js';
import { drawChart } from './chart.js';
import * as compare from './compare.js';
import { confirm } from './confirm.js';
import * as results from './results.js';
import { runAll, type Benchmark, type Settings, type Task } from './run.js';

export * from './run.js';

/** Where a chart goes when nobody says where. */
const CHART_FILE = 'chart.svg';

const TABLE = {
  ...BENCH_OPTIONS,
  row: {
    rule: textOf('part of the name of a row'),
    about: 'only the baseline and rows named like this',
    flags: '--row <text>',
    not: ['against'],
  },
  save: { rule: writableFile, about: 'write the report', flags: '--save <file>' },
  chart: {
    rule: writableFile,
    about: `draw the ratios as SVG (without a file: ${CHART_FILE})`,
    flags: '--chart [file]',
    preset: CHART_FILE,
    not: ['against'],
  },
  compare: {
    rule: existingFile,
    about: 'compare with a saved report',
    flags: '--compare <file>',
    not: ['against'],
  },
  against: {
    rule: existingFolder,
    about: 'run another build in turn with this one; a round is then a run of each',
    flags: '--against <dir>',
  },
  seed: {
    rule: seed,
    about: 'seed of every random choice',
    fallback: DEFAULT_SEED,
    flags: '--seed <n>',
  },
  ...JSON_OPTION,
} as const;

type BenchGiven = Given<typeof TABLE>;

function earlierReport(path: string): results.Report {
  const report = readJsonFile('saved report', path);
  if (results.isReport(report)) return report;
  throw new UsageError(`saved report '${path}' has no results; give a file made with --save`);
}

/** The benchmarks of `--only`. Throws UsageError if a seed is given and none of them draws. */
function namedIn(benchmarks: readonly Benchmark[], { only, seed: given }: BenchGiven): Benchmark[] {
  const named = benchmarks.filter(({ name }) => only?.includes(name) ?? true);
  if (given === undefined || named.some(({ isSeeded }) => isSeeded)) return named;
  throw new UsageError(`--seed has no effect with --only ${only?.join() ?? ''}: nothing is drawn`);
}

/** Refuse a report that has none of the rows that are to be measured: nothing would be compared. */
function checkComparable(
  { results: earlier }: results.Report,
  named: readonly Benchmark[],
  { compare: file = '', row = '' }: BenchGiven,
): void {
  const isThere = named.some(({ name, baseline }) =>
    earlier
      .filter((result) => result.name === name)
      .some(({ rows }) => rows.some(({ task }) => task !== baseline && task.includes(row))),
  );
  if (isThere) return;
  throw new UsageError(`--compare has no effect: '${file}' has none of the rows to be measured`);
}

const save = (given: BenchGiven, report: object): void => {
  if (given.save === undefined) return;
  writeTextFile('report', given.save, `${JSON.stringify(report, undefined, 2)}\n`);
};

async function actAgainst(
  benchmarks: readonly Benchmark[],
  given: BenchGiven,
  entry: string,
): Promise<void> {
  const { against: directory = '', json } = given;
  const { rounds: pairs, timeMs } = effortOf(given);
  const drawn = given.seed === undefined ? {} : { seed: given.seed };
  const names = namedIn(benchmarks, given).map(({ name }) => name);
  const { lost } = await runUseCase<against.AgainstReport & { readonly lost: readonly string[] }>(
    {
      ...{ label: 'measuring', json, keep: (report) => save(given, report) },
      text: (report) => [against.renderAgainst(report), ...report.lost].join('\n'),
    },
    async ({ signal = new AbortController().signal, onProgress }) => {
      const onRun = (done: number): void =>
        onProgress?.({ done, total: 2 * pairs, unit: 'runs', note: '' });
      const plan = { directory, entry, pairs, timeMs, names, signal, onRun, ...drawn };
      const report = await against.runAgainst(plan);
      return { ...report, lost: against.lostRows(report, compare.committedTolerances()) };
    },
  );
  if (lost.length > 0) process.exitCode = 1;
}

const effortOf = ({ rounds, timeMs, seed }: BenchGiven) => ({
  rounds: rounds ?? BENCH_OPTIONS.rounds.fallback,
  timeMs: timeMs ?? BENCH_OPTIONS.timeMs.fallback,
  seed: seed ?? TABLE.seed.fallback,
});

/** Only the rows whose names contain a text, their baselines and the rows that measure them; of tables without such a row nothing. Throws UsageError when none has one. */
async function withRow(
  benchmarks: readonly Benchmark[],
  text: string,
  settings: Settings,
): Promise<Benchmark[]> {
  const found: Benchmark[] = [];
  for (const benchmark of benchmarks) {
    const { baseline } = benchmark;
    const tasks = await benchmark.tasks(settings);
    if (!tasks.some(({ name }) => name.includes(text))) continue;
    const isNamed = ({ name }: Task): boolean => name === baseline || name.includes(text);
    const givers = new Set(tasks.filter(isNamed).map(({ measuredBy }) => measuredBy));
    const wanted = tasks.filter((task) => isNamed(task) || givers.has(task.name));
    found.push({ ...benchmark, tasks: () => wanted });
  }
  if (found.length > 0) return found;
  const names = benchmarks.map(({ name }) => name).join(', ');
  throw new UsageError(`--row: no row of ${names} has a name with '${text}' in it`);
}

/** What is printed: a report and what is to be said of it. */
interface Judged extends results.Report {
  readonly warnings: readonly string[];
  readonly changes?: readonly compare.Change[];
}

function judgedText(judged: Judged, chart: string | undefined): string {
  const lines = judged.warnings.map((warning) => `warning: ${warning}`).join('\n');
  const report = `${results.renderReport(judged)}; ${compare.tolerancesOrigin(judged.environment.node)}`;
  const drawn = chart === undefined ? '' : `chart: ${chart}`;
  const parts = [report, lines, compare.renderChanges(judged.changes ?? []), drawn];
  return parts.filter((part) => part !== '').join('\n\n');
}

async function act(
  benchmarks: readonly Benchmark[],
  given: BenchGiven,
  entry: string,
): Promise<void> {
  const before = given.compare === undefined ? undefined : earlierReport(given.compare);
  const tolerances = compare.committedTolerances();
  const { row, json } = given;
  const named = namedIn(benchmarks, given);
  if (before !== undefined) checkComparable(before, named, given);
  const chosen = row === undefined ? named : await withRow(named, row, effortOf(given));
  const keep = async (report: Judged): Promise<void> => {
    save(given, report);
    if (given.chart === undefined) return;
    writeTextFile('chart', given.chart, await drawChart(report));
  };
  const { changes } = await runUseCase(
    { label: 'measuring', json, text: (judged) => judgedText(judged, given.chart), keep },
    async ({ signal, onProgress }): Promise<Judged> => {
      const effort = { ...effortOf(given), ...(signal === undefined ? {} : { signal }) };
      const report = await runAll(chosen, effort, (done, note) =>
        onProgress?.({ done, total: chosen.length, unit: 'benchmarks', note }),
      );
      const warnings = compare.untrustworthy(report, tolerances);
      if (before === undefined) return { ...report, warnings };
      const found = compare.compareReports(before, report, tolerances);
      const plan = { before, tolerances, entry, effort, isSeeded: given.seed !== undefined };
      return { ...report, warnings, changes: await confirm(found, plan) };
    },
  );
  if (changes?.some(({ verdict }) => verdict === 'worse') === true) process.exitCode = 1;
}

/**
 * Entry of a `*.bench.ts` file: runs the benchmarks with the options of the command line, prints them, ends the process (1 if
 * `--compare` or `--against` finds a ratio worse than its tolerance).
 *
 * @param argv arguments after the program's name
 * @param entry the file that `--against` runs, and looks for in the other build; by default the one that the process was started with
 * @param name what the help calls the program
 */
export async function main(
  benchmarks: readonly Benchmark[],
  argv: readonly string[] = process.argv.slice(2),
  entry = process.argv[1] ?? '',
  name = 'bench',
): Promise<never> {
  const program = new Command(name);
  const names = benchmarks.map((benchmark) => benchmark.name);
  if (new Set(names).size < names.length) throw new SimulatorBug('two benchmarks have one name');
  const draws = benchmarks.some(({ isSeeded }) => isSeeded);
  fillCommand(program, {
    table: {
      ...TABLE,
      only: { ...TABLE.only, rule: listOf(choiceOf(names)) },
      seed: { ...TABLE.seed, ...(draws ? {} : { inProgram: true }) },
    },
    run: (given) =>
      given.against === undefined
        ? act(benchmarks, given, entry)
        : actAgainst(benchmarks, given, entry),
  });
  return await runProgram(program, argv);
}
