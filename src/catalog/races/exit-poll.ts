/** A disable against a task that passes the exit to user mode again and again: the flag before the target state, O-07. */

import { WARN_HANDLER_UNDEFINED } from '../../livepatch/warn-sites.js';
import { klpUpdatePatchState } from '../../livepatch/transition.js';
import type { Cpu } from '../../memory/cpu.js';
import { O_07 } from '../../memory/sites.js';
import {
  callAndSleep,
  disablePatch,
  enablePatch,
  patchedFunctionRace,
} from '../../scenario/patched-function.js';

/** Passes of the switch point; not a wait, which would end with a view of everything before the flag. */
const PASSES = 60;

function passAndCall(cpu: Cpu): void {
  for (let i = 0; i < PASSES; i++) klpUpdatePatchState(cpu, cpu.current);
  callAndSleep(cpu);
}

/** CPU 0 disables the patch; CPU 1's task switches when it happens to see the flag, and calls `f`. */
export const exitPoll = patchedFunctionRace({
  name: 'exit-poll',
  description: '__klp_disable_patch() against klp_update_patch_state() at every exit to user mode.',
  prepare: enablePatch,
  roles: [
    { comm: 'admin', sleepingIn: [], body: disablePatch },
    { comm: 'caller', sleepingIn: [], body: passAndCall },
  ],
  observed: 1,
  versions: ['f', 'f_a'],
  jiffies: 400,
  ablations: [
    {
      sites: [O_07],
      finds: `WARN ${WARN_HANDLER_UNDEFINED.id}`,
      why: 'the task takes the flag, but stores the target state from before the transition',
    },
  ],
});
