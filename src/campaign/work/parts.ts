/** Executes whole parts of an exhaustive search. The first steps of a part distinguish it from all other parts. */

import { UsageError } from '../../errors.js';
import type { Explorable } from '../../explorer/engine/explorable.js';
import { createStrategy, exploreRange, type RangeResult } from './range.js';
import { addTally, emptyTally } from './tally.js';
import type { PartsRequest } from './task.js';

/** Executions of one part: each has a number of its own among those of all parts. */
const MOST = 2 ** 20;

/** Number of parts whose first `steps` steps `cpus` CPUs take. */
export const partsOf = (cpus: number, steps: number): number => cpus ** steps;

/** Execute parts, at least one, until there are no more or the time is over. */
export function exploreParts(
  session: Explorable,
  { strategy: config, from, to, ms }: PartsRequest,
): Pick<RangeResult, 'tally' | 'next'> {
  const deadline = performance.now() + ms;
  const tally = emptyTally();
  let index = from;
  do {
    const prefix = { steps: config.prefix?.steps ?? 0, index };
    const strategy = createStrategy({ ...config, prefix }, session);
    const range = { from: index * MOST, to: (index + 1) * MOST };
    const part = exploreRange(session, strategy, {
      ...range,
      deadline: Infinity,
      stopAt: 'nothing',
    });
    if (!part.exhausted) {
      throw new UsageError(
        `${session.scenario.name}: a part of the search has more than ${MOST.toLocaleString('en')} executions: give a longer prefix`,
      );
    }
    addTally(tally, part.tally);
    index++;
  } while (index < to && performance.now() < deadline);
  return { tally, next: index };
}
