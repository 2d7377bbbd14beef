/** Runs litmus jobs on a pool of workers. A job that overruns its limit ends its worker, but not the run. */
import { availableParallelism } from 'node:os';
import type { Piscina } from 'piscina';
import type { LitmusBatch, LitmusResult } from '../../litmus/batch.js';
import { bugOf, type LitmusFailure, type LitmusJob } from '../../litmus/job.js';
import { newPulse } from '../../explorer/engine/pulse.js';
import { createPool } from '../../pool.js';
import type { Watching } from '../options/progress.js';
import { TaskWatch } from '../work/task-watch.js';

const ENTRY = new URL('../../../workers/litmus.js', import.meta.url);

/** Default number of workers. One core stays free for their compiler threads; otherwise times would double. */
export const DEFAULT_WORKERS = Math.max(1, availableParallelism() - 1);

/** How jobs are run. */
export interface PoolOptions extends Watching {
  /** Worker threads. */
  readonly workers: number;
}

/** Engines check the clock themselves; a worker that takes this much more of the processor is considered hung. */
const GRACE_FACTOR = 4;
const GRACE_SECONDS = 10;
/** Milliseconds that a running batch may still take after an interrupt. */
const STOP_MS = 300;
/** Time after which a worker reports, in ms, and the largest number of jobs in one batch. */
const SLICE_MS = 100;
const LARGEST_BATCH = 64;

/** Run all jobs.
 * @returns a result for each job that was begun, in the order of the jobs; fewer if the signal was aborted */
export async function runLitmusJobs(
  jobs: readonly LitmusJob[],
  { workers, signal, onProgress }: PoolOptions,
): Promise<LitmusResult[]> {
  const threads = Math.min(workers, Math.max(1, jobs.length));
  const pool = createPool<LitmusBatch, LitmusResult[]>(ENTRY, {
    minThreads: threads,
    maxThreads: threads,
  });
  const run = new PoolRun(jobs, pool, threads, { signal, onProgress });
  try {
    await Promise.all(Array.from({ length: threads }, () => run.work()));
  } finally {
    await pool.destroy();
  }
  return run.results.filter((result) => result !== undefined);
}

type Pool = Piscina<LitmusBatch, LitmusResult[]>;

class PoolRun {
  readonly results: (LitmusResult | undefined)[];
  readonly #jobs: readonly LitmusJob[];
  readonly #pool: Pool;
  readonly #threads: number;
  readonly #watching: { [K in keyof Watching]: Watching[K] | undefined };
  /** Numbers of jobs still to run, the next one last. */
  readonly #left: number[];
  #done = 0;

  constructor(
    jobs: readonly LitmusJob[],
    pool: Pool,
    threads: number,
    watching: { [K in keyof Watching]: Watching[K] | undefined },
  ) {
    this.#jobs = jobs;
    this.#pool = pool;
    this.#threads = threads;
    this.#watching = watching;
    this.results = jobs.map(() => undefined);
    this.#left = jobs.map((_, i) => jobs.length - 1 - i);
  }

  get #isAborted(): boolean {
    return this.#watching.signal?.aborted === true;
  }

  /** Give one worker batch after batch until nothing is left. */
  async work(): Promise<void> {
    while (this.#left.length > 0 && !this.#isAborted) {
      const share = Math.ceil(this.#left.length / (4 * this.#threads));
      await this.#batch(this.#take(Math.min(LARGEST_BATCH, share)));
    }
  }

  /** The numbers of the next `n` jobs. */
  #take(n: number): number[] {
    return this.#left.splice(-n, n).reverse();
  }

  async #batch(numbers: readonly number[]): Promise<void> {
    const jobs = numbers.flatMap((i) => this.#jobs[i] ?? []);
    const results = await this.#guarded(jobs);
    if (results === null) return;
    if (results.length > 0) {
      this.#settle(numbers, results);
      return;
    }
    // One of them hangs, or ends its worker. Then each is run by itself, so that the others have results.
    for (const i of numbers) {
      if (this.#watching.signal?.aborted === true) return;
      await this.#batch([i]);
    }
  }

  #settle(numbers: readonly number[], results: readonly LitmusResult[]): void {
    results.forEach((result, k) => (this.results[numbers[k] ?? 0] = result));
    this.#done += results.length;
    this.#left.push(...numbers.slice(results.length).reverse());
    const { onProgress } = this.#watching;
    const note = results.at(-1)?.file.replace(/^.*\//, '') ?? '';
    onProgress?.({ done: this.#done, total: this.#jobs.length, unit: 'tests', note });
  }

  /** The results of a batch: none if one of several jobs ended its worker; null if the run is to end. */
  async #guarded(jobs: readonly LitmusJob[]): Promise<LitmusResult[] | null> {
    const overrun = new AbortController();
    const limit = jobs.reduce((ms, { timeLimitMs }) => Math.max(ms, timeLimitMs), 0);
    const pulse = newPulse();
    const seconds = (limit / 1000) * GRACE_FACTOR + GRACE_SECONDS;
    const endWatch = new TaskWatch({ seconds, pulse }).start(() => overrun.abort());
    const stop = new AbortController();
    let grace: NodeJS.Timeout | undefined;
    const end = (): void => {
      grace = setTimeout(() => stop.abort(), STOP_MS);
    };
    const { signal } = this.#watching;
    signal?.addEventListener('abort', end, { once: true });
    try {
      const either = AbortSignal.any([overrun.signal, stop.signal]);
      return await this.#pool.run({ jobs, sliceMs: SLICE_MS, pulse }, { signal: either });
    } catch (error) {
      if (stop.signal.aborted) return null;
      const [job] = jobs;
      if (jobs.length > 1 || job === undefined) return [];
      return [overrun.signal.aborted ? hanging(job) : bugOf(job, error)];
    } finally {
      endWatch();
      clearTimeout(grace);
      signal?.removeEventListener('abort', end);
    }
  }
}

function hanging({ file, engine, timeLimitMs }: LitmusJob): LitmusFailure {
  const reason = `no answer long after the limit of ${timeLimitMs} ms; its worker was ended`;
  return { file, engine, kind: 'error', reason };
}
