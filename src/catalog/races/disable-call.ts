/** A disable against the handler: the patch state before the transition flag, O-01 with O-10. */

import { WARN_HANDLER_UNDEFINED } from '../../livepatch/warn-sites.js';
import { O_01, O_10 } from '../../memory/sites.js';
import {
  callAndSleep,
  disablePatch,
  enablePatch,
  patchedFunctionRace,
} from '../../scenario/patched-function.js';

const finds = `WARN ${WARN_HANDLER_UNDEFINED.id}`;

/** CPU 0 disables the patch; CPU 1's task calls `f` meanwhile. */
export const disableCall = patchedFunctionRace({
  name: 'disable-call',
  description: 'klp_init_transition() of a disable against klp_ftrace_handler().',
  prepare: enablePatch,
  roles: [
    { comm: 'admin', sleepingIn: [], body: disablePatch },
    { comm: 'caller', sleepingIn: [], body: callAndSleep },
  ],
  observed: 1,
  versions: ['f_a'],
  ablations: [
    { sites: [O_01], finds, why: 'the transition flag is seen before the patch state of the task' },
    { sites: [O_10], finds, why: 'the patch state is read before the transition flag' },
  ],
});
