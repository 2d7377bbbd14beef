/** As rcu-task-loops, with a child that gets its side from its parent as today: no loop can keep it from doing so. */

import { KERNEL } from '../../kernel/layout.js';
import { rcuReadLock, rcuReadUnlock } from '../../kernel/rcu.js';
import { TASK } from '../../kernel/task.js';
import type { Cpu } from '../../memory/cpu.js';
import { NULL, type Addr } from '../../memory/struct.js';

/** One step of a loop over all tasks, in a read section. */
export function forEachProcessThread(cpu: Cpu, task: Addr): Addr {
  const link = task === NULL ? cpu.ctx.kernel.globals + KERNEL.taskList : task + TASK.tasksNext;
  return cpu.rcuDereference(link);
}

/** The loops are read sections, and take no lock. */
export function tasklistReadLock(cpu: Cpu): void {
  rcuReadLock(cpu);
}

/** The end of a read section. */
export function tasklistReadUnlock(cpu: Cpu): void {
  rcuReadUnlock(cpu);
}
