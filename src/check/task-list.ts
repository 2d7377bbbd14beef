/** The checks' own look at the task list: under tasklist_lock, but outside the simulated kernel. */

import { KERNEL } from '../kernel/layout.js';
import { RWLOCK } from '../kernel/rwlock.js';
import { idleTask, TASK } from '../kernel/task.js';
import type { KernelContext } from '../kernel/context.js';
import { MACHINE, MACHINE_BASE } from '../memory/local.js';
import { MachineStopped } from '../memory/fault.js';
import type { Addr } from '../memory/struct.js';

const WRITER = 0x10000;

/** Take tasklist_lock for reading, as the kernel's own readers do. */
function lockTasklist(words: Int32Array, lock: Addr): void {
  for (;;) {
    if (Atomics.load(words, lock + RWLOCK.waiting) === 0) {
      if (Atomics.add(words, lock + RWLOCK.count, 1) + 1 < WRITER) return;
      Atomics.sub(words, lock + RWLOCK.count, 1);
    }
    const count = Atomics.load(words, lock + RWLOCK.count);
    Atomics.wait(words, lock + RWLOCK.count, count, 1);
    if (Atomics.load(words, MACHINE_BASE + MACHINE.stop) !== 0) throw new MachineStopped();
  }
}

function unlockTasklist(words: Int32Array, lock: Addr): void {
  Atomics.sub(words, lock + RWLOCK.count, 1);
  Atomics.notify(words, lock + RWLOCK.count);
}

/** Whether nobody is in the middle of changing the task list. */
export function isListStable(words: Int32Array, kernel: KernelContext): boolean {
  return (words[kernel.globals + KERNEL.tasklistLock + RWLOCK.count] ?? 0) < WRITER;
}

/** All listed tasks and all idle tasks, without any lock: while {@link isListStable}, and nobody else runs. */
export function listTasksNow(words: Int32Array, kernel: KernelContext): Addr[] {
  const tasks: Addr[] = [];
  let task = words[kernel.globals + KERNEL.taskList] ?? 0;
  while (task !== 0 && tasks.length <= kernel.taskCount) {
    tasks.push(task);
    task = words[task + TASK.tasksNext] ?? 0;
  }
  for (let n = 0; n < kernel.cpus; n++) tasks.push(idleTask(kernel, n));
  return tasks;
}

/** All listed tasks and all idle tasks, as of one moment. Tasks may leave the list right after. */
export function listTasks(words: Int32Array, kernel: KernelContext): Addr[] {
  const lock = kernel.globals + KERNEL.tasklistLock;
  lockTasklist(words, lock);
  const tasks = listTasksNow(words, kernel);
  unlockTasklist(words, lock);
  return tasks;
}
