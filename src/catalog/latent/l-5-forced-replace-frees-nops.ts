/** L-5: a forced replace against the hook of cond_resched(). */

import type { LatentIssue } from '../../scenario/latent.js';

export const L_5: LatentIssue = {
  id: 'L-5',
  title: 'a forced replace frees its nops under the hook of cond_resched()',
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
};
