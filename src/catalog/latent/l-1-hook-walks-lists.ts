/** L-1: the hook of cond_resched() against modules that come and go. */

import type { LatentIssue } from '../../scenario/latent.js';
import { inCore, inPatch, inTransition, NO_HOOK, reachesHook } from './kernel-lines.js';

export const L_1: LatentIssue = {
  id: 'L-1',
  title: 'the switch hook walks lists that a coming or going module changes',
  claim:
    '__klp_sched_try_switch() walks the objects of the transition patch, the plain list klp_ops and the function stacks ' +
    'without klp_mutex. klp_module_coming() and klp_module_going() change them during a transition, and free a klp_ops ' +
    'without a grace period.',
  meaning:
    'A null pointer or freed memory is followed: a crash. It needs a target module that is loaded or unloaded while a ' +
    'transition is under way, and a marked task in the hook. The candidate fix (a count of modules in flux, ' +
    'which the hook looks at, and a grace period before anything changes) is clean; it needs its grace period ' +
    '(hook-module-no-grace) and its release (hook-module-no-release). Its acquire is not needed as long as the smp_rmb() ' +
    'of the hook follows (O-08, hook-module-no-acquire). A grace period alone is not needed for a module that goes: ' +
    'unregistering its functions waits as well (O-14).',
  expected: 'found',
  attempts: [
    {
      kind: 'race',
      scenario: 'hook-module-going',
      shows: 'oops',
      control: { scenario: 'hook-module-going-fixed', what: 'with the candidate fix' },
    },
    {
      kind: 'race',
      scenario: 'hook-module-coming',
      shows: 'oops',
      control: { scenario: 'hook-module-coming-fixed', what: 'with the candidate fix' },
    },
  ],
  absent: { '6.1': NO_HOOK },
  steps: [
    ...reachesHook('CPU 1'),
    inTransition(
      {
        who: 'CPU 1',
        fn: 'klp_check_stack',
        does: 'obj->patched of the object for the module is still true: its functions are looked for',
      },
      279,
    ),
    inCore(
      {
        who: 'CPU 0',
        fn: 'klp_cleanup_module_patches_limited',
        does: 'the module goes while the transition is under way, under klp_mutex',
      },
      1178,
      1224,
    ),
    inPatch(
      {
        who: 'CPU 0',
        fn: 'klp_unpatch_func',
        does: 'the klp_ops leaves the list and is freed, with no grace period; obj->patched is cleared later',
      },
      151,
    ),
    inTransition(
      {
        who: 'CPU 1',
        fn: 'klp_check_stack_func',
        does: 'klp_find_ops() finds nothing, and list_is_singular(&ops->func_stack) follows a null pointer; or it is on the freed entry',
      },
      233,
    ),
    inPatch(
      {
        who: 'or, when a module comes, CPU 0',
        fn: 'klp_patch_func',
        does: 'list_add() has put the klp_ops on the list, and INIT_LIST_HEAD(&ops->func_stack) is still to come',
      },
      194,
    ),
    inPatch(
      {
        who: 'CPU 1',
        fn: 'klp_find_ops',
        does: 'the first entry of a stack that is not initialised is a null pointer',
      },
      31,
    ),
  ],
  fix:
    'A count of modules in flux: klp_module_coming() and klp_module_going() raise it, wait for a grace period ' +
    '(synchronize_rcu(): the hook runs with preemption disabled), change the lists and lower it with release; ' +
    '__klp_sched_try_switch() returns when it is not zero, read with acquire. A task that is refused there has its other ' +
    'switch points.',
  likely: (version) =>
    version === '7.3'
      ? 'The hook has moved, and the issue with it: it is reached by every freezable sleep of a marked task, which is how many ' +
        'system calls sleep, instead of by threads in cond_resched(). A transition that lasts (one task that does not switch) ' +
        'and modprobe -r of a module that the patch names are what it takes; the window is some instructions wide.'
      : 'A transition that lasts, a kernel thread that calls cond_resched() all the time (it is tried 250 to 500 times a ' +
        'second), and a module that the patch names which is loaded or unloaded meanwhile. The window is some instructions wide.',
};
