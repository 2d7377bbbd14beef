/** A fork while a loop goes over all tasks: tasklist_lock, O-20. */

import { dupTaskStruct, linkChild } from '../../kernel/fork.js';
import type { Cpu } from '../../memory/cpu.js';
import { O_20 } from '../../memory/sites.js';
import { raceContext, sleepHere } from '../../scenario/kernel-race.js';
import { disablePatch, enablePatch, patchedFunctionRace } from '../../scenario/patched-function.js';

/** The current task forks a kernel thread and sleeps. */
function fork(cpu: Cpu): void {
  const child = dupTaskStruct(cpu);
  linkChild(cpu, child, raceContext(cpu).symbol('caller'), 0);
  sleepHere(cpu);
}

/** CPU 0 disables the patch; CPU 1's task forks. */
export const taskLoops = patchedFunctionRace({
  name: 'task-loops',
  description: 'klp_init_transition() and klp_start_transition() against copy_process().',
  prepare: enablePatch,
  roles: [
    { comm: 'admin', sleepingIn: [], body: disablePatch },
    { comm: 'parent', sleepingIn: [], body: fork },
  ],
  observed: 1,
  versions: ['other'],
  jiffies: 400,
  ablations: [
    {
      sites: [O_20],
      finds: 'data race',
      why: 'the task list is read while fork links the child into it',
    },
  ],
});
