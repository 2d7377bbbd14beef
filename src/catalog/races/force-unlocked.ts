/** forcing a transition without klp_mutex, as before 4.16, against its completion. */

import type { Cpu } from '../../memory/cpu.js';
import { klpForceTransition } from '../../livepatch/transition.js';
import { klpSysfsWrite, FORCE } from '../../livepatch/core-sysfs.js';
import { KLP_PATCH } from '../../livepatch/layout.js';
import {
  attempt,
  enablePatch,
  leaveFunction,
  patchedFunctionRace,
  patchOf,
  STRAGGLER,
} from '../../scenario/patched-function.js';

/** force_store() before 4.16: looks whether the patch is in transition, and forces it, without the mutex. */
function forceWithoutMutex(cpu: Cpu): void {
  if (cpu.read(cpu.ctx.klp.transitionPatch) === patchOf(cpu, 0)) klpForceTransition(cpu);
}

/** `echo 1 > force`. */
function forceToday(cpu: Cpu): void {
  klpSysfsWrite(cpu, patchOf(cpu, 0) + KLP_PATCH.kobj, FORCE, '1');
}

/** CPU 0 completes an enabling; CPU 1 forces it without taking the mutex. */
export const forceUnlocked = patchedFunctionRace({
  name: 'force-unlocked',
  description: 'klp_force_transition() of before 4.16, without klp_mutex, against the completion.',
  initialTasks: [STRAGGLER],
  prepare: enablePatch,
  settle: leaveFunction,
  roles: [
    { comm: 'admin', sleepingIn: [], body: attempt },
    { comm: 'forcer', sleepingIn: [], body: forceWithoutMutex },
  ],
  observed: 2,
  versions: ['other'],
  ablations: [],
});

/** CPU 0 completes an enabling; CPU 1 forces it. */
export const forceLocked = patchedFunctionRace({
  name: 'force-unlocked-today',
  description: 'force_store() against the completion.',
  initialTasks: [STRAGGLER],
  prepare: enablePatch,
  settle: leaveFunction,
  roles: [
    { comm: 'admin', sleepingIn: [], body: attempt },
    { comm: 'forcer', sleepingIn: [], body: forceToday },
  ],
  observed: 2,
  versions: ['other'],
  ablations: [],
});
