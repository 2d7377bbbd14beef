/** Executes one whole range of a job, slice by slice. */

import { Interrupted } from '../../errors.js';
import { addTally, emptyTally, type Tally } from '../work/tally.js';
import { SLICE_MS, type Workers } from '../work/workers.js';
import type { PlanJob, WorkRange } from './ledger.js';

/** Milliseconds that one part of an exhaustive search may take. */
const PART_MS = 600_000;

/**
 * Execute a range.
 *
 * @returns its counts, equal wherever and whenever the range is executed, and the number of the next execution:
 *   before the range's end if the signal ended it early
 */
export async function executeRange(
  workers: Workers,
  { session, strategy }: PlanJob,
  range: WorkRange,
  signal?: AbortSignal,
): Promise<{ readonly tally: Tally; readonly next: number }> {
  const tally = emptyTally();
  let { from } = range;
  while (from < range.to) {
    if (signal?.aborted === true) break;
    try {
      const request = { session, from, to: range.to, ms: SLICE_MS };
      const result =
        strategy.kind === 'dfs'
          ? await workers.run('parts', { ...request, strategy }, { ms: PART_MS, signal })
          : await workers.run('slice', { ...request, strategy, stopAt: 'nothing' }, { signal });
      addTally(tally, result.tally);
      from = result.next;
    } catch (error) {
      if (!(error instanceof Interrupted)) throw error;
      break;
    }
  }
  return { tally, next: from };
}
