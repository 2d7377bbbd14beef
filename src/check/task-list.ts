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

/** Which tasks a look is for: of a million tasks hardly any is of interest, and a list of all would take more time than the walk. */
type Wanted = (task: Addr) => boolean;

const everyTask: Wanted = () => true;

/** All listed tasks and all idle tasks that are wanted, without any lock: while {@link isListStable}, and nobody else runs. */
export function listTasksNow(
  words: Int32Array,
  kernel: KernelContext,
  isWanted = everyTask,
): Addr[] {
  const tasks: Addr[] = [];
  let task = words[kernel.globals + KERNEL.taskList] ?? 0;
  for (let seen = 0; task !== 0 && seen <= kernel.taskCount; seen++) {
    if (isWanted(task)) tasks.push(task);
    task = words[task + TASK.tasksNext] ?? 0;
  }
  for (let n = 0; n < kernel.cpus; n++) {
    const idle = idleTask(kernel, n);
    if (isWanted(idle)) tasks.push(idle);
  }
  return tasks;
}

/**
 * All listed tasks and all idle tasks that are wanted, as of one moment. Tasks may leave the list right after. For a CPU's own
 * checks.
 *
 * @param isWanted asked under the lock; default all
 * @throws {MachineStopped} when the machine is switched off while the lock is taken, as the CPU's own waits do
 */
export function listTasks(words: Int32Array, kernel: KernelContext, isWanted = everyTask): Addr[] {
  const lock = kernel.globals + KERNEL.tasklistLock;
  if (!tryLockTasklist(words, lock, Infinity)) throw new MachineStopped();
  const tasks = listTasksNow(words, kernel, isWanted);
  unlockTasklist(words, lock);
  return tasks;
}

/** How often a look from outside tries, a millisecond apart, before it gives up. */
const LOOK_TURNS = 50;

/**
 * Like {@link listTasks}, for a caller that is no CPU and must not wait for one: a CPU that has ended or hangs may
 * still hold the lock.
 *
 * @returns undefined when the lock stays taken
 */
export function tryListTasks(
  words: Int32Array,
  kernel: KernelContext,
  isWanted = everyTask,
): Addr[] | undefined {
  const lock = kernel.globals + KERNEL.tasklistLock;
  if (!tryLockTasklist(words, lock, LOOK_TURNS)) return undefined;
  const tasks = listTasksNow(words, kernel, isWanted);
  unlockTasklist(words, lock);
  return tasks;
}
