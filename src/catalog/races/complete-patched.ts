/** The end of an enable against the handler: the second synchronisation of klp_complete_transition(), O-16 with O-17. */

import { WARN_HANDLER_UNDEFINED } from '../../livepatch/warn-sites.js';
import { O_16, O_17 } from '../../memory/sites.js';
import {
  attempt,
  callAndSleep,
  enablePatch,
  leaveFunction,
  patchedFunctionRace,
  STRAGGLER,
} from '../../scenario/patched-function.js';

const finds = `WARN ${WARN_HANDLER_UNDEFINED.id}`;
const why = 'the handler saw func->transition before it was cleared, and patch_state after it was';

/** CPU 0 completes the enabling; CPU 1's task, which has switched, calls `f`. */
export const completePatched = patchedFunctionRace({
  name: 'complete-patched',
  description: 'klp_complete_transition() of an enable against klp_ftrace_handler().',
  initialTasks: [STRAGGLER],
  prepare: enablePatch,
  roles: [
    { comm: 'admin', sleepingIn: [], body: attempt },
    { comm: 'caller', sleepingIn: [], body: callAndSleep },
  ],
  settle: leaveFunction,
  observed: 2,
  versions: ['f_a'],
  ablations: [
    { sites: [O_16], finds, why },
    { sites: [O_17], finds, why },
  ],
});
