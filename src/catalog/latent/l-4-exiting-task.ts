/** L-4: tasks that have left the task list; the same as R-29. */

import type { LatentIssue } from '../../scenario/latent.js';
import { exitThroughPatch } from '../history/r-29-exit-code-freed.js';
import { inCore, inFile, inTransition } from './kernel-lines.js';

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
      run: (_seed, version) => ({ findings: exitThroughPatch('before', version), searched: 1 }),
    },
  ],
  steps: [
    inFile(
      {
        who: 'task',
        fn: '__exit_signal',
        does: '__unhash_process(): the task leaves the task list, and still executes do_exit() of the livepatch',
      },
      'kernel/exit.c',
      { '6.1': 198, '6.12': 200 },
    ),
    inTransition(
      {
        who: 'worker',
        fn: 'klp_try_complete_transition',
        does: 'for_each_process_thread() does not see the task: all others have switched',
      },
      451,
      384,
    ),
    inCore(
      {
        who: 'worker',
        fn: 'klp_free_patch_async',
        does: 'the reference on the module is dropped, and rmmod frees its text',
      },
      725,
      758,
    ),
    inFile({ who: 'task', fn: 'do_exit', does: 'returns into freed text' }, 'kernel/exit.c', {
      '6.1': 899,
      '6.12': 966,
    }),
  ],
  fix:
    'Count tasks between unhashing and their last schedule, and keep the reference on the module until the count was zero ' +
    'once after the transition (the proof of concept on the list waits for delayed_put_task_struct()).',
  likely:
    'A livepatch for do_exit() or something that it calls late, many short-lived processes, and an exit that sleeps or is ' +
    'preempted after unhashing. It was reported to the list in January 2025.',
};
