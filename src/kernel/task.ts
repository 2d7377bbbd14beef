/** struct task_struct and the task list: what the scheduler, livepatch and the interpreter keep of a task. */

import { struct } from '../memory/struct.js';
import { KERNEL, PERCPU, percpu } from './layout.js';
import type { KernelContext } from './context.js';
import { NULL, type Addr, type Cpu, type TaskRef } from './types.js';

/** Words of a task; its kernel stack, `stackWords` return addresses, follows. */
export const TASK = struct('task', {
  /** `PF_*` flags. */
  flags: 1,
  pid: 1,
  /** Name id. */
  comm: 1,
  /** The only CPU the task may run on, or -1. */
  pinned: 1,
  /** CPU whose JavaScript stack holds this task's suspended kernel code, or -1. */
  context: 1,
  tasksPrev: 1,
  rqNext: 1,
  rqPrev: 1,
  /** Link in the list of waiters of a sleeping lock. */
  waitNode: 2,
  /** What the task waits for, for reports. */
  waitingOn: 1,
  timer: 6,
  userPc: 1,
  /** State of the task's own generator of random numbers. */
  rng: 1,
  /** Set while the instruction at `pc` is half done (a sleep that will be resumed). */
  phase: 1,
  /** Child between the two halves of fork. */
  child: 1,
  /** Recursion bits of ftrace. */
  traceRecursion: 1,
  /** Consistency oracle: patches whose old and whose new side the task ran since it could last be switched. */
  sawOld: 1,
  sawNew: 1,
  /** Number of forced transitions at the time when the task was last in no patched function. */
  sawForce: 1,
  /** Instructions and calls the task has run. */
  steps: 1,
  /** Number of times this entry was used for a new task. */
  generation: 1,
  unused: 5,
  // The words of a sleeping task that a pass over tasks uses begin a cache line, and the stack ends it: with very many
  // tasks, such a pass waits only for memory.
  /** `__state`: TASK_RUNNING, TASK_INTERRUPTIBLE, … */
  state: 1,
  onRq: 1,
  onCpu: 1,
  /** CPU whose run queue the task is or was last on. */
  cpu: 1,
  /** Thread flags: the `TIF_*` bits. */
  tiFlags: 1,
  piLock: 1,
  /** -1, 0 or 1: undefined (idle), unpatched, patched. */
  patchState: 1,
  tasksNext: 1,
  /** Stack cannot be walked reliably. */
  unreliable: 1,
  userMode: 1,
  /** Program counter in kernel mode: the next instruction, which is also the newest return address. */
  pc: 1,
  /** Return addresses on the stack. */
  depth: 1,
});

export const TASK_RUNNING = 0;
export const TASK_INTERRUPTIBLE = 1;
export const TASK_UNINTERRUPTIBLE = 2;
export const TASK_NORMAL = TASK_INTERRUPTIBLE | TASK_UNINTERRUPTIBLE;
/** Stopped by a signal: only a signal to continue, or one that kills, wakes it. */
export const TASK_STOPPED = 4;
export const TASK_DEAD = 0x80;
export const TASK_WAKING = 0x200;
export const TASK_NOLOAD = 0x400;
export const TASK_NEW = 0x800;
/** Interruptible or not, the freezer may stop the task where it sleeps. */
export const TASK_FREEZABLE = 0x2000;
/** Idle kworkers: not interruptible, no load. */
export const TASK_IDLE = TASK_UNINTERRUPTIBLE | TASK_NOLOAD;

/** `flags`: the task is an idle task. */
export const PF_IDLE = 0x2;
/** `flags`: the task has begun to exit. */
export const PF_EXITING = 0x4;
/** `flags`: the task is a kworker. */
export const PF_WQ_WORKER = 0x20;
/** `flags`: the task runs kernel code that may sleep; one such context can be suspended per CPU. */
export const PF_KCODE = 0x1000;
/** `flags`: the task never returns to user mode. */
export const PF_KTHREAD = 0x200000;

export const TIF_SIGPENDING = 2;
export const TIF_NEED_RESCHED = 3;
export const TIF_PATCH_PENDING = 13;
export const TIF_NOTIFY_SIGNAL = 17;
/** The task is to stop, or has stopped: JOBCTL_STOP_PENDING and its outcome. */
export const TIF_STOP = 24;

