/** L-4: tasks that have left the task list; the same as R-29. */

import type { LatentIssue } from '../../scenario/latent.js';
import { R_29 } from '../history/r-29-exit-code-freed.js';

export const L_4: LatentIssue = {
  id: 'L-4',
  title: 'tasks that are being released are in no loop',
  claim:
    'An exiting task leaves the task list while it still executes do_exit(): no loop over tasks sees it any more, and a ' +
    'transition completes without it.',
  meaning:
    'This is the open report R-29: the module of a livepatch for do_exit() is unloaded under the task. The advice upstream is ' +
    'not to patch do_exit(). `klp-smp history R-29` shows a candidate fix.',
  expected: 'found',
  attempts: [
    {
      kind: 'script',
      what: 'a task exits through a livepatched do_exit(), whose patch is disabled and unloaded meanwhile',
      unit: 'sequences',
      run: () => ({ findings: R_29.run('before'), searched: 1 }),
    },
  ],
};
