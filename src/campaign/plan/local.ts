/** Runs the ranges of a campaign on this machine's worker threads. */

import type { Workers } from '../work/workers.js';
import { executeRange } from './execute-range.js';
import type { Ledger, WorkRange } from './ledger.js';

/** Reason of a signal that ends a campaign for good: what is under way elsewhere is to end too. */
export const ENOUGH = 'enough';

/** How a campaign's ranges are executed; returns when nothing is left or the signal aborts. */
export interface RangeRunner {
  run(ledger: Ledger, onRange: (range: WorkRange) => void, signal: AbortSignal): Promise<void>;
  /** Other information that the runner has: workers, refusals. */
  notes(): readonly string[];
  /** How it was ended from outside: `draining` or `cancelled`. */
  readonly control?: string;
  close?(): Promise<void>;
}

/** Every worker thread takes the next range. */
export class LocalRunner implements RangeRunner {
  readonly #workers: Workers;
  readonly #threads: number;

  constructor(workers: Workers, threads: number) {
    this.#workers = workers;
    this.#threads = threads;
  }

  async run(
    ledger: Ledger,
    onRange: (range: WorkRange) => void,
    signal: AbortSignal,
  ): Promise<void> {
    const jobs = new Map(ledger.jobs.map((job) => [job.id, job]));
    const ranges = ledger.ranges();
    const work = async (): Promise<void> => {
      for (const range of ranges) {
        if (signal.aborted) return;
        const job = jobs.get(range.job);
        if (job === undefined || ledger.has(range)) continue;
        const { tally, next } = await executeRange(this.#workers, job, range, signal);
        // What was executed before an interrupt counts: nobody else will go on here.
        if (next > range.from && ledger.add({ ...range, to: next }, tally)) onRange(range);
      }
    };
    await Promise.all(Array.from({ length: this.#threads }, work));
  }

  notes(): readonly string[] {
    return [];
  }
}
