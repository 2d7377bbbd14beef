/** Kernel entry and exit: interrupts, and the loop every return to user mode goes through. */

import { O_33 } from '../memory/sites.js';
import {
  IPI_HOTPLUG,
  IPI_STOP,
  IPI_TEXT_SYNC,
  IPI_TICK,
  KERNEL,
  percpu,
  PERCPU,
} from './layout.js';
import { clearNotifySignal } from './signal.js';
import { runTimers } from './timer.js';
import {
  EXIT_TO_USER_WORK,
  TASK,
  TIF_NEED_RESCHED,
  TIF_NOTIFY_SIGNAL,
  TIF_PATCH_PENDING,
  TIF_SIGPENDING,
  TIF_STOP,
} from './task.js';
import { TRACE_USER } from './trace.js';
import type { Cpu, TaskRef } from './types.js';

/** Take the pending interrupts of this CPU.
 * @kernel sysvec_apic_timer_interrupt and friends, arch/x86/kernel/apic/apic.c (v6.1) */
export function handleIrq(cpu: Cpu): void {
  const pc = percpu(cpu.ctx.kernel, cpu.id);
  // Full ordering pairs with the barrier in sendIpi(): what the interrupt is about is visible from here.
  const pending = cpu.xchg(pc + PERCPU.ipi, 0);
  cpu.atomicAdd(pc + PERCPU.irqs, 1);
  // While the machine is switched off, this wait does not return.
  if (pending & (1 << IPI_STOP)) cpu.mwait(pc + PERCPU.ipi, 0);
  if (pending & (1 << IPI_TICK)) {
    runTimers(cpu);
    if (cpu.peek(pc + PERCPU.nrQueued) > 0) {
      cpu.setBit(cpu.current + TASK.tiFlags, TIF_NEED_RESCHED);
      cpu.set(pc + PERCPU.tickResched, 1);
    }
  }
  // The idle task answers a hotplug request.
  if (pending & (1 << IPI_HOTPLUG)) cpu.setBit(cpu.current + TASK.tiFlags, TIF_NEED_RESCHED);
  if (pending & (1 << IPI_TEXT_SYNC)) {
    const g = cpu.ctx.kernel.globals;
    cpu.syncCore();
    if (cpu.fetchAdd(g + KERNEL.textAcks, -1) === 1) cpu.kick(g + KERNEL.textAcks);
    cpu.giveWay(pc + PERCPU.ipi);
  }
}

/** Work on the thread flags once: the livepatch switch point, and the fake signal. */
function exitWork(cpu: Cpu, task: TaskRef, flags: number): void {
  if (flags & (1 << TIF_PATCH_PENDING)) cpu.ctx.hooks.klpUpdatePatchState(cpu, task);
  if (flags & (1 << TIF_NOTIFY_SIGNAL)) clearNotifySignal(cpu, task);
  if (flags & (1 << TIF_SIGPENDING)) cpu.set(task + TASK.pc, cpu.ctx.kernel.doExitText);
  else if (flags & (1 << TIF_STOP)) cpu.ctx.hooks.doSignalStop?.(cpu, task);
}

/**
 * One round of the exit-to-user loop for the current task; a reschedule that is due is left to the caller.
 *
 * @returns true when the task is back in user mode, false when another round is needed
 * @kernel exit_to_user_mode_loop, kernel/entry/common.c:143 (v6.1)
 */
export function exitToUserMode(cpu: Cpu, task: TaskRef): boolean {
  const flags = cpu.readOnce(task + TASK.tiFlags);
  if ((flags & EXIT_TO_USER_WORK) !== 0) {
    exitWork(cpu, task, flags);
    // O-33: flags set meanwhile need another look before user mode is entered.
    if (!cpu.ablates(O_33) || flags & (1 << TIF_NEED_RESCHED)) return false;
  }
  cpu.set(percpu(cpu.ctx.kernel, cpu.id) + PERCPU.rcuWatching, 0);
  cpu.trace(TRACE_USER, task);
  return true;
}
