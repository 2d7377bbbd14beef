/** A disable against a task that leaves the kernel, comes back and calls the function: the ordering O-04. */

import { percpu, PERCPU } from '../../kernel/layout.js';
import type { Cpu } from '../../memory/cpu.js';
import { O_02, O_04 } from '../../memory/sites.js';
import {
  disablePatch,
  enablePatch,
  leaveWhenAsked,
  patchedFunctionRace,
  switchWhenAsked,
} from '../../scenario/patched-function.js';

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

/** The current task leaves the kernel as soon as it is asked to, and computes for ever: nobody else can switch it. */
function leaveAndCompute(cpu: Cpu): void {
  leaveWhenAsked(cpu);
  const irqs = percpu(cpu.ctx.kernel, cpu.id) + PERCPU.irqs;
  for (;;) {
    cpu.writeOnce(irqs, 0);
    cpu.mwait(irqs, 0);
  }
}

/** The same without the call: only what the task switches to matters. O-02, which O-04 masks. */
export const disableLeave = patchedFunctionRace({
  name: 'disable-switch-leave',
  description: '__klp_disable_patch() against klp_update_patch_state() alone.',
  prepare: enablePatch,
  roles: [
    { comm: 'admin', sleepingIn: [], body: disablePatch },
    { comm: 'caller', sleepingIn: [], body: leaveAndCompute },
  ],
  observed: 1,
  versions: ['other'],
  jiffies: 400,
  ablations: [
    {
      sites: [O_02, O_04],
      finds: 'stalled',
      why: 'the task takes the flag, but stores the target state from before the transition',
    },
  ],
});
