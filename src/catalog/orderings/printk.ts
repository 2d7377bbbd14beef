/** Ordering catalogue, O-38: the barrier that the kernel has by printing. */

import { O_07, O_08, O_38 } from '../../memory/sites.js';
import type { Ordering } from './entry.js';
import { LITMUS_STACK, LITMUS_STACK_HOOK } from './litmus-printk.js';

export const PRINTK: readonly Ordering[] = [
  {
    id: O_38,
    kernel: 'desc_reserve',
    file: 'kernel/printk.ts',
    fn: 'printk',
    kind: 'fence',
    claim:
      'A new function is on top of its stack before any task is marked: klp_start_transition() prints in between.',
    partners: [O_07, O_08],
    consequence: 'use after free',
    maskedBy: [],
    story:
      'A patch takes the place of another. A task sees its flag, switches, and calls a function whose stack still shows it the ' +
      'older one on top, which is not in transition: it sleeps there. It counts as switched, so the transition completes, the ' +
      'replaced patch goes, and its module may be unloaded under the task.',
    litmus: [LITMUS_STACK, LITMUS_STACK_HOOK],
    remark:
      'No part of live patching asks for it: a kernel without CONFIG_PRINTK has no barrier there (L-9). Where there is one it ' +
      'also stands in for O-04 and O-06, and for O-02: races have no CONFIG_PRINTK, so that each site answers for itself.',
  },
];
