/** L-3: synchronising without memory. */

import { WARN_HANDLER_UNDEFINED } from '../../livepatch/warn-sites.js';
import type { LatentIssue } from '../../scenario/latent.js';

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
};
