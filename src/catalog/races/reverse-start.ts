/** A reverse against a task that switches as soon as it is asked to: the ordering O-06. */

import { klpMutexLock, klpMutexUnlock } from '../../livepatch/object.js';
import { klpReverseTransition } from '../../livepatch/transition.js';
import type { Cpu } from '../../memory/cpu.js';
import { O_06 } from '../../memory/sites.js';
import {
  enablePatch,
  leaveFunction,
  patchedFunctionRace,
  STRAGGLER,
  switchWhenAsked,
} from '../../scenario/patched-function.js';

function reverse(cpu: Cpu): void {
  klpMutexLock(cpu);
  klpReverseTransition(cpu);
  klpMutexUnlock(cpu);
}

/** CPU 0 reverses the enabling of the patch; CPU 1's task, which has switched already, switches back. */
export const reverseStart = patchedFunctionRace({
  name: 'reverse-start',
  description:
    'klp_reverse_transition() against klp_update_patch_state() of a task that had already switched.',
  initialTasks: [STRAGGLER],
  // The straggler sleeps in `f`: the transition waits for it after the caller has switched.
  prepare: enablePatch,
  roles: [
    { comm: 'admin', sleepingIn: [], body: reverse },
    { comm: 'caller', sleepingIn: [], body: switchWhenAsked },
  ],
  settle: leaveFunction,
  observed: 2,
  versions: ['f', 'f_a'],
  ablations: [
    {
      sites: [O_06],
      finds: 'stalled',
      why: 'the task switches to the old direction, where it is already, and loses TIF_PATCH_PENDING',
    },
  ],
});
