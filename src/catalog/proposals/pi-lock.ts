/** What the variants of the proposal share: pi_lock holds wake-ups off while a task that is off its queue is looked at. */

import { EBUSY } from '../../kernel/errno.js';
import { TASK, TASK_RUNNING, TASK_WAKING } from '../../kernel/task.js';
import type { Cpu } from '../../memory/cpu.js';
import type { Addr } from '../../memory/struct.js';

/** Call a function on a task that stays blocked meanwhile; who is not blocked is left to the next attempt. */
export function callBlocked<A>(
  cpu: Cpu,
  p: Addr,
  fn: (cpu: Cpu, p: Addr, arg: A) => number,
  arg: A,
  isBlocked: (cpu: Cpu, p: Addr) => boolean,
): number {
  cpu.spinLock(p + TASK.piLock);
  const ret = isBlocked(cpu, p) ? fn(cpu, p, arg) : -EBUSY;
  cpu.spinUnlock(p + TASK.piLock);
  return ret;
}

/** Off its queue. */
export function isOffQueue(cpu: Cpu, p: Addr): boolean {
  const state = cpu.readOnce(p + TASK.state);
  if (state === TASK_RUNNING || state === TASK_WAKING) return false;
  cpu.smpRmb(); // The state before on_rq.
  return cpu.readOnce(p + TASK.onRq) === 0;
}

/** Off the queue and off its CPU. */
export function isOffCpu(cpu: Cpu, p: Addr): boolean {
  if (!isOffQueue(cpu, p)) return false;
  cpu.smpRmb(); // on_rq before on_cpu.
  // Pairs with the release in __schedule(): the stack is complete.
  return cpu.loadAcquire(p + TASK.onCpu) === 0;
}
