/** Ordering catalogue, O-20 to O-28 and O-33: task loops, fork, pinning, idle tasks, force, exit to user mode. */

import {
  O_05,
  O_20,
  O_21,
  O_22,
  O_23,
  O_24,
  O_25,
  O_26,
  O_27,
  O_28,
  O_33,
} from '../../memory/sites.js';
import type { Ordering } from './entry.js';
import { LITMUS_ALIVE, LITMUS_FORK, LITMUS_HOTPLUG, LITMUS_PIN } from './litmus-tasks.js';

export const TASKS: readonly Ordering[] = [
  {
    id: O_20,
    kernel: 'klp_init_transition, klp_start_transition, klp_try_complete_transition, …',
    file: 'livepatch/transition.ts',
    fn: 'tasklistReadLock',
    kind: 'lock',
    claim: 'No task appears on the task list or leaves it while a loop over all tasks runs.',
    partners: [O_21],
    consequence: 'stall',
    maskedBy: [],
    story:
      'A loop passes the place where a child is about to appear, and the child copied its state from its parent before the ' +
      'loop: it stays without a patch state, or without a mark.',
    litmus: [LITMUS_FORK],
  },
  {
    id: O_21,
    kernel: 'klp_copy_process',
    file: 'livepatch/transition.ts',
    fn: 'klpCopyProcess',
    kind: 'order of statements',
    claim:
      'A child gets its flag and its state from its parent together, under tasklist_lock, right before it becomes visible.',
    partners: [O_20],
    consequence: 'stall',
    maskedBy: [],
    story:
      'The flag was copied when fork began; the parent was switched while it slept in fork; the state is copied at the end. ' +
      'The child is on the right side with a flag nobody clears, which warns at completion; or, after a reverse, on the ' +
      'wrong side without a flag, which stalls.',
    litmus: [],
  },
  {
    id: O_22,
    kernel: 'task_call_func',
    file: 'kernel/sched.ts',
    fn: 'taskCallFunc',
    kind: 'lock',
    claim:
      'A task that is being checked can neither start nor stop running until its state is stored.',
    partners: [O_23],
    consequence: 'consistency violation',
    maskedBy: [],
    story:
      "A sleeping task's stack is found clean; the task wakes up and calls the old function; only now its state is stored. " +
      'It runs the old function as a patched task; in a disable, code that is freed next.',
    litmus: [LITMUS_PIN],
  },
  {
    id: O_23,
    kernel: '__klp_sched_try_switch',
    file: 'livepatch/transition.ts',
    fn: '__klpSchedTrySwitch',
    kind: 'preemption',
    claim:
      'The hook runs with preemption off and looks at the flag again, so that nobody else switches the task meanwhile.',
    partners: [O_22, O_05],
    consequence: 'use after free',
    maskedBy: [],
    story:
      'The hook is preempted between its check and its stores; a reverse does not wait for it, and the late store moves the ' +
      'task to the old direction. As O-05 for a thread that the hook switches.',
    litmus: [],
  },
  {
    id: O_24,
    kernel: 'klp_mutex',
    file: 'livepatch/object.ts',
    fn: 'klpMutexLock',
    kind: 'lock',
    claim: 'One operation at a time on patches and transitions.',
    partners: [O_24],
    consequence: 'use after free',
    maskedBy: [],
    story: 'Two transitions run at once, or one completes while another operation works on it.',
    litmus: [],
  },
  {
    id: O_25,
    kernel: 'klp_find_object_module',
    file: 'livepatch/core-init.ts',
    fn: 'klpFindObjectModule',
    kind: 'lock',
    claim:
      'A new patch takes a module for loaded only between its coming and its going hook, which run under klp_mutex.',
    partners: [O_25],
    consequence: 'use after free',
    maskedBy: [],
    story:
      'A module is on its way in and its hook has not run: a new patch finds it by name and patches it first; the hook then ' +
      'puts the older patches on top, or fails. On the way out: the new patch patches code that is unmapped next.',
    litmus: [LITMUS_ALIVE],
  },
  {
    id: O_26,
    kernel: 'klp_try_complete_transition',
    file: 'livepatch/transition.ts',
    fn: 'trySwitchIdleTasks',
    kind: 'order of statements',
    claim: 'After marking, an idle CPU is prodded, so that its loop reaches its switch point.',
    partners: [O_26],
    consequence: 'stall',
    maskedBy: [],
    story:
      'The idle task of a CPU without work runs, so it cannot be switched from outside, and it never comes to its own ' +
      'switch point: the transition never ends.',
    litmus: [],
  },
  {
    id: O_27,
    kernel: 'klp_try_complete_transition',
    file: 'livepatch/transition.ts',
    fn: 'trySwitchIdleTasks',
    kind: 'lock',
    claim:
      'No CPU comes online between the test that it is offline and the direct store to its idle task.',
    partners: [O_22],
    consequence: 'consistency violation',
    maskedBy: [],
    story:
      'The CPU comes online in between, and its idle task calls the old function: it is switched while it runs it.',
    litmus: [LITMUS_HOTPLUG],
  },
  {
    id: O_28,
    kernel: 'klp_force_transition',
    file: 'livepatch/transition.ts',
    fn: 'klpForceTransition',
    kind: 'order of statements',
    claim:
      'Force breaks the rule on purpose, and therefore keeps the modules of the patches that go for ever.',
    partners: [O_24],
    consequence: 'use after free',
    maskedBy: [],
    story:
      'A task is switched in the middle of an old function and calls a new one next, which is what the administrator asked ' +
      'for. When it sleeps in a function that goes, nothing will ever know that it has left: without the mark the module is ' +
      'unloaded under it.',
    litmus: [],
  },
  {
    id: O_33,
    kernel: 'exit_to_user_mode_loop',
    file: 'kernel/entry.ts',
    fn: 'exitToUserMode',
    kind: 'order of statements',
    claim: 'The flags are read again before user mode is entered, until none is set.',
    partners: [O_26],
    consequence: 'stall',
    maskedBy: [],
    story:
      'While the loop works with interrupts enabled, a reverse sets the flag again and prods the task. The interrupt is taken ' +
      'in the kernel, the flags are not looked at again, and the task computes in user mode: its signal is pending, so no ' +
      'later attempt interrupts it. A flag that is set without a prod waits for the next entry in any case.',
    litmus: [],
  },
];
