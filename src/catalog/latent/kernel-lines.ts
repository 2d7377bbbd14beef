/** Lines of the kernel's sources that the pages of latent issues point to: 6.1.192 and 6.12.117, and transition.c of 6.5. */

import type { KernelVersion } from '../../kernel/versions.js';
import type { LatentStep, Lines } from '../../scenario/latent.js';

/** Releases whose tasks switch themselves while they run. */
const WITH_HOOK: readonly KernelVersion[] = ['6.5', '6.12', '7.3'];
/** Those of them that do so in cond_resched(). */
const IN_COND_RESCHED: readonly KernelVersion[] = ['6.5', '6.12'];
/** Those that do so in __schedule(). */
const IN_SCHEDULE: readonly KernelVersion[] = ['7.3'];

type Step = Omit<LatentStep, 'file' | 'lines'>;

/** A step in transition.c, whose lines 6.5 and 6.12 share. */
export function inTransition(step: Step, line: number, line61?: number): LatentStep {
  const lines: Lines = {
    '6.5': line,
    '6.12': line,
    ...(line61 === undefined ? {} : { '6.1': line61 }),
  };
  return { ...step, file: 'kernel/livepatch/transition.c', lines };
}

/** A step in patch.c, whose lines 6.1 and 6.12 share. */
export function inPatch(step: Step, line: number): LatentStep {
  return { ...step, file: 'kernel/livepatch/patch.c', lines: { '6.1': line, '6.12': line } };
}

/** A step in core.c. */
export function inCore(step: Step, line61: number, line612: number): LatentStep {
  return { ...step, file: 'kernel/livepatch/core.c', lines: { '6.1': line61, '6.12': line612 } };
}

/** A step in any other file. */
export function inFile(step: Step, file: string, lines: Lines = {}): LatentStep {
  return { ...step, file, lines };
}

/** Where the thread comes to its hook, in the releases that have one. */
export function reachesHook(who: string): readonly LatentStep[] {
  return [
    inFile(
      {
        who,
        fn: '__cond_resched',
        does: 'a thread that TIF_PATCH_PENDING is set for offers to be preempted',
        only: IN_COND_RESCHED,
      },
      'kernel/sched/core.c',
      { '6.12': 7287 },
    ),
    inFile(
      {
        who,
        fn: '__schedule',
        does: 'a task that TIF_PATCH_PENDING is set for is about to sleep where it can be frozen',
        only: IN_SCHEDULE,
      },
      'kernel/sched/core.c',
    ),
    inTransition(
      {
        who,
        fn: '__klp_sched_try_switch',
        does: 'preemption is off; klp_mutex is not taken',
        only: WITH_HOOK,
      },
      366,
    ),
  ];
}

/** Why an issue of the hook is not in 6.1. */
export const NO_HOOK = '6.1 has no hook: only the attempt, under klp_mutex, looks at stacks';
