/** A stack check against a wake-up of the task being checked: task_call_func() pins it, O-22. */

import { wakeUpState } from '../../kernel/sched.js';
import { TASK, TASK_INTERRUPTIBLE } from '../../kernel/task.js';
import type { Cpu } from '../../memory/cpu.js';
import { O_22 } from '../../memory/sites.js';
import { raceContext, sleepHere } from '../../scenario/kernel-race.js';
import {
  attempt,
  leaveFunction,
  patchedFunctionRace,
  SLEEPER,
  startDisabling,
} from '../../scenario/patched-function.js';

/** Wake the sleeper, then let it run here: it calls `f`. */
function wake(cpu: Cpu): void {
  wakeUpState(cpu, raceContext(cpu).tasks[0] ?? 0, TASK_INTERRUPTIBLE);
  sleepHere(cpu);
}

/** CPU 0 attempts to complete the disabling; CPU 1 wakes the sleeper, which then calls `f`. */
export const wakeWhileChecked = patchedFunctionRace({
  name: 'wake-while-checked',
  description: 'klp_try_complete_transition() against a wake-up of a task that calls the function.',
  initialTasks: [SLEEPER],
  prepare: startDisabling,
  settle: (words, booted, tasks) => {
    leaveFunction(words, booted, tasks);
    words[(tasks[0] ?? 0) + TASK.cpu] = 1;
    words[(tasks[0] ?? 0) + TASK.pinned] = 1;
  },
  roles: [
    { comm: 'admin', sleepingIn: [], body: attempt },
    { comm: 'waker', sleepingIn: [], body: wake },
  ],
  observed: 0,
  versions: ['f', 'f_a', 'other'],
  jiffies: 400,
  ablations: [
    {
      sites: [O_22],
      finds: 'freed',
      why: 'the task wakes after its stack was checked, and is in the function when it is counted as switched',
    },
  ],
});
