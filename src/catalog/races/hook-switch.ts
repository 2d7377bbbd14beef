/** The cond_resched() hook against the administrator: O-08, and O-23 with O-05. */

import type { KernelVersion } from '../../kernel/versions.js';
import { TASK, TIF_PATCH_PENDING } from '../../kernel/task.js';
import { __klpSchedTrySwitch } from '../../livepatch/transition.js';
import type { Cpu } from '../../memory/cpu.js';
import { O_05, O_08, O_23, O_32 } from '../../memory/sites.js';
import type { PredictedFinding, RaceScenario } from '../../scenario/declare.js';
import { kernelRace, sleepHere } from '../../scenario/kernel-race.js';
import {
  attempt,
  callAndSleep,
  disablePatch,
  enablePatch,
  leaveFunction,
  PATCHED_FUNCTION,
  patchedFunctionRace,
  reachHook,
  STRAGGLER,
} from '../../scenario/patched-function.js';

/** The current thread reaches cond_resched() once it is asked to switch, and then calls `f`. */
function reschedWhenAsked(cpu: Cpu): void {
  const flags = cpu.current + TASK.tiFlags;
  for (;;) {
    const seen = cpu.readOnce(flags);
    if ((seen & (1 << TIF_PATCH_PENDING)) !== 0) break;
    cpu.relax(flags, seen);
  }
  reschedAndCall(cpu);
}

/** The current thread reaches cond_resched(), and then calls `f`. */
function reschedAndCall(cpu: Cpu): void {
  reachHook(cpu);
  callAndSleep(cpu);
}

/** CPU 0 disables the patch; CPU 1's thread switches itself in cond_resched() and calls `f`. */
export const hookDisable = patchedFunctionRace({
  name: 'hook-switch-disable',
  description: '__klp_disable_patch() against __klp_sched_try_switch() and a call of the function.',
  prepare: enablePatch,
  roles: [
    { comm: 'admin', sleepingIn: [], body: disablePatch },
    { comm: 'thread', sleepingIn: [], body: reschedWhenAsked },
  ],
  observed: 1,
  versions: ['f', 'f_a'],
  jiffies: 400,
  ablations: [
    {
      sites: [O_08],
      finds: 'oops',
      why: 'the hook sees the flag, but the transition patch from before the transition: a null pointer',
    },
  ],
});

/** CPU 0 reverses an enabling; CPU 1's thread, which is marked, is in cond_resched(). */
export const hookReverse = patchedFunctionRace({
  name: 'hook-switch-reverse',
  description:
    'klp_reverse_transition() against __klp_sched_try_switch() and a call of the function.',
  initialTasks: [STRAGGLER],
  prepare: enablePatch,
  roles: [
    { comm: 'admin', sleepingIn: [], body: disablePatch },
    { comm: 'thread', sleepingIn: ['f'], body: reschedAndCall },
  ],
  settle: leaveFunction,
  observed: 2,
  versions: ['f', 'f_a'],
  jiffies: 400,
  ablations: [
    {
      sites: [O_05],
      finds: 'stalled',
      why: 'the hook read the old direction and stores it after the reverse has looked at the thread',
    },
    {
      sites: [O_23],
      finds: 'stalled',
      why: 'the hook is preempted between its check and its stores, and the reverse does not wait for it',
    },
  ],
});

/** CPU 0 attempts to complete an enabling; CPU 1's thread checks its own stack in cond_resched(). */
export const hookAttempt = patchedFunctionRace({
  name: 'hook-switch-attempt',
  description: 'klp_try_complete_transition() against __klp_sched_try_switch().',
  initialTasks: [STRAGGLER],
  prepare: enablePatch,
  roles: [
    { comm: 'admin', sleepingIn: [], body: attempt },
    { comm: 'thread', sleepingIn: ['f'], body: reschedAndCall },
  ],
  observed: 2,
  versions: ['f', 'f_a'],
  jiffies: 400,
  ablations: [
    {
      sites: [O_32],
      finds: 'data race',
      why: 'two CPUs write stack traces into one buffer',
    },
  ],
});

/** Event of a hook call during which klp_target_state changed: what it was, and what it is. */
const TRACE_FLIPPED = 1002;

/** The current thread is in cond_resched(); the direction must not change as long as the hook looks at it. */
function watchDirection(cpu: Cpu): void {
  const { targetState } = cpu.ctx.klp;
  cpu.preemptDisable();
  if (cpu.testBit(cpu.current + TASK.tiFlags, TIF_PATCH_PENDING)) {
    cpu.smpRmb();
    const before = cpu.read(targetState);
    __klpSchedTrySwitch(cpu);
    const after = cpu.read(targetState);
    if (before !== after) cpu.trace(TRACE_FLIPPED, before, after);
  }
  cpu.preemptEnable();
  sleepHere(cpu);
}

function flipRace(
  name: string,
  version: KernelVersion,
  ablations: readonly PredictedFinding[],
): RaceScenario {
  return kernelRace({
    name,
    description: `klp_reverse_transition() (${version}) against klp_target_state under __klp_sched_try_switch().`,
    declaration: { ...PATCHED_FUNCTION, initialTasks: [STRAGGLER], version },
    prepare: enablePatch,
    roles: [
      { comm: 'admin', sleepingIn: [], body: disablePatch },
      { comm: 'thread', sleepingIn: ['f'], body: watchDirection },
    ],
    settle: leaveFunction,
    observe: ({ events }) =>
      events.some(({ event }) => event === TRACE_FLIPPED) ? 'flipped' : 'stable',
    outcomes: {
      stable: { grade: 'acceptable', reason: 'every hook call saw one direction' },
      flipped: {
        grade: 'forbidden',
        reason:
          'one hook call can look for some functions of the one and some of the other direction',
      },
    },
    bounds: { steps: 20_000 },
    ablations,
  });
}

/** CPU 0 reverses an enabling; CPU 1's thread is in cond_resched(). */
export const hookFlip = flipRace('hook-switch-flip', '6.5', []);

/** The same with the order of 6.1, as in the second version of the change that added the hook. */
export const hookFlipEarly = flipRace('hook-switch-flip-early', '6.1', [
  {
    sites: [],
    finds: 'flipped',
    why: 'the direction is flipped before hooks that are under way have been waited for',
  },
]);
