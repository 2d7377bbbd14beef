/** Measures how fast executions are explored. */

import { performance } from 'node:perf_hooks';
import { exploreRange } from '../src/campaign/work/range.js';
import type { Tally } from '../src/campaign/work/tally.js';
import type { Explorable } from '../src/explorer/engine/explorable.js';
import type { Strategy } from '../src/explorer/engine/strategy.js';
import type { MeasuredTask } from './harness.js';

/** What is counted of executions, for each microsecond that this process was given a processor: goes on where it stopped. */
export function explorationRate(
  session: Explorable,
  strategy: Strategy,
  count: (tally: Tally) => number,
): MeasuredTask['measure'] {
  let from = 0;
  return ({ timeMs }) => {
    const deadline = performance.now() + timeMs;
    const before = process.cpuUsage().user;
    const range = { from, to: Number.MAX_SAFE_INTEGER, deadline, stopAt: 'nothing' } as const;
    const { tally, next } = exploreRange(session, strategy, range);
    from = next;
    return count(tally) / Math.max(1, process.cpuUsage().user - before);
  };
}
