/** Runs benchmarks: all tasks in turn, round after round, so that a machine that slows down slows all of them. */

import { writeFileSync } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Bench } from 'tinybench';
import { Command } from 'commander';
import { UsageError } from '../src/errors.js';
import { readJsonFile } from '../src/campaign/files.js';
import { interruptible } from '../src/cli/interrupt.js';
import * as options from '../src/cli/options.js';
import { emit } from '../src/cli/output.js';
import { runProgram } from '../src/cli/program.js';
import { startProgress, type Progress } from '../src/cli/progress.js';
import * as against from './against.js';
import { drawChart } from './chart.js';
import * as compare from './compare.js';
import * as results from './results.js';

/** What a benchmark is told about the run that it is part of. */
export interface Settings {
  /** Seed of every random choice. */
  readonly seed: number;
  /** Time given to each task in each round, in ms. */
  readonly timeMs: number;
}

interface AnyTask {
  readonly name: string;
  /** Value asked for, in the benchmark's unit. */
  readonly aim?: number;
  /** Ratio to the baseline asked for. */
  readonly aimRatio?: number;
  /** Whether {@link aimRatio} is the least, not the most. Default: the benchmark's `better` says so. */
  readonly aimAtLeast?: boolean;
}

/** A task whose calls are timed by tinybench; its value is nanoseconds per operation (the median call). */
export interface TimedTask extends AnyTask {
  /** The work; what it returns is ignored, so that a result can be kept alive. */
  readonly run: () => unknown;
  /** Operations that one call of `run` does; 1 when absent. Let a call take well over a microsecond. */
  readonly operations?: number;
}

/** A task that takes its own measure once a round: a rate, a size, a count. */
export interface MeasuredTask extends AnyTask {
  /** Takes about `timeMs`, and returns a value in the benchmark's unit. */
  readonly measure: (settings: Settings) => number | Promise<number>;
}

/** One thing to be timed or measured. */
export type Task = TimedTask | MeasuredTask;

/** One table: tasks that are compared with one of them. */
export interface Benchmark {
  /** Its name in the output and in `bench/tolerances.json`. */
  readonly name: string;
  /** Unit of the values: `ns/op` for timed tasks. */
  readonly unit: string;
  readonly better: 'lower' | 'higher';
  /** Name of the task that the others are compared with. */
  readonly baseline: string;
  /** Makes the tasks; called once, before the first round. */
  readonly tasks: (settings: Settings) => readonly Task[] | Promise<readonly Task[]>;
}

/** How long to measure. */
export interface Effort extends Settings {
  readonly rounds: number;
  /** Ends the run after the task under way; what whole rounds have found is still reported. */
  readonly signal?: AbortSignal;
}

async function timeOnce(task: TimedTask, timeMs: number): Promise<number> {
  const warmupTime = timeMs / 4;
  const bench = new Bench({ time: timeMs, warmupTime, iterations: 16, throws: true });
  bench.add(task.name, task.run);
  await bench.run();
  const result = bench.tasks[0]?.result;
  if (result?.state !== 'completed') throw new Error(`${task.name} was not measured`);
  return (result.latency.p50 * 1e6) / (task.operations ?? 1);
}

const sampleOnce = async (task: Task, settings: Settings): Promise<number> =>
  'run' in task ? timeOnce(task, settings.timeMs) : task.measure(settings);

async function sampleRounds(
  tasks: readonly Task[],
  effort: Effort,
  onTask: (task: string) => void,
): Promise<number[][]> {
  const rounds: number[][] = [];
  const settings = { seed: effort.seed, timeMs: effort.timeMs };
  // One more than asked for: the first only warms up.
  while (rounds.length <= effort.rounds) {
    const values: number[] = [];
    for (const task of tasks) {
      await nextTurn(); // Microtasks alone would keep an interrupt from being seen.
      if (effort.signal?.aborted === true) return rounds.slice(1);
      onTask(task.name);
      values.push(await sampleOnce(task, settings));
    }
    rounds.push(values);
  }
  return rounds.slice(1);
}

/**
 * Run one benchmark: a warm-up round that does not count, then `effort.rounds` rounds over all tasks.
 * @returns its result, or undefined when it was interrupted before it had a whole round
 */
export async function runBenchmark(
  benchmark: Benchmark,
  effort: Effort,
  onTask: (task: string) => void = () => undefined,
): Promise<results.Result | undefined> {
  const tasks = await benchmark.tasks({ seed: effort.seed, timeMs: effort.timeMs });
  const rounds = await sampleRounds(tasks, effort, onTask);
  if (rounds.length === 0) return undefined;
  const samples = tasks.map(({ name, aim, aimRatio, aimAtLeast }, i) => ({
    task: name,
    values: rounds.map((values) => values[i] as number),
    ...(aim === undefined ? {} : { aim }),
    ...(aimRatio === undefined ? {} : { aimRatio }),
    ...(aimAtLeast === undefined ? {} : { aimAtLeast }),
  }));
  const { name, unit, better, baseline } = benchmark;
  return { name, unit, better, rows: results.rowsOf(samples, baseline) };
}

interface BenchOptions {
  readonly rounds: number;
  readonly time: number;
  readonly seed: number;
  readonly only?: string[];
  readonly save?: string;
  readonly chart?: string;
  readonly compare?: string;
  readonly against?: string;
  readonly json: boolean;
}

