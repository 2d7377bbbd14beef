/** Ordering catalogue, O-34 to O-37: the list of the ftrace users that a patched function's site may share. */

import { O_34, O_35, O_36, O_37 } from '../../memory/sites.js';
import type { Ordering } from './entry.js';
import { LITMUS_LIST, LITMUS_LIST_FREE } from './litmus-ftrace.js';

export const FTRACE: readonly Ordering[] = [
  {
    id: O_34,
    kernel: 'add_ftrace_ops',
    file: 'kernel/ftrace.ts',
    fn: 'addFtraceOps',
    kind: 'acquire/release',
    claim: 'An ops and its link to the next are written before it becomes the first of the list.',
    partners: [O_35],
    consequence: 'consistency violation',
    maskedBy: [],
    story:
      'A tracer comes to a site that a livepatch and another tracer use. The list function finds the new ops before its link: ' +
      'the list ends there, the handler of the livepatch is not called, and the original function runs.',
    litmus: [LITMUS_LIST],
  },
  {
    id: O_35,
    kernel: '__ftrace_ops_list_func',
    file: 'kernel/ftrace-list.ts',
    fn: 'ftraceOpsListFunc',
    kind: 'acquire/release',
    claim: 'What is read of an ops is read through the pointer that was loaded from the list.',
    partners: [O_34],
    consequence: 'consistency violation',
    maskedBy: [],
    story: 'As O-34, on the reading side.',
    litmus: [LITMUS_LIST],
  },
  {
    id: O_36,
    kernel: 'ftrace_shutdown',
    file: 'kernel/ftrace.ts',
    fn: 'unregisterFtraceFunction',
    kind: 'synchronisation',
    claim: 'No CPU is at an ops in the list function any more when its owner may free it.',
    partners: [O_37],
    consequence: 'use after free',
    maskedBy: [],
    story:
      'The list function is at a tracer that has been taken off the list. The owner frees it, and the walk goes on through freed ' +
      'memory. As with O-14, but for sites that keep other users, where no text changes: the wait may not depend on that.',
    litmus: [LITMUS_LIST_FREE],
  },
  {
    id: O_37,
    kernel: '__ftrace_ops_list_func',
    file: 'kernel/ftrace-list.ts',
    fn: 'ftraceOpsListFunc',
    kind: 'preemption',
    claim:
      'The list function runs with preemption off, so that waiting for every CPU waits for it.',
    partners: [O_36],
    consequence: 'use after free',
    maskedBy: [],
    story:
      'The list function is preempted between two users; the CPU schedules, and what O-36 keeps from happening happens.',
    litmus: [LITMUS_LIST_FREE],
  },
];
