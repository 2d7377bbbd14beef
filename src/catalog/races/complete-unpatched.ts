/** The end of a disable against the handler: the first synchronisation of klp_complete_transition(), O-15 with O-17. */

import { O_15, O_17 } from '../../memory/sites.js';
import {
  attempt,
  callAndSleep,
  leaveFunction,
  patchedFunctionRace,
  SLEEPER,
  startDisablingSecond,
} from '../../scenario/patched-function.js';

const why =
  'the handler holds the removed function when func->transition is cleared, and takes it for a regular one';

/** CPU 0 completes the disabling of the second patch; CPU 1's task, which has switched, calls `f`. */
export const completeUnpatched = patchedFunctionRace({
  name: 'complete-unpatched',
  description: 'klp_complete_transition() of a disable against klp_ftrace_handler().',
  initialTasks: [SLEEPER],
  prepare: startDisablingSecond,
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
