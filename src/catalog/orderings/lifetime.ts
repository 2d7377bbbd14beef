/** Ordering catalogue, O-29 to O-32: the end of patches and shadow variables, and the trace buffer. */

import { O_23, O_24, O_29, O_30, O_31, O_32 } from '../../memory/sites.js';
import type { Ordering } from './entry.js';
import { LITMUS_FREE, LITMUS_SHADOW } from './litmus-lifetime.js';

export const LIFETIME: readonly Ordering[] = [
  {
    id: O_29,
    kernel: 'klp_free_patch_finish',
    file: 'livepatch/core-free.ts',
    fn: 'klpFreePatchFinish',
    kind: 'order of statements',
    claim: 'The kobject of a patch is released before the reference on its module is dropped.',
    partners: [O_24],
    consequence: 'use after free',
    maskedBy: [],
    story:
      'The module, in whose memory the patch lives, is unloaded while a sysfs access still uses the patch, or while its ' +
      'kobject is still to be released.',
    litmus: [LITMUS_FREE],
  },
  {
    id: O_30,
    kernel: '__klp_shadow_get_or_alloc, klp_shadow_free_struct',
    file: 'livepatch/shadow.ts',
    fn: '__klpShadowGetOrAlloc',
    kind: 'acquire/release',
    claim:
      'The constructor runs before a shadow variable can be found, and its memory outlives every reader that found it.',
    partners: [O_30],
    consequence: 'use after free',
    maskedBy: [],
    story:
      'A reader finds the variable before its constructor has run and uses what is there; or it stands on an entry that is ' +
      'freed under it.',
    litmus: [LITMUS_SHADOW],
  },
  {
    id: O_31,
    kernel: 'klp_complete_transition',
    file: 'livepatch/transition.ts',
    fn: 'klpCompleteTransition',
    kind: 'order of statements',
    claim: 'Replaced patches stay listed until the post_patch callbacks have run.',
    partners: [O_24],
    consequence: 'consistency violation',
    maskedBy: [],
    story:
      'In its post_patch callback the new patch asks for the state that its predecessor left, and finds none: the data that ' +
      'belongs to it is lost or allocated twice.',
    litmus: [],
  },
  {
    id: O_32,
    kernel: 'klp_check_stack',
    file: 'livepatch/transition.ts',
    fn: 'stackEntries',
    kind: 'preemption',
    claim: 'Each CPU walks stacks into a buffer of its own, and nothing else runs on it meanwhile.',
    partners: [O_23],
    consequence: 'consistency violation',
    maskedBy: [],
    story:
      'Two CPUs write their traces into one buffer: the stack that is judged is partly that of another task, and a task is ' +
      'switched inside a function that goes.',
    litmus: [],
  },
];
