/** The end of a disable against the handler: the first synchronisation of klp_complete_transition(), O-15 with O-17. */

import type { Cpu } from '../../memory/cpu.js';
import { O_15, O_17 } from '../../memory/sites.js';
import { raceContext } from '../../scenario/kernel-race.js';
import {
  attempt,
  callAndSleep,
  disableWithStraggler,
  leaveFunction,
  loadLivepatches,
  patchedFunctionRace,
  SLEEPER,
} from '../../scenario/patched-function.js';

/** Enable both patches and disable the second, which waits for a task that sleeps in its function. */
function startDisabling(cpu: Cpu): void {
  loadLivepatches(cpu, 2);
  disableWithStraggler(cpu, 1, raceContext(cpu).tasks[0] ?? 0);
}

const why =
  'the handler holds the removed function when func->transition is cleared, and takes it for a regular one';

/** CPU 0 completes the disabling of the second patch; CPU 1's task, which has switched, calls `f`. */
export const completeUnpatched = patchedFunctionRace({
  name: 'complete-unpatched',
  description: 'klp_complete_transition() of a disable against klp_ftrace_handler().',
  initialTasks: [SLEEPER],
  prepare: startDisabling,
  settle: leaveFunction,
  roles: [
    { comm: 'admin', sleepingIn: [], body: attempt },
    { comm: 'caller', sleepingIn: [], body: callAndSleep },
  ],
  observed: 2,
  versions: ['f_a'],
  ablations: [
    { sites: [O_15], finds: 'freed', why },
    { sites: [O_17], finds: 'freed', why },
  ],
});
