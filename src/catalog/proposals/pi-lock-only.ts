/** Proposal: a task is checked under pi_lock, with reads of on_rq and on_cpu, instead of under the lock of its run queue. */

import { EBUSY } from '../../kernel/errno.js';
import { TASK, TASK_RUNNING, TASK_WAKING } from '../../kernel/task.js';
import type { Cpu } from '../../memory/cpu.js';
import type { Addr } from '../../memory/struct.js';

/** task_call_func() that never takes the lock of a run queue: who is on one is left to the next attempt. */
export function taskCallFunc<A>(
  cpu: Cpu,
  p: Addr,
  fn: (cpu: Cpu, p: Addr, arg: A) => number,
  arg: A,
): number {
  cpu.spinLock(p + TASK.piLock);
  const ret = isBlocked(cpu, p) ? fn(cpu, p, arg) : -EBUSY;
  cpu.spinUnlock(p + TASK.piLock);
  return ret;
}

/** Off the queue and off its CPU: pi_lock holds wake-ups off. */
function isBlocked(cpu: Cpu, p: Addr): boolean {
  const state = cpu.readOnce(p + TASK.state);
  if (state === TASK_RUNNING || state === TASK_WAKING) return false;
  cpu.smpRmb(); // The state before on_rq.
  if (cpu.readOnce(p + TASK.onRq) !== 0) return false;
  cpu.smpRmb(); // on_rq before on_cpu.
  // Pairs with the release in __schedule(): the stack is complete.
  return cpu.loadAcquire(p + TASK.onCpu) === 0;
}
