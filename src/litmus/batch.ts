/** Several litmus jobs in one message to a worker, so that they share its cost. */
import { beat, showPulse, type Pulse } from '../explorer/engine/pulse.js';
import { runLitmusJob, type LitmusFailure, type LitmusJob, type LitmusReport } from './job.js';

/** What came of one job. */
export type LitmusResult = LitmusReport | LitmusFailure;

/** Jobs for one worker. */
export interface LitmusBatch {
  readonly jobs: readonly LitmusJob[];
  /** Milliseconds after which the jobs that are left are handed back. */
  readonly sliceMs: number;
  /** Where the worker shows that it has begun, and goes from job to job. */
  readonly pulse: Pulse;
}

/** Run the jobs of a batch, at least one, until its time is over.
 * @returns the results of the first jobs */
export async function runLitmusBatch({
  jobs,
  sliceMs,
  pulse,
}: LitmusBatch): Promise<LitmusResult[]> {
  showPulse(pulse);
  const end = performance.now() + sliceMs;
  const results: LitmusResult[] = [];
  for (const job of jobs) {
    results.push(await runLitmusJob(job));
    beat();
    if (performance.now() > end) break;
  }
  return results;
}

/** The results of jobs that ran, and the others. */
export function divide(results: readonly LitmusResult[]): {
  reports: LitmusReport[];
  failures: LitmusFailure[];
} {
  const reports: LitmusReport[] = [];
  const failures: LitmusFailure[] = [];
  for (const result of results) {
    if ('states' in result) reports.push(result);
    else failures.push(result);
  }
  return { reports, failures };
}
