/** Runs litmus jobs on a pool of workers; one that overruns its limit costs its worker, not the run. */
import { availableParallelism } from 'node:os';
import { Piscina } from 'piscina';
import {
  bugOf,
  isReport,
  type LitmusFailure,
  type LitmusJob,
  type LitmusReport,
} from '../litmus/job.js';
import { startProgress } from './progress.js';

/** Workers unless told otherwise: a core stays free for the compiler threads of the others, or times would double. */
export const DEFAULT_WORKERS = Math.max(1, availableParallelism() - 1);

/** What came of one job. */
export type LitmusResult = LitmusReport | LitmusFailure;

/** How jobs are run. */
export interface PoolOptions {
  /** Worker threads. */
  readonly workers: number;
  /** Aborted: return what there is. */
  readonly signal: AbortSignal;
  /** Shown before the progress bar. */
  readonly label: string;
}

/** Engines look at the clock themselves; this much longer and the worker is taken to hang. */
const GRACE_FACTOR = 4;
const GRACE_MS = 10_000;

/** Run all jobs.
 * @returns a result for each job that was begun, in the order of the jobs; fewer if the signal was aborted */
export async function runLitmusJobs(
  jobs: readonly LitmusJob[],
  { workers, signal, label }: PoolOptions,
): Promise<LitmusResult[]> {
  const filename = new URL('../../workers/litmus.js', import.meta.url).href;
  const pool = new Piscina<LitmusJob, LitmusResult>({
    filename,
    minThreads: 1,
    maxThreads: Math.min(workers, Math.max(1, jobs.length)),
  });
  const progress = startProgress({ label, total: jobs.length, unit: 'tests' });
  const results: (LitmusResult | undefined)[] = jobs.map(() => undefined);
  let [next, done] = [0, 0];
  const work = async (): Promise<void> => {
    for (let i = next++; i < jobs.length && !signal.aborted; i = next++) {
      const job = jobs[i];
      if (job === undefined) break;
      results[i] = await runGuarded(pool, job, signal);
      progress.update(++done, job.file.replace(/^.*\//, ''));
    }
  };
  try {
    await Promise.all(Array.from({ length: pool.options.maxThreads }, work));
  } finally {
    progress.stop();
    await pool.destroy();
  }
  return results.filter((result) => result !== undefined);
}

async function runGuarded(
  pool: Piscina<LitmusJob, LitmusResult>,
  job: LitmusJob,
  signal: AbortSignal,
): Promise<LitmusResult | undefined> {
  const overrun = AbortSignal.timeout(job.timeLimitMs * GRACE_FACTOR + GRACE_MS);
  try {
    return await pool.run(job, { signal: AbortSignal.any([signal, overrun]) });
  } catch (error) {
    if (signal.aborted) return undefined;
    if (!overrun.aborted) return bugOf(job, error);
    const { file, engine, timeLimitMs } = job;
    const reason = `no answer long after the limit of ${timeLimitMs} ms; its worker was ended`;
    return { file, engine, kind: 'error', reason };
  }
}

/** The results of jobs that ran, and the others. */
export function divide(results: readonly LitmusResult[]): {
  reports: LitmusReport[];
  failures: LitmusFailure[];
} {
  const reports: LitmusReport[] = [];
  const failures: LitmusFailure[] = [];
  for (const result of results) {
    if (isReport(result)) reports.push(result);
    else failures.push(result);
  }
  return { reports, failures };
}

/** Exit status that the failures of a run call for: 3 for a bug of ours, 2 if a file was not understood or nothing ran at
 * all, 0 if all is well. Tests that the engine cannot run are no failure as long as others ran. */
export function statusOf(results: readonly LitmusResult[]): 0 | 2 | 3 {
  const { reports, failures } = divide(results);
  if (failures.some(({ kind }) => kind === 'bug')) return 3;
  return reports.length === 0 || failures.some(({ kind }) => kind === 'error') ? 2 : 0;
}
