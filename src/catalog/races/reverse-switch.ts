/** A reverse against a task that is just switching in the old direction: the synchronisation O-05, with O-18. */

import { klpMutexLock, klpMutexUnlock } from '../../livepatch/object.js';
import { klpReverseTransition, klpTryCompleteTransition } from '../../livepatch/transition.js';
import type { Cpu } from '../../memory/cpu.js';
import { O_05, O_18 } from '../../memory/sites.js';
import {
  enablePatch,
  patchedFunctionRace,
  switchAndCall,
} from '../../scenario/patched-function.js';

/** What `echo 0 > enabled` does during the transition, and the next attempt to complete it. */
function reverse(cpu: Cpu): void {
  klpMutexLock(cpu);
  klpReverseTransition(cpu);
  klpTryCompleteTransition(cpu);
  klpMutexUnlock(cpu);
}

const why =
  'the task stores the old direction after the new one has begun: it is counted as switched, and sleeps in the function being removed';

/** CPU 0 reverses the enabling of the patch; CPU 1's task passes its switch point and calls `f`. */
export const reverseSwitch = patchedFunctionRace({
  name: 'reverse-switch',
  description:
    'klp_reverse_transition() against klp_update_patch_state() and a call of the function.',
  // The caller sleeps in `f`: the transition waits for it.
  prepare: enablePatch,
  roles: [
    { comm: 'admin', sleepingIn: [], body: reverse },
    { comm: 'caller', sleepingIn: ['f'], body: switchAndCall },
  ],
  observed: 1,
  versions: ['f', 'f_a'],
  jiffies: 400,
  ablations: [
    { sites: [O_05], finds: 'freed', why },
    { sites: [O_18], finds: 'freed', why },
  ],
});
