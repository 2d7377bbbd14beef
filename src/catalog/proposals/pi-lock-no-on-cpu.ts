/** As pi-lock-but-idle, without the read of on_cpu: a task that has left its queue may still be on its way off its CPU. */

import { EBUSY } from '../../kernel/errno.js';
import { taskCallFunc as original } from '../../kernel/sched.js';
import { isIdleTask, TASK, TASK_RUNNING, TASK_WAKING } from '../../kernel/task.js';
import type { Cpu } from '../../memory/cpu.js';
import type { Addr } from '../../memory/struct.js';

/** task_call_func() that never takes the lock of a run queue: who is on one is left to the next attempt. */
export function taskCallFunc<A>(
  cpu: Cpu,
  p: Addr,
  fn: (cpu: Cpu, p: Addr, arg: A) => number,
  arg: A,
): number {
  if (isIdleTask(cpu.ctx.kernel, p)) return original(cpu, p, fn, arg);
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
  return true;
}
