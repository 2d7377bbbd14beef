/** fork and exit: a task enters and leaves the task list under tasklist_lock. */

import { KERNEL } from './layout.js';
import { writeLock, writeUnlock } from './rwlock.js';
import { activateTask } from './sched.js';
import {
  allocTask,
  linkTask,
  PF_EXITING,
  TASK,
  TASK_NEW,
  taskRandom,
  TIF_NEED_RESCHED,
  TIF_NOTIFY_SIGNAL,
  unlinkTask,
} from './task.js';
import { TRACE_FORK, TRACE_UNHASH } from './trace.js';
import { NULL, type Addr, type Cpu, type TaskRef } from './types.js';

/** Initialise the words of a new task that do not come from its parent. */
function setupTask(cpu: Cpu, child: TaskRef, flags: number, seed: number): void {
  const generation = cpu.get(child + TASK.generation);
  for (let i = 0; i < TASK.size; i++) {
    // Another CPU may still look at this entry because of its lock; the lock word is free by now.
    if (i !== TASK.piLock) cpu.set(child + i, 0);
  }
  cpu.set(child + TASK.generation, generation + 1);
  cpu.writeOnce(child + TASK.state, TASK_NEW);
  cpu.set(child + TASK.flags, flags & ~PF_EXITING);
  cpu.set(child + TASK.pinned, -1);
  cpu.set(child + TASK.context, -1);
  cpu.writeOnce(child + TASK.cpu, cpu.id);
  cpu.set(child + TASK.rng, seed | 1);
}

/**
 * First half of fork: allocate the child and copy the parent's thread flags and patch_state, long before the child
 * becomes visible. The parent may sleep and be switched in between.
 *
 * @returns the child, `NULL` when the task table is full
 * @kernel dup_task_struct, kernel/fork.c:971 (v6.1)
 */
export function dupTaskStruct(cpu: Cpu): TaskRef {
  const parent = cpu.current;
  const child = allocTask(cpu);
  if (child === NULL) return NULL;
  setupTask(cpu, child, cpu.get(parent + TASK.flags), taskRandom(cpu, parent));
  const flags = cpu.readOnce(parent + TASK.tiFlags);
  cpu.writeOnce(
    child + TASK.tiFlags,
    flags & ~((1 << TIF_NEED_RESCHED) | (1 << TIF_NOTIFY_SIGNAL)),
  );
  cpu.write(child + TASK.patchState, cpu.read(parent + TASK.patchState));
  cpu.set(child + TASK.comm, cpu.get(parent + TASK.comm));
  return child;
}

/**
 * Second half of fork: link the child into the task list and make it runnable, in user mode at `userPc`, or in kernel
 * mode at `pc` when `userPc` is 0.
 *
 * @kernel copy_process, kernel/fork.c:2390 (v6.1)
 */
export function linkChild(cpu: Cpu, child: TaskRef, pc: Addr, userPc: Addr): void {
  const globals = cpu.ctx.kernel.globals;
  cpu.set(child + TASK.pc, pc);
  cpu.set(child + TASK.userPc, userPc);
  cpu.set(child + TASK.userMode, userPc === 0 ? 0 : 1);
  writeLock(cpu, globals + KERNEL.tasklistLock);
  const pid = cpu.get(globals + KERNEL.lastPid) + 1;
  cpu.set(globals + KERNEL.lastPid, pid);
  cpu.set(child + TASK.pid, pid);
  cpu.ctx.hooks.klpCopyProcess(cpu, child);
  linkTask(cpu, child);
  writeUnlock(cpu, globals + KERNEL.tasklistLock);
  cpu.trace(TRACE_FORK, cpu.current, child);
  cpu.spinLock(child + TASK.piLock);
  activateTask(cpu, child);
  cpu.spinUnlock(child + TASK.piLock);
}

/** Leave the task list; the task goes on running its way out.
 * @kernel __unhash_process, kernel/exit.c:120 (v6.1) */
export function unhashProcess(cpu: Cpu): void {
  const globals = cpu.ctx.kernel.globals;
  const { current } = cpu;
  cpu.set(current + TASK.flags, cpu.get(current + TASK.flags) | PF_EXITING);
  writeLock(cpu, globals + KERNEL.tasklistLock);
  unlinkTask(cpu, current);
  writeUnlock(cpu, globals + KERNEL.tasklistLock);
  cpu.trace(TRACE_UNHASH, current);
}