/** Thread flags that the exit-to-user loop works on. */
export const EXIT_TO_USER_WORK =
  (1 << TIF_SIGPENDING) |
  (1 << TIF_NEED_RESCHED) |
  (1 << TIF_PATCH_PENDING) |
  (1 << TIF_NOTIFY_SIGNAL) |
  (1 << TIF_STOP);

/** Thread flags that end an interruptible sleep. */
export const SIGNAL_PENDING = (1 << TIF_SIGPENDING) | (1 << TIF_NOTIFY_SIGNAL) | (1 << TIF_STOP);

/** Idle task of a CPU: a table entry, no memory access. */
export function idleTask(kernel: KernelContext, n: number): TaskRef {
  return kernel.tasks + n * kernel.taskStride;
}

/** Whether a reference is an idle task. */
export function isIdleTask(kernel: KernelContext, task: TaskRef): boolean {
  return task < kernel.tasks + kernel.cpus * kernel.taskStride;
}

/** Address of the first word of a task's kernel stack. */
export function stackOf(task: TaskRef): Addr {
  return task + TASK.size;
}

/** Whether `task` is the current task of the CPU it is assigned to.
 * @kernel task_curr, kernel/sched/core.c:2220 (v6.1) */
export function taskCurr(cpu: Cpu, task: TaskRef): boolean {
  const n = cpu.readOnce(task + TASK.cpu);
  return cpu.read(percpu(cpu.ctx.kernel, n) + PERCPU.curr) === task;
}

/** Link a task into the task list; under the tasklist write lock. Readers in an RCU section see all of it, as
 * list_add_tail_rcu() promises; the loops of livepatch need no more than the lock. */
export function linkTask(cpu: Cpu, task: TaskRef): void {
  const head = cpu.ctx.kernel.globals + KERNEL.taskList;
  const first = cpu.get(head);
  cpu.set(task + TASK.tasksNext, first);
  cpu.set(task + TASK.tasksPrev, NULL);
  if (first !== NULL) cpu.set(first + TASK.tasksPrev, task);
  // Pairs with the dependent load of a reader without the lock.
  cpu.rcuAssignPointer(head, task);
}

/** Unlink a task from the task list; under the tasklist write lock. */
export function unlinkTask(cpu: Cpu, task: TaskRef): void {
  const next = cpu.get(task + TASK.tasksNext);
  const prev = cpu.get(task + TASK.tasksPrev);
  if (next !== NULL) cpu.set(next + TASK.tasksPrev, prev);
  if (prev !== NULL) cpu.set(prev + TASK.tasksNext, next);
  else cpu.set(cpu.ctx.kernel.globals + KERNEL.taskList, next);
}

/** Take an unused table entry; `NULL` when there is none. */
export function allocTask(cpu: Cpu): TaskRef {
  const globals = cpu.ctx.kernel.globals;
  cpu.spinLock(globals + KERNEL.taskPoolLock);
  const task = cpu.get(globals + KERNEL.taskPool);
  if (task !== NULL) {
    cpu.set(globals + KERNEL.taskPool, cpu.get(task + TASK.rqNext));
    cpu.set(globals + KERNEL.tasksAlive, cpu.get(globals + KERNEL.tasksAlive) + 1);
  }
  cpu.spinUnlock(globals + KERNEL.taskPoolLock);
  return task;
}

/** Give a table entry back; its last user is gone.
 * @kernel put_task_struct, include/linux/sched/task.h:113 (v6.1) */
export function freeTask(cpu: Cpu, task: TaskRef): void {
  const globals = cpu.ctx.kernel.globals;
  cpu.spinLock(globals + KERNEL.taskPoolLock);
  cpu.set(task + TASK.rqNext, cpu.get(globals + KERNEL.taskPool));
  cpu.set(globals + KERNEL.taskPool, task);
  cpu.set(globals + KERNEL.tasksAlive, cpu.get(globals + KERNEL.tasksAlive) - 1);
  cpu.spinUnlock(globals + KERNEL.taskPoolLock);
}

/** Next number of the task's own generator (xorshift32), never 0. Only the CPU that runs the task may ask. */
export function taskRandom(cpu: Cpu, task: TaskRef): number {
  let state = cpu.get(task + TASK.rng);
  state ^= state << 13;
  state ^= state >>> 17;
  state ^= state << 5;
  cpu.set(task + TASK.rng, state);
  return state >>> 0;
}
