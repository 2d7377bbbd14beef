/** L-9: nothing but a printk() orders a function stack before the flags of the tasks. */

import type { LatentIssue } from '../../scenario/latent.js';
import { inCore, inFile, inPatch, inTransition } from './kernel-lines.js';

export const L_9: LatentIssue = {
  id: 'L-9',
  title: 'nothing but a printk() orders the top of a function stack before TIF_PATCH_PENDING',
  claim:
    '__klp_enable_patch() puts the new functions on their stacks and then marks the tasks, without a barrier in between as ' +
    '__klp_disable_patch() has it. What orders the two is the message of klp_start_transition(), whose record is reserved with ' +
    'a fully ordered operation (O-38). A kernel without CONFIG_PRINTK has nothing there.',
  meaning:
    'Of functions that are patched already and are patched again, since a function that is patched for the first time is hooked ' +
    'by ftrace, which synchronises all CPUs. A task that has switched runs the older function all the same. With an atomic ' +
    'replace the transition completes around it, the replaced patch goes, and its module may be unloaded while the task sleeps ' +
    'in it. The kernel memory model allows it (the litmus tests klp-stack and klp-stack-hook of O-38); releasing the head and ' +
    'taking tasklist_lock, as the code does, does not forbid it.',
  expected: 'found',
  attempts: [
    {
      kind: 'race',
      scenario: 'enable-switch',
      shows: 'freed',
      control: { scenario: 'enable-switch-fixed', what: 'with the candidate fix' },
    },
  ],
  steps: [
    inPatch(
      {
        who: 'CPU 0',
        fn: 'klp_patch_func',
        does: 'list_add_rcu() puts the new function on top of a stack that is in use; the store is still on its way',
      },
      216,
    ),
    inCore(
      {
        who: 'CPU 0',
        fn: '__klp_enable_patch',
        does: 'klp_start_transition() follows with no barrier in between',
      },
      1012,
      1058,
    ),
    inTransition(
      {
        who: 'CPU 0',
        fn: 'klp_start_transition',
        does: 'pr_notice() is empty without CONFIG_PRINTK; the task is marked, and the mark is seen first',
      },
      549,
      481,
    ),
    inTransition(
      {
        who: 'CPU 1',
        fn: 'klp_update_patch_state',
        does: 'the task leaves the kernel, takes its mark and is patched',
      },
      204,
      182,
    ),
    inPatch(
      {
        who: 'CPU 1',
        fn: 'klp_ftrace_handler',
        does: 'in its next call it reads the old head: the older function, which is not in transition, and sleeps in it',
      },
      62,
    ),
    inFile(
      {
        who: 'CPU 0',
        fn: 'klp_try_complete_transition',
        does: 'all tasks are patched: the replaced patch is taken off, and its module may go',
      },
      'kernel/livepatch/transition.c',
      { '6.1': 445, '6.5': 513, '6.12': 513 },
    ),
  ],
  fix: 'smp_wmb() in __klp_enable_patch() before klp_start_transition(), with the partners of that in __klp_disable_patch().',
  likely:
    'Nothing that we know of today. CONFIG_PRINTK can only be left out with CONFIG_EXPERT, x86 and s390 keep stores in order, and ' +
    'by their manuals arm64 orders a release before the acquire of the lock that follows, and powerpc takes the lock with a barrier ' +
    'that orders stores (read, not run). What is promised is less than what is relied on.',
};
