/** Lines of the kernel's sources that the pages of latent issues point to: 6.1.192, 6.12.117 and 7.3.4, and transition.c of 6.5. */

import type { KernelVersion } from '../../kernel/versions.js';
import type { LatentStep, Lines } from '../../scenario/latent.js';

/** Releases whose tasks switch themselves while they run. */
const WITH_HOOK: readonly KernelVersion[] = ['6.5', '6.12', '7.3'];
/** Those of them that do so in cond_resched(). */
const IN_COND_RESCHED: readonly KernelVersion[] = ['6.5', '6.12'];
/** Those that do so in __schedule(). */
const IN_SCHEDULE: readonly KernelVersion[] = ['7.3'];

type Step = Omit<LatentStep, 'file' | 'lines'>;

/** Lines of 6.12.117 in 7.3.4, where the same statements stand, by file. */
const IN_73: Readonly<Record<string, Readonly<Record<number, number>>>> = {
  'kernel/exit.c': { 200: 211, 966: 998 },
  'kernel/livepatch/core.c': { 692: 717, 758: 783, 983: 1005, 1058: 1080, 1224: 1259, 1307: 1342 },
  'kernel/livepatch/patch.c': {
    25: 25,
    31: 31,
    62: 62,
    151: 151,
    194: 194,
    206: 206,
    216: 216,
    226: 226,
  },
  'kernel/livepatch/transition.c': {
    83: 74,
    103: 94,
    184: 175,
    204: 195,
    233: 224,
    243: 234,
    265: 256,
    278: 269,
    279: 270,
    293: 284,
    314: 305,
    366: 357,
    451: 430,
    469: 448,
    513: 492,
    549: 528,
    648: 627,
    727: 706,
  },
  'kernel/trace/ftrace.c': { 3091: 3148, 3094: 3151, 8009: 8550 },
  'kernel/workqueue.c': { 4596: 4764 },
};

/** Lines of a step with that of 7.3, if the line of 6.12 is known there. */
function with73(file: string, lines: Lines): Lines {
  const found = IN_73[file]?.[lines['6.12'] ?? 0];
  return found === undefined ? lines : { ...lines, '7.3': found };
}

/** A step in transition.c, whose lines 6.5 and 6.12 share. */
export function inTransition(step: Step, line: number, line61?: number): LatentStep {
  const lines: Lines = {
    '6.5': line,
    '6.12': line,
    ...(line61 === undefined ? {} : { '6.1': line61 }),
  };
  return inFile(step, 'kernel/livepatch/transition.c', lines);
}

/** A step in patch.c, whose lines 6.1 and 6.12 share. */
export function inPatch(step: Step, line: number): LatentStep {
  return inFile(step, 'kernel/livepatch/patch.c', { '6.1': line, '6.12': line });
}

/** A step in core.c. */
export function inCore(step: Step, line61: number, line612: number): LatentStep {
  return inFile(step, 'kernel/livepatch/core.c', { '6.1': line61, '6.12': line612 });
}

/** A step in any other file. */
export function inFile(step: Step, file: string, lines: Lines = {}): LatentStep {
  return { ...step, file, lines: with73(file, lines) };
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
      { '7.3': 7135 },
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
