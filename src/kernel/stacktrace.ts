/** Reliable stack traces of tasks that cannot run meanwhile. */

import { EINVAL } from './errno.js';
import { isIdleTask, stackOf, TASK } from './task.js';
import type { Addr, Cpu, TaskRef } from './types.js';

/** Whether the architecture has reliable stack traces. */
export function haveReliableStack(cpu: Cpu): boolean {
  return cpu.ctx.kernel.reliableStacks;
}

/**
 * Store the return addresses of a task, newest first.
 *
 * @param store where the addresses go, `size` words
 * @returns their number, or -EINVAL when the stack is unreliable or would fill the buffer
 * @kernel stack_trace_save_tsk_reliable, kernel/stacktrace.c:207 (v6.1)
 */
export function stackTraceSaveTskReliable(
  cpu: Cpu,
  task: TaskRef,
  store: Addr,
  size: number,
): number {
  return cpu.ctx.kernel.archStackWalkReliable(cpu, task, store, size);
}

/**
 * The unwinder behind {@link stackTraceSaveTskReliable}. The address at which the task left the CPU counts, as for a
 * task that called schedule() or was interrupted.
 *
 * @kernel arch_stack_walk_reliable, arch/x86/kernel/stacktrace.c:32 (v6.1)
 */
export function archStackWalkReliable(cpu: Cpu, task: TaskRef, store: Addr, size: number): number {
  if (isIdleTask(cpu.ctx.kernel, task) || cpu.get(task + TASK.userMode) !== 0) return 0;
  if (cpu.get(task + TASK.unreliable) !== 0) return -EINVAL;
  const depth = cpu.get(task + TASK.depth);
  if (depth + 1 >= size) return -EINVAL;
  cpu.set(store, cpu.get(task + TASK.pc));
  for (let i = 0; i < depth; i++) {
    const address = cpu.get(stackOf(task) + depth - 1 - i);
    if (address === 0) return -EINVAL;
    cpu.set(store + 1 + i, address);
  }
  return depth + 1;
}
