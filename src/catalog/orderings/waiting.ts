/** Ordering catalogue, O-13 to O-19: removal from the stacks, and waiting for handlers. */

import { O_05, O_13, O_14, O_15, O_16, O_17, O_18, O_19 } from '../../memory/sites.js';
import type { Ordering } from './entry.js';
import {
  LITMUS_COMPLETE,
  LITMUS_REMOVE,
  LITMUS_REVERSE_SYNC,
  LITMUS_UNREGISTER,
} from './litmus-waiting.js';

export const WAITING: readonly Ordering[] = [
  {
    id: O_13,
    kernel: 'klp_unpatch_func',
    file: 'livepatch/patch.ts',
    fn: 'klpUnpatchFunc',
    kind: 'order of statements',
    claim: 'A removed entry keeps its link to the older one while handlers may hold it.',
    partners: [O_17],
    consequence: 'use after free',
    maskedBy: [],
    story:
      'A handler loaded the entry before it was removed and wants the older version: with a plain list_del() the link is ' +
      'poison, and following it faults.',
    litmus: [],
  },
  {
    id: O_14,
    kernel: 'klp_unpatch_func',
    file: 'livepatch/patch.ts',
    fn: 'removeOps',
    kind: 'synchronisation',
    claim:
      'The ftrace handler is unregistered, and its last call has returned, before the stack becomes empty and its ops is freed.',
    partners: [O_17],
    consequence: 'use after free',
    maskedBy: [],
    story:
      'A handler that is under way finds an empty stack, which warns, or reads an ops that has been freed.',
    litmus: [LITMUS_UNREGISTER],
  },
  {
    id: O_15,
    kernel: 'klp_complete_transition',
    file: 'livepatch/transition.ts',
    fn: 'klpCompleteTransition',
    kind: 'synchronisation',
    claim:
      'Every handler that may hold a removed function has returned before func->transition is cleared and the patch is freed.',
    partners: [O_17],
    consequence: 'use after free',
    maskedBy: [[O_14]],
    story:
      'A handler loaded the function that is being removed and is held up; the transition flag is cleared; the handler ' +
      'goes on, reads 0 and jumps to the removed function although its task is unpatched. Its module is freed next. When ' +
      'the function was alone on its stack, unregistering (O-14) has waited already.',
    litmus: [LITMUS_REMOVE],
  },
  {
    id: O_16,
    kernel: 'klp_complete_transition',
    file: 'livepatch/transition.ts',
    fn: 'klpCompleteTransition',
    kind: 'synchronisation',
    claim:
      'Every handler that saw func->transition set has returned before the patch_state of tasks becomes KLP_UNDEFINED.',
    partners: [O_17],
    consequence: 'WARN',
    maskedBy: [],
    story:
      'A handler read the transition flag as set and is held up; its patch_state is reset; it reads KLP_UNDEFINED and ' +
      'warns. The function it takes is still the right one.',
    litmus: [LITMUS_COMPLETE],
  },
  {
    id: O_17,
    kernel: 'klp_ftrace_handler',
    file: 'livepatch/patch.ts',
    fn: 'klpFtraceHandler',
    kind: 'preemption',
    claim:
      'A handler runs with preemption off from beginning to end, so that waiting for every CPU waits for it.',
    partners: [O_05, O_14, O_15, O_16],
    consequence: 'use after free',
    maskedBy: [],
    story:
      'The handler is preempted in the middle; the CPU schedules, the synchronisation is satisfied, and everything that ' +
      'O-14, O-15 and O-16 keep from happening happens.',
    litmus: [LITMUS_REMOVE, LITMUS_COMPLETE, LITMUS_UNREGISTER],
  },
  {
    id: O_18,
    kernel: 'klp_update_patch_state',
    file: 'livepatch/transition.ts',
    fn: 'klpUpdatePatchState',
    kind: 'preemption',
    claim: 'Taking the flag and storing the target state happen with preemption off.',
    partners: [O_05],
    consequence: 'use after free',
    maskedBy: [],
    story:
      'The task is preempted between reading the old target state and storing it; the reverse does not wait for it. As O-05.',
    litmus: [LITMUS_REVERSE_SYNC],
  },
  {
    id: O_19,
    kernel: 'klp_synchronize_transition',
    file: 'livepatch/transition.ts',
    fn: 'klpSynchronizeTransition',
    kind: 'synchronisation',
    claim:
      'Waiting means a pass of every CPU through its scheduler, which also covers code that RCU does not watch.',
    partners: [O_17],
    consequence: 'use after free',
    maskedBy: [],
    story:
      'With synchronize_rcu() a handler in the idle loop or in early entry code is not waited for, since RCU does not watch ' +
      'that CPU. As O-15 and O-16 for that handler.',
    litmus: [],
    remark:
      'Removing it puts synchronize_rcu() in its place, for O-05, O-15 and O-16 alike: CPUs that RCU does not watch are left out.',
  },
];
