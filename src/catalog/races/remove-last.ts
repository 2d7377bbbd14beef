/** The last function leaves its stack: the handler is unregistered first, and waited for, O-14 with O-17. */

import { O_14, O_17 } from '../../memory/sites.js';
import {
  attempt,
  callAndSleep,
  leaveFunction,
  patchedFunctionRace,
  SLEEPER,
  startDisabling,
} from '../../scenario/patched-function.js';

/** WARN site 33: the handler finds its function stack empty. */
const finds = 'WARN 33';

/** CPU 0 completes the disabling of the only patch; CPU 1's task, which has switched, calls `f`. */
export const removeLast = patchedFunctionRace({
  name: 'remove-last',
  description: 'klp_unpatch_func() of the last function of a stack against klp_ftrace_handler().',
  initialTasks: [SLEEPER],
  prepare: startDisabling,
  settle: leaveFunction,
  roles: [
    { comm: 'admin', sleepingIn: [], body: attempt },
    { comm: 'caller', sleepingIn: [], body: callAndSleep },
  ],
  observed: 2,
  versions: ['f'],
  ablations: [
    { sites: [O_14], finds, why: 'the stack becomes empty while a handler looks at it' },
    {
      sites: [O_17],
      finds: 'freed',
      why: 'unregistering does not wait for a handler that can be preempted',
    },
  ],
});
