/** Runs benchmarks: all tasks in turn, round after round, so that a machine that slows down slows all of them. */

import { setImmediate as nextTurn } from 'node:timers/promises';
import { median } from 'simple-statistics';
import { Bench } from 'tinybench';
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
  /** How large what it measures is, for tasks that differ in nothing else: how the values grow is then printed. */
  readonly size?: number;
  /** Value asked for, in the benchmark's unit. */
  readonly aim?: number;
  /** Ratio to the baseline asked for. */
  readonly aimRatio?: number;
  /** Whether {@link aimRatio} is the least, not the most. Default: the benchmark's `better` says so. */
  readonly aimAtLeast?: boolean;
  /** Name of the task before it that takes its measure too: it is not measured without that one. */
  readonly measuredBy?: string;
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
  /** It keeps the thread busy for all its time: longer times are taken in slices, so that Ctrl-C is heard. */
  readonly isBusy?: true;
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
  /** Its tasks draw from the seed. */
  readonly isSeeded?: true;
  /** Makes the tasks; called once, before the first round. */
  readonly tasks: (settings: Settings) => readonly Task[] | Promise<readonly Task[]>;
}

/** How long to measure. */
export interface Effort extends Settings {
  readonly rounds: number;
  /** Ends the run after the task under way; what whole rounds have found is still reported. */
  readonly signal?: AbortSignal;
}

/** Milliseconds for which a task may keep the thread busy: how promptly an interrupt is heard. */
const SLICE_MS = 250;

async function timeOnce(task: TimedTask, timeMs: number): Promise<number> {
  const warmupTime = timeMs / 4;
  const bench = new Bench({ time: timeMs, warmupTime, iterations: 16, throws: true });
  bench.add(task.name, task.run);
  await bench.run();
  const result = bench.tasks[0]?.result;
  if (result?.state !== 'completed') throw new Error(`${task.name} was not measured`);
  return (result.latency.p50 * 1e6) / (task.operations ?? 1);
}

/** The median over slices of the time; undefined when it was interrupted. */
async function sampleSlices(
  timeMs: number,
  signal: AbortSignal | undefined,
  take: (timeMs: number) => Promise<number> | number,
): Promise<number | undefined> {
  const slices = Math.ceil(timeMs / SLICE_MS);
  const values: number[] = [];
  for (let i = 0; i < slices; i++) {
    await nextTurn(); // Microtasks alone would keep an interrupt from being seen.
    if (signal?.aborted === true) return undefined;
    values.push(await take(timeMs / slices));
  }
  return median(values);
}

/** What a promise gives, or undefined as soon as the signal aborts; the promise is then ignored. */
async function unlessAborted<T>(
  promise: Promise<T>,
  signal: AbortSignal | undefined,
): Promise<T | undefined> {
  if (signal === undefined) return promise;
  return new Promise((resolve, reject) => {
    const stop = (): void => resolve(undefined);
    signal.addEventListener('abort', stop, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop));
    if (signal.aborted) stop();
  });
}

async function sampleOnce(task: Task, effort: Effort): Promise<number | undefined> {
  const { seed, timeMs, signal } = effort;
  if ('run' in task) return sampleSlices(timeMs, signal, (ms) => timeOnce(task, ms));
  if (task.isBusy) {
    return sampleSlices(timeMs, signal, (ms) => task.measure({ seed, timeMs: ms }));
  }
  await nextTurn();
  if (signal?.aborted === true) return undefined;
  return unlessAborted(Promise.resolve(task.measure({ seed, timeMs })), signal);
}

async function sampleRounds(
  tasks: readonly Task[],
  effort: Effort,
  onTask: (task: string) => void,
): Promise<number[][]> {
  const rounds: number[][] = [];
  // One more than asked for: the first only warms up.
  while (rounds.length <= effort.rounds) {
    const values: number[] = [];
    for (const task of tasks) {
      onTask(task.name);
      const value = await sampleOnce(task, effort);
      if (value === undefined) return rounds.slice(1);
      values.push(value);
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
  const samples = tasks.map(({ name, size, aim, aimRatio, aimAtLeast }, i) => ({
    task: name,
    values: rounds.map((values) => values[i] as number),
    ...(size === undefined ? {} : { size }),
    ...(aim === undefined ? {} : { aim }),
    ...(aimRatio === undefined ? {} : { aimRatio }),
    ...(aimAtLeast === undefined ? {} : { aimAtLeast }),
  }));
  const { name, unit, better, baseline } = benchmark;
  return { name, unit, better, rows: results.rowsOf(samples, baseline) };
}

/** Run benchmarks one after the other; what an interrupt leaves of them is a report, too. */
export async function runAll(
  benchmarks: readonly Benchmark[],
  effort: Effort,
  onTask: (done: number, task: string) => void = () => undefined,
): Promise<results.Report> {
  const found: results.Result[] = [];
  for (const benchmark of benchmarks) {
    const result = await runBenchmark(benchmark, effort, (task) => onTask(found.length, task));
    if (result === undefined) break;
    found.push(result);
  }
  const environment = results.environmentOf(effort.seed, effort.rounds, effort.timeMs);
  const isInterrupted = effort.signal?.aborted === true;
  return { environment, results: found, ...(isInterrupted && { isInterrupted }) };
}
