/** Use case: measure what a call of a patchable function costs. */

import type * as comparing from '../../bench/compare.js';
import type { dispatchBenchmarks } from '../../bench/dispatch.js';
import type { Report } from '../../bench/results.js';
import type * as running from '../../bench/run.js';
import { UsageError } from '../errors.js';
import { BENCH_OPTIONS, DEFAULT_SEED, type BenchOptions } from './options/bench-options.js';
import { checkOptions, OptionError } from './options/option-table.js';

export type { BenchOptions } from './options/bench-options.js';

/** What the dispatch benchmarks found; plain data. */
export interface BenchResult extends Report {
  /** Rows whose spread exceeds their tolerance; their figures say little. */
  readonly warnings: readonly string[];
}

/**
 * Import a file of the benchmarks, which are outside `src` and use more packages than it does.
 *
 * @throws UsageError when they are not installed
 */
export async function loadBenchmarks(file: string): Promise<unknown> {
  try {
    return await import(new URL(`../../bench/${file}`, import.meta.url).href);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw error;
    throw new UsageError(
      `the benchmarks are not installed (${(error as Error).message}); run them in a checkout, after npm ci`,
    );
  }
}

/**
 * Run the benchmarks of the dispatch hot path.
 *
 * @returns ratios to the baseline of the same run, with their spread; after an interrupt, those of the complete rounds
 * @throws UsageError for options that are not accepted
 */
export async function benchDispatch(options: BenchOptions = {}): Promise<BenchResult> {
  const checked = checkOptions('benchDispatch', options, BENCH_OPTIONS);
  const { only, rounds, timeMs, signal, onProgress } = checked;
  const all = (
    (await loadBenchmarks('dispatch.js')) as { dispatchBenchmarks: typeof dispatchBenchmarks }
  ).dispatchBenchmarks;
  const { runAll } = (await loadBenchmarks('run.js')) as typeof running;
  const { committedTolerances, untrustworthy } = (await loadBenchmarks(
    'compare.js',
  )) as typeof comparing;
  const unknown = only?.find((name) => all.every((benchmark) => benchmark.name !== name));
  if (unknown !== undefined) {
    const names = all.map(({ name }) => name).join(', ');
    throw new OptionError('benchDispatch', 'only', `has no '${unknown}'; give some of ${names}`);
  }
  const chosen = all.filter(({ name }) => only?.includes(name) ?? true);
  const effort = {
    rounds,
    timeMs,
    seed: DEFAULT_SEED,
    ...(signal === undefined ? {} : { signal }),
  };
  const report = await runAll(chosen, effort, (done, note) =>
    onProgress?.({ done, total: chosen.length, unit: 'benchmarks', note }),
  );
  return { ...report, warnings: untrustworthy(report, committedTolerances()) };
}
