/** Changing kernel text under running CPUs, and the static keys built on it. */

import { handleIrq } from './entry.js';
import { cpuOnline, cpusReadLock, cpusReadUnlock } from './cpuhp.js';
import { IPI_TEXT_SYNC, KERNEL, percpu, PERCPU } from './layout.js';
import { mutexLock, mutexUnlock } from './mutex.js';
import { sendIpi, wakeUpIfIdle } from './sched.js';
import { idleTask, TASK, taskRandom, TIF_NEED_RESCHED } from './task.js';
import type { Addr, Cpu } from './types.js';

/**
 * See the changed text, and wait until every other online CPU has: each answers an interrupt. The caller holds the text
 * mutex and the hotplug lock.
 *
 * @kernel text_poke_sync, arch/x86/kernel/alternative.c:1490 (v6.1)
 */
export function textSync(cpu: Cpu): void {
  const { kernel } = cpu.ctx;
  const acks = kernel.globals + KERNEL.textAcks;
  cpu.writeOnce(acks, 0);
  cpu.roundBegins();
  for (let n = 0; n < kernel.cpus; n++) {
    if (n === cpu.id || !cpuOnline(cpu, n) || cpu.answersAsleep(n)) continue;
    cpu.fetchAdd(acks, 1);
    sendIpi(cpu, n, IPI_TEXT_SYNC);
  }
  cpu.syncCore();
  for (;;) {
    const left = cpu.loadAcquire(acks);
    if (left === 0) break;
    if (cpu.peek(percpu(kernel, cpu.id) + PERCPU.ipi) !== 0) handleIrq(cpu);
    cpu.relax(acks, left);
  }
  cpu.roundEnds();
}

/** Change one word of kernel text and make every CPU see it. The caller holds the text mutex.
 * @kernel text_poke_bp, arch/x86/kernel/alternative.c:1800 (v6.1)
 * @differs one round of interrupts stands for that of the breakpoint, another for the rest of the instruction */
export function textPoke(cpu: Cpu, addr: Addr, value: number): void {
  cpusReadLock(cpu);
  // A CPU that finds the new text has answered by then, so it also sees what the text leads to.
  textSync(cpu);
  cpu.writeOnce(addr, value);
  textSync(cpu);
  cpusReadUnlock(cpu);
}

function setKey(cpu: Cpu, key: Addr, value: number): void {
  const mutex = cpu.ctx.kernel.globals + KERNEL.ftraceLock;
  mutexLock(cpu, mutex);
  if (cpu.readOnce(key) !== value) textPoke(cpu, key, value);
  mutexUnlock(cpu, mutex);
}

/** `static_branch_enable()`: idempotent; sleeps. */
export function staticBranchEnable(cpu: Cpu, key: Addr): void {
  setKey(cpu, key, 1);
}

/** Of 1024 idle CPUs that are interrupted for one static key, so many poll: a third, as seen with 7.3. */
const POLLING = 340;

/**
 * Interrupt the idle CPUs as changing so much text does. One that polls is told by TIF_NEED_RESCHED instead, and leaves its loop;
 * among the interrupts of some thousand places there are always such.
 *
 * @kernel call_function_single_prep_ipi, kernel/sched/core.c:3826 (v6.12)
 */
export function rouseIdleCpus(cpu: Cpu, isEveryCall: boolean): void {
  const { kernel } = cpu.ctx;
  if (!kernel.idlePolls) return;
  cpusReadLock(cpu);
  for (let n = 0; n < kernel.cpus; n++) {
    if (n === cpu.id || !cpuOnline(cpu, n)) continue;
    if (!isEveryCall && taskRandom(cpu, cpu.current) % 1024 >= POLLING) continue;
    const flags = idleTask(kernel, n) + TASK.tiFlags;
    wakeUpIfIdle(cpu, n);
    // The rest of the interrupts takes longer than its way out of the loop.
    for (;;) {
      const seen = cpu.readOnce(flags);
      if ((seen & (1 << TIF_NEED_RESCHED)) === 0) break;
      if (cpu.peek(percpu(kernel, cpu.id) + PERCPU.ipi) !== 0) handleIrq(cpu);
      cpu.relax(flags, seen);
    }
  }
  cpusReadUnlock(cpu);
}

/** `static_branch_disable()`: idempotent; sleeps. */
export function staticBranchDisable(cpu: Cpu, key: Addr): void {
  setKey(cpu, key, 0);
}
