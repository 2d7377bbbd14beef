/** L-3: synchronising without memory. */

import { WARN_HANDLER_UNDEFINED } from '../../livepatch/warn-sites.js';
import type { LatentIssue } from '../../scenario/latent.js';
import { inFile, inTransition } from './kernel-lines.js';

export const L_3: LatentIssue = {
  id: 'L-3',
  title: 'klp_synchronize_transition() ignores that schedule_on_each_cpu() has no memory',
  claim:
    'schedule_on_each_cpu() allocates its work items and can return -ENOMEM. The return value is ignored: what O-05, O-15 ' +
    'and O-16 promise is then not so.',
  meaning:
    'Everything that the removal of those three sites shows happens with nothing removed: a task sleeps in a function whose ' +
    'module is freed. The allocation is a small one that today never fails in process context, short of fault injection or ' +
    'of a killed caller.',
  expected: 'found',
  attempts: [
    {
      kind: 'race',
      scenario: 'no-memory-reverse',
      shows: 'freed',
      control: { scenario: 'reverse-switch', what: 'with memory' },
    },
    {
      kind: 'race',
      scenario: 'no-memory-unpatched',
      shows: 'freed',
      control: { scenario: 'complete-unpatched', what: 'with memory' },
    },
    {
      kind: 'race',
      scenario: 'no-memory-patched',
      shows: `WARN ${WARN_HANDLER_UNDEFINED.id}`,
      control: { scenario: 'complete-patched', what: 'with memory' },
    },
  ],
  steps: [
    inTransition(
      {
        who: 'CPU 0',
        fn: 'klp_synchronize_transition',
        does: 'what schedule_on_each_cpu() returns is not looked at',
      },
      83,
      61,
    ),
    inFile(
      {
        who: 'CPU 0',
        fn: 'schedule_on_each_cpu',
        does: 'alloc_percpu() fails: -ENOMEM, no CPU has run anything',
      },
      'kernel/workqueue.c',
      { '6.1': 3328, '6.12': 4596 },
    ),
    inTransition(
      {
        who: 'CPU 1',
        fn: 'klp_update_patch_state',
        does: 'is between its read of klp_target_state and its store of patch_state, and is not waited for',
      },
      184,
      162,
    ),
  ],
  fix:
    'Allocate the work items once, when livepatch is initialised (klp_mutex makes them exclusive), or retry until it works: ' +
    'the callers cannot go on without the wait.',
  likely:
    'Only fault injection (fail_page_alloc) or memory pressure in which a small GFP_KERNEL allocation fails: today it ' +
    'would rather call the OOM killer, and a killed administrator may be the one that fails.',
};