async function runAll(
  benchmarks: readonly Benchmark[],
  effort: Effort,
  progress: Progress,
): Promise<results.Report> {
  const found: results.Result[] = [];
  for (const benchmark of benchmarks) {
    const onTask = (task: string): void => progress.update(found.length, task);
    const result = await runBenchmark(benchmark, effort, onTask);
    if (result === undefined) break;
    found.push(result);
  }
  const environment = results.environmentOf(effort.seed, effort.rounds, effort.timeMs);
  const isInterrupted = effort.signal?.aborted === true;
  return { environment, results: found, ...(isInterrupted && { isInterrupted }) };
}

function measure(benchmarks: readonly Benchmark[], given: BenchOptions): Promise<results.Report> {
  const total = benchmarks.length;
  const progress = startProgress({ label: 'measuring', total, unit: 'benchmarks' });
  const { seed, rounds, time: timeMs } = given;
  return interruptible((signal) =>
    runAll(benchmarks, { seed, rounds, timeMs, signal }, progress),
  ).finally(() => progress.stop());
}

function earlierReport(path: string): results.Report {
  const report = readJsonFile('saved report', path) as Partial<results.Report>;
  if (!Array.isArray(report.results)) {
    throw new UsageError(`saved report '${path}' has no results; give a file made with --save`);
  }
  return report as results.Report;
}

/** Options that say what is done with one build's report. */
const OF_ONE_BUILD = ['chart', 'compare'] as const;

async function actAgainst(
  benchmarks: readonly Benchmark[],
  given: BenchOptions,
  entry: string,
): Promise<void> {
  const { against: directory = '', rounds: pairs, time: timeMs, seed, only } = given;
  const unused = OF_ONE_BUILD.find((name) => given[name] !== undefined);
  if (unused !== undefined) throw new UsageError(`--${unused} has no effect with --against`);
  const names = only ?? benchmarks.map(({ name }) => name);
  const progress = startProgress({ label: 'measuring', total: 2 * pairs, unit: 'runs' });
  const onRun = (runs: number): void => progress.update(runs);
  const report = await interruptible((signal) =>
    against.runAgainst({ directory, entry, pairs, timeMs, seed, names, signal, onRun }),
  ).finally(() => progress.stop());
  if (given.save !== undefined) {
    writeFileSync(given.save, `${JSON.stringify(report, undefined, 2)}\n`);
  }
  const lost = against.lostRows(report, compare.committedTolerances());
  emit(given, { ...report, lost }, () => [against.renderAgainst(report), ...lost].join('\n'));
  if (lost.length > 0) process.exitCode = 1;
}

async function act(benchmarks: readonly Benchmark[], given: BenchOptions): Promise<void> {
  const before = given.compare === undefined ? undefined : earlierReport(given.compare);
  const tolerances = compare.committedTolerances();
  const { only } = given;
  const chosen = benchmarks.filter(({ name }) => only?.includes(name) ?? true);
  const report = await measure(chosen, given);
  if (given.save !== undefined) {
    writeFileSync(given.save, `${JSON.stringify(report, undefined, 2)}\n`);
  }
  if (given.chart !== undefined) writeFileSync(given.chart, await drawChart(report));
  const changes = before && compare.compareReports(before, report, tolerances);
  const warnings = compare.untrustworthy(report, tolerances);
  emit(given, { ...report, warnings, ...(changes && { changes }) }, () => {
    const lines = warnings.map((warning) => `warning: ${warning}`).join('\n');
    const parts = [results.renderReport(report), lines, compare.renderChanges(changes ?? [])];
    return parts.filter((part) => part !== '').join('\n\n');
  });
  if (changes?.some(({ verdict }) => verdict === 'worse') === true) process.exitCode = 1;
}

/** A whole number of rounds, at least 3: fewer have no spread. */
const ROUNDS = options.integerIn({ min: 3, max: 1000 });

/**
 * Entry of a `*.bench.ts` file: runs the benchmarks with the options of the command line, prints them, ends the process (1 if
 * `--compare` or `--against` finds a ratio worse than its tolerance).
 *
 * @param argv arguments after the program's name
 * @param entry the file that `--against` runs, and looks for in the other build; by default the one that the process was started with
 */
export async function main(
  benchmarks: readonly Benchmark[],
  argv: readonly string[] = process.argv.slice(2),
  entry = process.argv[1] ?? '',
): Promise<never> {
  const program = new Command('bench');
  program
    .addOption(options.option('--rounds <n>', 'rounds', ROUNDS, { value: 7 }))
    .addOption(
      options.option('--time <time>', 'a round of a task', options.duration, {
        value: 200,
        shown: '200ms',
      }),
    )
    .addOption(options.option('--only <names>', 'benchmarks to run', namesOf(benchmarks)))
    .addOption(options.option('--save <file>', 'write the report', options.writableFile))
    .addOption(options.option('--chart <file>', 'draw the ratios as SVG', options.writableFile))
    .addOption(
      options.option('--compare <file>', 'compare with a saved report', options.existingFile),
    )
    .addOption(
      options.option(
        '--against <dir>',
        'run another build in turn with this one; a round is then a run of each',
        options.existingFolder,
      ),
    )
    .addOption(options.seedOption())
    .addOption(options.jsonOption())
    .action((given: BenchOptions) =>
      given.against === undefined ? act(benchmarks, given) : actAgainst(benchmarks, given, entry),
    );
  return await runProgram(program, argv);
}

const namesOf = (benchmarks: readonly Benchmark[]) =>
  options.listOf(options.choiceOf(benchmarks.map(({ name }) => name)));
