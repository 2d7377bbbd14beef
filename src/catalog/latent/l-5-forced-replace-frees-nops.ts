/** L-5: a forced replace against the hook of cond_resched(). */

import type { LatentIssue } from '../../scenario/latent.js';
import { inCore, inTransition, NO_HOOK, reachesHook } from './kernel-lines.js';

export const L_5: LatentIssue = {
  id: 'L-5',
  title: 'a forced replace frees its nops under the switch hook',
  claim:
    'Forcing takes the flag of a thread that is in the hook, and counts it as switched; the completion of the replace frees ' +
    'nops and the objects that only hold nops, while the hook still walks the lists they are in.',
  meaning:
    'Freed memory is followed: a crash. It needs a replaced patch with an object for a module that is not loaded and that ' +
    'the new patch does not name: for functions that are patched, unregistering their nops waits for the hook (O-14). ' +
    'The candidate fix waits once after forcing.',
  expected: 'found',
  attempts: [
    {
      kind: 'race',
      scenario: 'force-hook',
      shows: 'oops',
      control: { scenario: 'force-hook-fixed', what: 'with a wait for hooks after forcing' },
    },
  ],
  absent: { '6.1': NO_HOOK },
  steps: [
    ...reachesHook('CPU 1'),
    inTransition(
      {
        who: 'CPU 1',
        fn: 'klp_check_stack',
        does: 'walks the objects of the replacing patch, the one that only holds nops too',
      },
      278,
    ),
    inTransition(
      {
        who: 'CPU 0',
        fn: 'klp_force_transition',
        does: 'takes the flag of the thread, which counts as switched',
      },
      727,
    ),
    inTransition(
      {
        who: 'CPU 0',
        fn: 'klp_complete_transition',
        does: 'all tasks are in the target state: klp_discard_nops()',
      },
      103,
    ),
    inCore(
      {
        who: 'CPU 0',
        fn: '__klp_free_objects',
        does: 'kobject_put() frees the object with the nops; CPU 1 follows its links',
      },
      659,
      692,
    ),
  ],
  fix: 'klp_force_transition() ends with klp_synchronize_transition(): hooks that are under way are outlived, later ones find no flag.',
  likely:
    'An atomic replace that is forced, an older patch with an object for a module that is not loaded and that the new patch ' +
    'does not name, and a marked task in its hook at that moment. Forcing is rare, and done when a task is stuck, so when hooks run often.',
};
