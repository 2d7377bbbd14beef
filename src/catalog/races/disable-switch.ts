/** A disable against a task that leaves the kernel, comes back and calls the function: the ordering O-04. */

import type { Cpu } from '../../memory/cpu.js';
import { O_04 } from '../../memory/sites.js';
import {
  loadLivepatches,
  patchedFunctionRace,
  switchWhenAsked,
  writeEnabled,
} from '../../scenario/patched-function.js';

function enablePatch(cpu: Cpu): void {
  loadLivepatches(cpu, 1);
}

function disablePatch(cpu: Cpu): void {
  writeEnabled(cpu, 0, '0');
}

/** CPU 0 disables the patch; CPU 1's task leaves the kernel as soon as it is asked to, and calls `f`. */
export const disableSwitch = patchedFunctionRace({
  name: 'disable-switch',
  description: '__klp_disable_patch() against klp_update_patch_state() and a call of the function.',
  prepare: enablePatch,
  roles: [
    { comm: 'admin', sleepingIn: [], body: disablePatch },
    { comm: 'caller', sleepingIn: [], body: switchWhenAsked },
  ],
  observed: 1,
  versions: ['f', 'f_a'],
  jiffies: 400,
  ablations: [
    {
      sites: [O_04],
      finds: 'freed',
      why: 'the task switches, but does not see func->transition and sleeps in the function being removed',
    },
  ],
});
