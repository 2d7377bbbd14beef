/** L-6: the attempt switches its own task under tasklist_lock, and on PREEMPT_RT that does not keep other threads off the CPU. */

import { wakeUpState } from '../../kernel/sched.js';
import { TASK, TASK_INTERRUPTIBLE } from '../../kernel/task.js';
import { asm, INSTRUCTION_WORDS } from '../../kernel/text.js';
import { KLP_PATCHED } from '../../livepatch/layout.js';
import { DEFAULT_KERNEL_VERSION, type KernelVersion } from '../../kernel/versions.js';
import type { Cpu } from '../../memory/cpu.js';
import type { Addr } from '../../memory/struct.js';
import type { BootedMachine } from '../../scenario/boot.js';
import type { PredictedFinding, RaceScenario } from '../../scenario/declare.js';
import { kernelRace, raceContext, sleepHere } from '../../scenario/kernel-race.js';
import {
  attempt,
  FATES,
  fateOf,
  loadLivepatches,
  PATCHED_FUNCTION,
  versionAt,
} from '../../scenario/patched-function.js';

const LONG = 100_000;

/** A thread that reaches the hook when it is woken: cond_resched(), or the next sleep, which is a freezable one. */
const declarationOf = (kernelVersion: KernelVersion) => ({
  ...PATCHED_FUNCTION,
  version: kernelVersion,
  vmlinux: {
    functions: [
      ...PATCHED_FUNCTION.vmlinux.functions,
      {
        name: 'rescheder',
        code: [
          asm.at('again', kernelVersion === '7.3' ? asm.sleepFreezable(LONG) : asm.sleep(LONG)),
          asm.condResched,
          asm.jump('again'),
        ],
      },
    ],
  },
  initialTasks: [{ comm: 'thread', thread: 'rescheder', sleepingIn: ['rescheder', 'f'] }],
});

/** The administrator is in `f`, and so is the thread: the enabling waits for both. */
function startEnabling(cpu: Cpu): void {
  cpu.set(cpu.current + TASK.pc, raceContext(cpu).symbol('f') + INSTRUCTION_WORDS);
  loadLivepatches(cpu, 1);
}

/** The administrator is still there; the thread, on the same CPU, is on its way to cond_resched() when it is woken. */
function settle(words: Int32Array, booted: BootedMachine, tasks: readonly Addr[]): void {
  const [thread = 0, admin = 0] = tasks;
  words[admin + TASK.pc] = booted.symbol('f') + INSTRUCTION_WORDS;
  words[thread + TASK.depth] = 0;
  words[thread + TASK.pc] = booted.symbol('rescheder') + INSTRUCTION_WORDS;
  words[thread + TASK.phase] = 1;
  words[thread + TASK.cpu] = 0;
  words[thread + TASK.pinned] = 0;
}

function wake(cpu: Cpu): void {
  wakeUpState(cpu, raceContext(cpu).tasks[0] ?? 0, TASK_INTERRUPTIBLE);
  sleepHere(cpu);
}

function selfRace(
  name: string,
  description: string,
  preemptRt: boolean,
  ablations: readonly PredictedFinding[] = [],
  kernelVersion: KernelVersion = DEFAULT_KERNEL_VERSION,
): RaceScenario {
  const onKernel = kernelRace({
    name,
    description,
    declaration: { ...declarationOf(kernelVersion), preemptRt },
    prepare: startEnabling,
    settle,
    roles: [
      { comm: 'admin', sleepingIn: [], body: attempt },
      { comm: 'waker', sleepingIn: [], body: wake },
    ],
    observe(end, { booted, tasks }) {
      const admin = tasks[1] ?? 0;
      const fate = fateOf(end, booted, admin);
      if (fate in FATES) return fate;
      const isInside = versionAt(end, booted, end.read(admin + TASK.pc)) === 'f';
      const isSwitched = end.read(admin + TASK.patchState) === KLP_PATCHED;
      return isInside && (isSwitched || fate.endsWith('complete')) ? 'switched in f' : 'refused';
    },
    outcomes: {
      ...FATES,
      refused: { grade: 'acceptable', reason: 'the administrator, who is in f, is not switched' },
      'switched in f': {
        grade: 'forbidden',
        reason: 'the administrator is switched in the function that is replaced',
      },
    },
    bounds: { steps: 20_000 },
    ablations,
  });
  return {
    ...onKernel,
    forKernel: (version) =>
      selfRace(`${name}@${version}`, description, preemptRt, ablations, version),
  };
}

/** CPU 0 attempts to complete an enabling and is in `f` itself; CPU 1 wakes a thread there that goes to cond_resched(). */
export const switchSelf = selfRace(
  'switch-self',
  'klp_try_switch_task(current) where read_lock() disables preemption, against a wake-up.',
  false,
);

/** The same on PREEMPT_RT. */
export const switchSelfRt = selfRace(
  'switch-self-rt',
  'klp_try_switch_task(current) where read_lock() does not disable preemption (PREEMPT_RT), against a wake-up.',
  true,
  [
    {
      sites: [],
      finds: 'switched in f',
      why: 'a thread writes its own stack trace into the buffer of the CPU while it is being judged',
    },
  ],
);
