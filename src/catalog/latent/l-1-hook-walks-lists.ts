/** L-1: the hook of cond_resched() against modules that come and go. */

import type { LatentIssue } from '../../scenario/latent.js';

export const L_1: LatentIssue = {
  id: 'L-1',
  title: 'the hook of cond_resched() walks lists that a coming or going module changes',
  claim:
    '__klp_sched_try_switch() walks the objects of the transition patch, the plain list klp_ops and the function stacks ' +
    'without klp_mutex. klp_module_coming() and klp_module_going() change them during a transition, and free a klp_ops ' +
    'without a grace period.',
  meaning:
    'A null pointer or freed memory is followed: a crash. It needs a target module that is loaded or unloaded while a ' +
    'transition is under way, and a marked kernel thread in cond_resched(). The candidate fix (a count of modules in flux, ' +
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
};
