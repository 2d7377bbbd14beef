/** The checks' own look at the task list: under tasklist_lock, but outside the simulated kernel. */

import { KERNEL } from '../kernel/layout.js';
import { RWLOCK } from '../kernel/rwlock.js';
import { idleTask, TASK } from '../kernel/task.js';
import type { KernelContext } from '../kernel/context.js';
import { MACHINE, MACHINE_BASE } from '../memory/local.js';
import { MachineStopped } from '../memory/fault.js';
import type { Addr } from '../memory/struct.js';

const WRITER = 0x10000;

/** Take tasklist_lock for reading, as the kernel's own readers do, unless it stays taken for `turns` waits of 1 ms. */
function tryLockTasklist(words: Int32Array, lock: Addr, turns: number): boolean {
  for (let turn = 0; turn < turns; turn++) {
    if (Atomics.load(words, lock + RWLOCK.waiting) === 0) {
      if (Atomics.add(words, lock + RWLOCK.count, 1) + 1 < WRITER) return true;
      Atomics.sub(words, lock + RWLOCK.count, 1);
    }
    const count = Atomics.load(words, lock + RWLOCK.count);
    Atomics.wait(words, lock + RWLOCK.count, count, 1);
    if (Atomics.load(words, MACHINE_BASE + MACHINE.stop) !== 0) return false;
  }
  return false;
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

function readAndUnlock(words: Int32Array, kernel: KernelContext, lock: Addr): Addr[] {
  const tasks = listTasksNow(words, kernel);
  unlockTasklist(words, lock);
  return tasks;
}

/**
 * All listed tasks and all idle tasks, as of one moment. Tasks may leave the list right after. For a CPU's own checks.
 *
 * @throws {MachineStopped} when the machine is switched off while the lock is taken, as the CPU's own waits do
 */
export function listTasks(words: Int32Array, kernel: KernelContext): Addr[] {
  const lock = kernel.globals + KERNEL.tasklistLock;
  if (!tryLockTasklist(words, lock, Infinity)) throw new MachineStopped();
  return readAndUnlock(words, kernel, lock);
}

/** How often a look from outside tries, a millisecond apart, before it gives up. */
const LOOK_TURNS = 50;

/**
 * Like {@link listTasks}, for a caller that is no CPU and must not wait for one: a CPU that has ended or hangs may
 * still hold the lock.
 *
 * @returns undefined when the lock stays taken
 */
export function tryListTasks(words: Int32Array, kernel: KernelContext): Addr[] | undefined {
  const lock = kernel.globals + KERNEL.tasklistLock;
  if (!tryLockTasklist(words, lock, LOOK_TURNS)) return undefined;
  return readAndUnlock(words, kernel, lock);
}
