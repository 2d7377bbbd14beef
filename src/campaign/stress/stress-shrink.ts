/** Shrinking a finding of the stress workload: the admins' operations first, then the tasks. Context switches are left to explore. */

import type { StressRun } from '../../catalog/systems/system-stress.js';

/** The members of a machine that are reduced, in this order. */
const MEMBERS = ['operations', 'tasks'] as const;

type Shows = (run: StressRun) => Promise<boolean>;

/** The smallest value of a member that still shows the outcome; the amount taken away is halved each time. */
async function least(
  run: StressRun,
  member: (typeof MEMBERS)[number],
  shows: Shows,
): Promise<StressRun> {
  let best = run;
  for (let step = Math.ceil((best[member] - 1) / 2); step >= 1;) {
    const tried = { ...best, [member]: best[member] - step };
    if (tried[member] >= 1 && (await shows(tried))) best = tried;
    else step = Math.floor(step / 2);
  }
  return best;
}

/**
 * A machine that is as small as possible and shows the same.
 *
 * @param shows whether a machine shows what is looked for
 */
export async function smallestRun(run: StressRun, shows: Shows): Promise<StressRun> {
  let best = run;
  for (const member of MEMBERS) best = await least(best, member, shows);
  return best;
}
