/** Wait queues: the list of sleeping tasks behind every sleeping lock, completion and event. */

import { struct } from '../memory/struct.js';
import { schedule, tryToWakeUp } from './sched.js';
import { TASK, TASK_NORMAL, TASK_RUNNING, TASK_UNINTERRUPTIBLE } from './task.js';
import { NULL, type Addr, type Cpu, type TaskRef } from './types.js';

/** `wait_queue_head_t`: a spinlock, and first and last waiting task. */
export const WAIT_QUEUE = struct('waitQueue', { lock: 1, first: 1, last: 1 });

/** Put the current task at the end of a queue; under the queue's lock. */
export function enqueueWaiter(cpu: Cpu, queue: Addr): void {
  const task = cpu.current;
  const last = cpu.get(queue + WAIT_QUEUE.last);
  cpu.set(task + TASK.waitNode, NULL);
  cpu.set(task + TASK.waitNode + 1, last);
  if (last === NULL) cpu.set(queue + WAIT_QUEUE.first, task);
  else cpu.set(last + TASK.waitNode, task);
  cpu.set(queue + WAIT_QUEUE.last, task);
}

/** Take a task off a queue; under the queue's lock. */
export function dequeueWaiter(cpu: Cpu, queue: Addr, task: TaskRef): void {
  const next = cpu.get(task + TASK.waitNode);
  const prev = cpu.get(task + TASK.waitNode + 1);
  if (prev === NULL) cpu.set(queue + WAIT_QUEUE.first, next);
  else cpu.set(prev + TASK.waitNode, next);
  if (next === NULL) cpu.set(queue + WAIT_QUEUE.last, prev);
  else cpu.set(next + TASK.waitNode + 1, prev);
}

/** `set_current_state()`: the full barrier orders the state before the caller's check of its condition.
 * @kernel set_current_state, include/linux/sched.h:225 (v6.1) */
export function setCurrentState(cpu: Cpu, state: number): void {
  cpu.writeOnce(cpu.current + TASK.state, state);
  cpu.smpMb(); // Pairs with the barrier in tryToWakeUp().
}

/** One round of waiting on a queue whose lock is held: sleep, and hold the lock again on return. */
export function sleepOnQueue(cpu: Cpu, queue: Addr): void {
  cpu.set(cpu.current + TASK.waitingOn, queue);
  cpu.spinUnlock(queue + WAIT_QUEUE.lock);
  schedule(cpu);
  cpu.spinLock(queue + WAIT_QUEUE.lock);
  cpu.set(cpu.current + TASK.waitingOn, NULL);
}

/** Wait until the word at `addr` is non-zero; it is set under the queue's lock. */
export function waitForWord(cpu: Cpu, queue: Addr, addr: Addr): void {
  cpu.spinLock(queue + WAIT_QUEUE.lock);
  if (cpu.get(addr) === 0) {
    enqueueWaiter(cpu, queue);
    for (;;) {
      setCurrentState(cpu, TASK_UNINTERRUPTIBLE);
      if (cpu.get(addr) !== 0) break;
      sleepOnQueue(cpu, queue);
    }
    dequeueWaiter(cpu, queue, cpu.current);
    cpu.writeOnce(cpu.current + TASK.state, TASK_RUNNING);
  }
  cpu.spinUnlock(queue + WAIT_QUEUE.lock);
}

/** One step of a walk over a queue, under its lock: the waiter after `task`, the first after `NULL`, `NULL` after the last. */
function forEachWaiter(cpu: Cpu, queue: Addr, task: TaskRef): TaskRef {
  return cpu.get(task === NULL ? queue + WAIT_QUEUE.first : task + TASK.waitNode);
}

/** Wake the first waiter of a queue; under its lock. The waiter takes itself off. */
export function wakeFirst(cpu: Cpu, queue: Addr): void {
  const task = cpu.get(queue + WAIT_QUEUE.first);
  if (task !== NULL) tryToWakeUp(cpu, task, TASK_NORMAL);
}

/** Wake all waiters of a queue; under its lock. */
export function wakeAll(cpu: Cpu, queue: Addr): void {
  let task = NULL;
  while ((task = forEachWaiter(cpu, queue, task)) !== NULL) tryToWakeUp(cpu, task, TASK_NORMAL);
}
