/** L-8: a refused ftrace_ops is freed although the list function may be at it. */

import type { LatentIssue } from '../../scenario/latent.js';
import { inFile, inPatch } from './kernel-lines.js';

const FTRACE_C = 'kernel/trace/ftrace.c';

export const L_8: LatentIssue = {
  id: 'L-8',
  title: 'ftrace_startup() takes a refused ops off the list without waiting for who is at it',
  claim:
    'Registering puts the ops on the list of all users first and looks for conflicts of IPMODIFY afterwards. When there is one, ' +
    'the ops is taken off again and -EBUSY returned, without the wait that unregistering has; klp_patch_func() then frees it.',
  meaning:
    'A CPU that is in the list function at that time follows the freed ops, or calls klp_ftrace_handler() on it. It needs a site ' +
    'whose users include one that changes the instruction pointer (a kprobe with a post handler) and another tracer.',
  expected: 'found',
  attempts: [
    {
      kind: 'race',
      scenario: 'ftrace-refused',
      shows: 'oops',
      control: {
        scenario: 'ftrace-refused-alone',
        what: 'with no other tracer, so that nobody walks the list',
      },
    },
  ],
  steps: [
    inPatch(
      { who: 'CPU 0', fn: 'klp_patch_func', does: 'registers a new klp_ops for the function' },
      206,
    ),
    inFile(
      {
        who: 'CPU 0',
        fn: 'ftrace_startup',
        does: 'the ops is on ftrace_ops_list already when the other IPMODIFY user is found',
      },
      FTRACE_C,
      { '6.1': 3000, '6.12': 3091 },
    ),
    inFile(
      {
        who: 'CPU 1',
        fn: '__ftrace_ops_list_func',
        does: 'a task calls a traced function: the walk comes to the new ops',
      },
      FTRACE_C,
      { '6.1': 7629, '6.12': 8009 },
    ),
    inFile(
      {
        who: 'CPU 0',
        fn: 'ftrace_startup',
        does: 'takes it off the list and returns -EBUSY at once',
      },
      FTRACE_C,
      { '6.1': 3003, '6.12': 3094 },
    ),
    inPatch({ who: 'CPU 0', fn: 'klp_patch_func', does: 'kfree(ops)' }, 226),
    inFile(
      { who: 'CPU 1', fn: '__ftrace_ops_list_func', does: 'reads ops->next of freed memory' },
      FTRACE_C,
      { '6.1': 7629, '6.12': 8009 },
    ),
  ],
  fix: 'Look for conflicts before the ops is put on the list, or wait in the failing path as ftrace_shutdown() does for dynamic ops.',
  likely:
    'Loading a livepatch for a function that a kprobe with a post handler has, while a tracer is there as well and the function is ' +
    'called all the time. The list need not be that of this function: the list function of any traced function walks all users.',
};
