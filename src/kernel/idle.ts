/** The idle task: waits for interrupts, looks for work, and has a switch point of its own. */

import { handleIrq } from './entry.js';
import { idleHotplug } from './cpuhp.js';
import { percpu, PERCPU } from './layout.js';
import { newidleBalance, scheduleNext } from './sched.js';
import { TASK, TIF_NEED_RESCHED, TIF_PATCH_PENDING } from './task.js';
import type { Cpu } from './types.js';

/**
 * Run the idle task until another task is current, or once through its outer loop.
 *
 * @kernel do_idle, kernel/sched/idle.c:253 (v6.1)
 */
export function runIdle(cpu: Cpu): void {
  const idle = cpu.current;
  const pc = percpu(cpu.ctx.kernel, cpu.id);
  // The idle switch point stands after schedule_idle() has come back to the idle task.
  if (cpu.testBit(idle + TASK.tiFlags, TIF_PATCH_PENDING)) {
    cpu.ctx.hooks.klpUpdatePatchState(cpu, idle);
  }
  cpu.set(pc + PERCPU.rcuWatching, 0);
  while (!cpu.testBit(idle + TASK.tiFlags, TIF_NEED_RESCHED)) {
    idleHotplug(cpu);
    if (cpu.peek(pc + PERCPU.ipi) !== 0) handleIrq(cpu);
    else if (newidleBalance(cpu)) break;
    else if (!cpu.testBit(idle + TASK.tiFlags, TIF_NEED_RESCHED)) cpu.mwait(pc + PERCPU.ipi, 0);
  }
  cpu.set(pc + PERCPU.rcuWatching, 1);
  scheduleNext(cpu, false);
}
