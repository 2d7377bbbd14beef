/** The way out of the kernel against a reverse that prods the task: the flags are read again, O-33. */

import { exitToUserMode } from '../../kernel/entry.js';
import { percpu, PERCPU } from '../../kernel/layout.js';
import { PF_KTHREAD, TASK } from '../../kernel/task.js';
import { KLP_UNDEFINED, SIGNALS_TIMEOUT } from '../../livepatch/layout.js';
import { klpMutexLock, klpMutexUnlock } from '../../livepatch/object.js';
import {
  klpReverseTransition,
  klpTryCompleteTransition,
  klpUpdatePatchState,
} from '../../livepatch/transition.js';
import type { Cpu } from '../../memory/cpu.js';
import { O_33 } from '../../memory/sites.js';
import type { Addr } from '../../memory/struct.js';
import type { BootedMachine } from '../../scenario/boot.js';
import { kernelRace, raceContext, sleepHere } from '../../scenario/kernel-race.js';
import { enablePatch, PATCHED_FUNCTION } from '../../scenario/patched-function.js';

/** The task of CPU 1 belongs to a user process: it is prodded with a signal. */
function settle(words: Int32Array, _booted: BootedMachine, tasks: readonly Addr[]): void {
  const flags = (tasks[1] ?? 0) + TASK.flags;
  words[flags] = (words[flags] ?? 0) & ~PF_KTHREAD;
}

/** Reverse the enabling, and make an attempt that is late enough to send signals. */
function reverseAndProd(cpu: Cpu): void {
  klpMutexLock(cpu);
  klpReverseTransition(cpu);
  cpu.set(cpu.ctx.klp.signalsCnt, SIGNALS_TIMEOUT);
  klpTryCompleteTransition(cpu);
  klpMutexUnlock(cpu);
  sleepHere(cpu);
}

/** The exit loop works with interrupts enabled, and looks at the flags with interrupts disabled. */
function updateWithInterrupts(cpu: Cpu, task: Addr): void {
  const isExit = task === raceContext(cpu).tasks[1];
  if (isExit) cpu.preemptEnable();
  klpUpdatePatchState(cpu, task);
  // The rest of the work takes some time.
  const online = percpu(cpu.ctx.kernel, cpu.id) + PERCPU.online;
  for (let i = 0; isExit && i < 8; i++) cpu.readOnce(online);
  if (isExit) cpu.preemptDisable();
}

/** The current task leaves the kernel and computes in user mode for ever; every interrupt leads through the loop again. */
function leaveKernel(cpu: Cpu): void {
  const irqs = percpu(cpu.ctx.kernel, cpu.id) + PERCPU.irqs;
  for (;;) {
    cpu.preemptDisable();
    while (!exitToUserMode(cpu, cpu.current)) {
      cpu.preemptEnable();
      cpu.preemptDisable();
    }
    cpu.writeOnce(irqs, 0);
    cpu.preemptEnable();
    while (cpu.readOnce(irqs) === 0) cpu.mwait(irqs, 0);
  }
}

/** CPU 0 reverses an enabling and prods the tasks that have to switch; CPU 1's task is on its way to user mode, where it stays. */
export const exitLoop = kernelRace({
  name: 'exit-loop',
  description: 'klp_reverse_transition() and klp_send_signals() against exit_to_user_mode_loop().',
  declaration: {
    ...PATCHED_FUNCTION,
    overrides: { hooks: { klpUpdatePatchState: updateWithInterrupts } },
  },
  // The caller sleeps in `f`: the transition waits for it.
  prepare: enablePatch,
  settle,
  roles: [
    { comm: 'admin', sleepingIn: [], body: reverseAndProd },
    { comm: 'user', sleepingIn: ['f'], body: leaveKernel },
  ],
  jiffies: 400,
  observe(end, { booted, tasks }) {
    const target = end.read(booted.klp.targetState);
    if (target === KLP_UNDEFINED) return 'complete';
    return end.read((tasks[1] ?? 0) + TASK.patchState) === target ? 'switched' : 'stalled';
  },
  outcomes: {
    complete: { grade: 'acceptable', reason: 'the transition ends' },
    switched: { grade: 'acceptable', reason: 'the task has switched back' },
    stalled: {
      grade: 'forbidden',
      reason:
        'the task computes in user mode with its prod taken and its flag set: it never switches',
    },
  },
  bounds: { steps: 30_000 },
  ablations: [
    {
      sites: [O_33],
      finds: 'stalled',
      why: 'the flags set and the interrupt sent while the loop worked are not looked at again',
    },
  ],
});
