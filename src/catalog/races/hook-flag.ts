/** Whether the first read of TIF_PATCH_PENDING in the hook is more than a fast path: O-08 with O-02, O-04 and O-06. */

import type { KernelHooks } from '../../kernel/hooks.js';
import { TASK, TIF_PATCH_PENDING } from '../../kernel/task.js';
import type { KernelVersion } from '../../kernel/versions.js';
import { __klpSchedTrySwitch, klpTrySwitchTask } from '../../livepatch/transition.js';
import type { Cpu } from '../../memory/cpu.js';
import { O_08, O_23 } from '../../memory/sites.js';
import type { PredictedFinding, RaceScenario } from '../../scenario/declare.js';
import { kernelRace } from '../../scenario/kernel-race.js';
import {
  allowed,
  callAndSleep,
  disablePatch,
  enablePatch,
  fateOf,
  PATCHED_FUNCTION,
} from '../../scenario/patched-function.js';

const isMarked = (cpu: Cpu): boolean => cpu.testBit(cpu.current + TASK.tiFlags, TIF_PATCH_PENDING);

/** The hook of 6.5 without its first test: only the one with preemption disabled is left. */
function hookWithoutFirst(cpu: Cpu): void {
  cpu.preemptDisable(O_23);
  if (isMarked(cpu)) {
    cpu.smpRmb(O_08);
    klpTrySwitchTask(cpu, cpu.current);
  }
  cpu.preemptEnable(O_23);
}

/** The hook of 7.3 as if its test were a mere fast path that needs no order: the fence stands before it. */
function hookWithLateFlag(cpu: Cpu): void {
  cpu.smpRmb(O_08);
  if (isMarked(cpu)) klpTrySwitchTask(cpu, cpu.current);
}

/** Times that the thread comes to the hook. */
const CALLS = 16;

/** The current thread comes to the hook again and again, marked or not, and then calls `f`. It does not look at the flag itself. */
function meetHook(cpu: Cpu): void {
  const isInSchedule = cpu.ctx.kernel.facts.switchHook === 'schedule';
  for (let i = 0; i < CALLS; i++) {
    if (isInSchedule) cpu.preemptDisable(O_23);
    cpu.ctx.hooks.__klpSchedTrySwitch(cpu);
    if (isInSchedule) cpu.preemptEnable(O_23);
  }
  callAndSleep(cpu);
}

function flagRace(
  name: string,
  description: string,
  version: KernelVersion,
  hook: KernelHooks['__klpSchedTrySwitch'],
  ablations: readonly PredictedFinding[],
): RaceScenario {
  return kernelRace({
    name,
    description,
    declaration: {
      ...PATCHED_FUNCTION,
      version,
      overrides: { hooks: { __klpSchedTrySwitch: hook } },
    },
    prepare: enablePatch,
    roles: [
      { comm: 'admin', sleepingIn: [], body: disablePatch },
      { comm: 'thread', sleepingIn: [], body: meetHook },
    ],
    jiffies: 400,
    observe: (end, { booted, tasks }) => fateOf(end, booted, tasks[1] ?? 0),
    outcomes: allowed('f', 'f_a'),
    bounds: { steps: 20_000 },
    ablations,
  });
}

const late = (why: string): readonly PredictedFinding[] => [{ sites: [O_08], finds: 'oops', why }];

/** 7.3 as it is: one read of the flag, ordered by the fence behind it. */
export const hookFlagOnce = flagRace(
  'hook-flag-once',
  '__klp_disable_patch() against the hook of 7.3, which reads the flag once.',
  '7.3',
  __klpSchedTrySwitch,
  late('the flag is seen and the transition patch of before it: the one read is no fast path'),
);

/** 6.5 without the first read: nothing is lost. */
export const hookFlagSecond = flagRace(
  'hook-flag-second',
  '__klp_disable_patch() against the hook of 6.5 without its first read of the flag.',
  '6.5',
  hookWithoutFirst,
  late('the second read is the one that the fence orders'),
);

/** 7.3 with the flag behind the fence. */
export const hookFlagLate = flagRace(
  'hook-flag-late',
  'hook-flag-once with the flag read behind the fence, as if it were a mere fast path.',
  '7.3',
  hookWithLateFlag,
  [{ sites: [], finds: 'oops', why: 'nothing orders the flag before what it stands for' }],
);
