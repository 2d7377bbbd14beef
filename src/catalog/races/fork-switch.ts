/** A fork against the switching of the parent: klp_copy_process() copies the flag together with the state, O-21. */

import { dupTaskStruct, linkChild } from '../../kernel/fork.js';
import { wakeUpState } from '../../kernel/sched.js';
import { TASK, TASK_INTERRUPTIBLE } from '../../kernel/task.js';
import { INSTRUCTION_WORDS } from '../../kernel/text.js';
import { WARN_COMPLETE_TASK_PENDING } from '../../livepatch/warn-sites.js';
import type { Cpu } from '../../memory/cpu.js';
import { O_21 } from '../../memory/sites.js';
import { raceContext, restFor, sleepHere } from '../../scenario/kernel-race.js';
import {
  attempt,
  enablePatch,
  patchedFunctionRace,
  STRAGGLER,
} from '../../scenario/patched-function.js';

/** fork(): copy the task, sleep for memory, link the child. */
function fork(cpu: Cpu): void {
  const child = dupTaskStruct(cpu);
  restFor(cpu, 1);
  linkChild(cpu, child, raceContext(cpu).symbol('caller') + INSTRUCTION_WORDS, 0);
  sleepHere(cpu);
}

/** One attempt that fails because of the straggler, which is then woken and leaves `f`: the next one will not fail. */
function attemptAndWake(cpu: Cpu): void {
  attempt(cpu);
  wakeUpState(cpu, raceContext(cpu).tasks[0] ?? 0, TASK_INTERRUPTIBLE);
}

/** CPU 0 attempts to complete the enabling; CPU 1's task forks. */
export const forkSwitch = patchedFunctionRace({
  name: 'fork-switch',
  description: 'klp_try_complete_transition() against a fork of a task that has yet to switch.',
  initialTasks: [STRAGGLER],
  // The parent sleeps in `f`: the transition waits for it.
  prepare: enablePatch,
  settle: (words, _booted, [straggler = 0]) => {
    words[straggler + TASK.phase] = 1;
  },
  roles: [
    { comm: 'admin', sleepingIn: [], body: attemptAndWake },
    { comm: 'parent', sleepingIn: ['f'], body: fork },
  ],
  observed: 1,
  versions: ['other'],
  jiffies: 600,
  ablations: [
    {
      sites: [O_21],
      finds: `WARN ${WARN_COMPLETE_TASK_PENDING.id}`,
      why: 'the parent is switched while it sleeps in fork: the child has its new state, but the old flag',
    },
  ],
});
