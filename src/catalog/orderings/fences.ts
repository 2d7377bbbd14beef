/** Ordering catalogue, O-01 to O-12: the fences, the flag's read-modify-write, and the publication of functions. */

import {
  O_01,
  O_02,
  O_03,
  O_04,
  O_05,
  O_06,
  O_07,
  O_08,
  O_09,
  O_10,
  O_11,
  O_12,
  O_18,
  O_23,
} from '../../memory/sites.js';
import type { Ordering } from './entry.js';
import {
  LITMUS_DISABLE,
  LITMUS_DISABLE_HOOK,
  LITMUS_ENABLE,
  LITMUS_ENABLE_STATE,
  LITMUS_PUBLISH,
  LITMUS_REVERSE,
  LITMUS_STATE,
  LITMUS_TARGET,
  LITMUS_TARGET_HOOK,
} from './litmus-fences.js';
import { LITMUS_REVERSE_SYNC } from './litmus-waiting.js';

export const FENCES: readonly Ordering[] = [
  {
    id: O_01,
    kernel: 'klp_init_transition',
    file: 'livepatch/transition.ts',
    fn: 'klpInitTransition',
    kind: 'fence',
    claim: 'The patch_state of every task is initialised before any func->transition is set.',
    partners: [O_10],
    consequence: 'WARN',
    maskedBy: [],
    story:
      'In a disable the function is on top of its stack already. Its transition flag becomes visible before the ' +
      'patch_state of a task: the handler sees KLP_UNDEFINED and warns; the new function that it then takes happens to be ' +
      'right. In an enable the function is only reached through the publication, so O-03 or O-12 (with O-09) hide it; ' +
      'with all of them gone the task runs new code although it has not switched.',
    litmus: [LITMUS_STATE, LITMUS_ENABLE_STATE],
  },
  {
    id: O_02,
    kernel: 'klp_init_transition',
    file: 'livepatch/transition.ts',
    fn: 'klpInitTransition',
    kind: 'fence',
    claim:
      'klp_target_state is set before any TIF_PATCH_PENDING: the second job of the fence O-01.',
    partners: [O_07, O_08],
    consequence: 'stall',
    maskedBy: [[O_03], [O_04]],
    story:
      'A task finds its flag, takes it, and copies a target state from before the transition: it has neither switched nor ' +
      'is it marked any more. Every path sets the flag behind a later fence (O-03 in an enable, O-04 in a disable, O-06 in ' +
      'a reverse), so this fence alone is not missed.',
    litmus: [LITMUS_TARGET, LITMUS_TARGET_HOOK],
  },
  {
    id: O_03,
    kernel: '__klp_enable_patch',
    file: 'livepatch/core.ts',
    fn: '__klpEnablePatch',
    kind: 'fence',
    claim: 'func->transition is set before the function is published on its stack.',
    partners: [O_09, O_11],
    consequence: 'consistency violation',
    maskedBy: [[O_12]],
    story:
      'A handler finds the new function and reads a transition flag of 0: a task that has not switched runs the new ' +
      'function, silently. list_add_rcu() publishes with a release store (O-12), which gives the same order.',
    litmus: [LITMUS_ENABLE, LITMUS_ENABLE_STATE],
  },
  {
    id: O_04,
    kernel: '__klp_disable_patch',
    file: 'livepatch/core.ts',
    fn: '__klpDisablePatch',
    kind: 'fence',
    claim: 'func->transition is set before any task is marked with TIF_PATCH_PENDING.',
    partners: [O_07, O_08],
    consequence: 'use after free',
    maskedBy: [],
    story:
      'A task leaves the kernel and sees its flag before the transition flag: it switches to unpatched, enters the kernel ' +
      'again, and the handler, reading a transition flag of 0, sends it into the new function, where it sleeps. Its state ' +
      'is the target state, so no attempt looks at its stack: the transition completes, the module is freed, and the task ' +
      'wakes up in freed memory.',
    litmus: [LITMUS_DISABLE, LITMUS_DISABLE_HOOK, LITMUS_TARGET, LITMUS_TARGET_HOOK],
  },
  {
    id: O_05,
    kernel: 'klp_reverse_transition',
    file: 'livepatch/transition.ts',
    fn: 'klpReverseTransition',
    kind: 'synchronisation',
    claim:
      'All flags are cleared and every switch under way has ended before klp_target_state is flipped.',
    partners: [O_18, O_23],
    consequence: 'use after free',
    maskedBy: [],
    story:
      'A task took its flag and read the old target state, and is held up before it stores it. The reverse flips the ' +
      'target state, finds the task on the right side, and does not mark it. The late store moves the task to the wrong ' +
      'side: the transition stalls, or, when the attempt had looked before, completes and frees code that the task runs.',
    litmus: [LITMUS_REVERSE_SYNC],
  },
  {
    id: O_06,
    kernel: 'klp_reverse_transition',
    file: 'livepatch/transition.ts',
    fn: 'klpReverseTransition',
    kind: 'fence',
    claim: 'klp_target_state is flipped before any task is marked again.',
    partners: [O_07, O_08],
    consequence: 'stall',
    maskedBy: [],
    story:
      'A task takes the new flag and copies the old target state, which is the side it is on: it has not switched and is ' +
      'not marked any more. On the way out of the kernel it never will; a task that never sleeps stalls the transition.',
    litmus: [LITMUS_REVERSE],
  },
  {
    id: O_07,
    kernel: 'klp_update_patch_state',
    file: 'livepatch/transition.ts',
    fn: 'klpUpdatePatchState',
    kind: 'read-modify-write',
    claim:
      'The flag is read before klp_target_state (job 1), and before func->transition in a later call (job 2).',
    partners: [O_02, O_04, O_06],
    consequence: 'stall',
    maskedBy: [],
    story:
      'Job 1: the target state is read early, before the flag: the task stores KLP_UNDEFINED or the old direction. Job 2: ' +
      'the transition flag is read early, and the task runs the function that goes.',
    litmus: [LITMUS_TARGET, LITMUS_REVERSE, LITMUS_DISABLE],
    remark:
      'Job 2 is masked by O-09: the smp_rmb() at the head of every handler stands between the flag and func->transition ' +
      'too. Only job 1 depends on this site alone.',
  },
  {
    id: O_08,
    kernel: '__klp_sched_try_switch',
    file: 'livepatch/transition.ts',
    fn: '__klpSchedTrySwitch',
    kind: 'fence',
    claim:
      'The flag is read before klp_target_state, which decides what is looked for on the stack.',
    partners: [O_02, O_04, O_06],
    consequence: 'stall',
    maskedBy: [],
    story:
      'The hook sees the flag and a target state from before the transition: the wrong set of functions is checked, or the ' +
      'old direction is stored.',
    litmus: [LITMUS_TARGET_HOOK, LITMUS_DISABLE_HOOK],
    remark:
      'Its second job, the flag before func->transition in a later call, is masked by O-09, as for O-07.',
  },
  {
    id: O_09,
    kernel: 'klp_ftrace_handler',
    file: 'livepatch/patch.ts',
    fn: 'klpFtraceHandler',
    kind: 'fence',
    claim: 'The head of the stack is read before func->transition and all that follows.',
    partners: [O_03],
    consequence: 'consistency violation',
    maskedBy: [[O_11]],
    story:
      'As O-03, on the reading side. The transition flag is read through the pointer that was loaded, so the address ' +
      'dependency (O-11) gives the same order.',
    litmus: [LITMUS_ENABLE, LITMUS_ENABLE_STATE, LITMUS_DISABLE],
  },
  {
    id: O_10,
    kernel: 'klp_ftrace_handler',
    file: 'livepatch/patch.ts',
    fn: 'klpFtraceHandler',
    kind: 'fence',
    claim: 'func->transition is read before the patch_state of the current task.',
    partners: [O_01],
    consequence: 'WARN',
    maskedBy: [],
    story:
      'A branch does not order loads: the patch_state may be read before the transition flag that makes it matter. In a ' +
      'disable the handler then sees KLP_UNDEFINED and warns. In an enable O-09 hides it.',
    litmus: [LITMUS_STATE, LITMUS_ENABLE_STATE],
  },
  {
    id: O_11,
    kernel: 'klp_ftrace_handler',
    file: 'livepatch/patch.ts',
    fn: 'klpFtraceHandler',
    kind: 'acquire/release',
    claim: 'What is read of a function is read through the pointer that was loaded from the head.',
    partners: [O_12],
    consequence: 'consistency violation',
    maskedBy: [[O_09]],
    story:
      'Without the dependency a new function could be seen with fields from before it was initialised. The fence O-09 ' +
      'follows the load at once and orders the same reads.',
    litmus: [LITMUS_ENABLE, LITMUS_PUBLISH],
  },
  {
    id: O_12,
    kernel: 'klp_patch_func',
    file: 'livepatch/patch.ts',
    fn: 'klpPatchFunc',
    kind: 'acquire/release',
    claim:
      "The function's fields and its link to the older one are written before it is published.",
    partners: [O_11],
    consequence: 'consistency violation',
    maskedBy: [],
    story:
      'klp_init_func() links the entry to itself. If the head becomes visible before the link, a task that has not ' +
      'switched follows the link to the same entry and runs the new function.',
    litmus: [LITMUS_PUBLISH, LITMUS_ENABLE, LITMUS_ENABLE_STATE],
  },
];
