/** Executes one range of a job wholly, slice by slice. */

import { Interrupted } from '../../errors.js';
import { addTally, emptyTally, type Tally } from '../tally.js';
import { SLICE_MS, type Workers } from '../workers.js';
import type { PlanJob, WorkRange } from './ledger.js';

/**
 * Execute a range.
 *
 * @returns its counts: equal wherever and whenever it is executed
 * @throws Interrupted when the signal ended it: a part of a range counts nothing
 */
export async function executeRange(
  workers: Workers,
  { session, strategy }: PlanJob,
  range: WorkRange,
  signal?: AbortSignal,
): Promise<Tally> {
  const tally = emptyTally();
  let { from } = range;
  while (from < range.to) {
    if (signal?.aborted === true) throw new Interrupted();
    const request = {
      session,
      strategy,
      from,
      to: range.to,
      ms: SLICE_MS,
      stopAt: 'nothing',
    } as const;
    const result = await workers.run('slice', request, { signal });
    addTally(tally, result.tally);
    from = result.next;
  }
  return tally;
}
