/** As pi-lock-but-idle, without the read of on_cpu: a task that has left its queue may still be on its way off its CPU. */

import { taskCallFunc as original } from '../../kernel/sched.js';
import { isIdleTask } from '../../kernel/task.js';
import type { Cpu } from '../../memory/cpu.js';
import type { Addr } from '../../memory/struct.js';
import { callBlocked, isOffQueue } from './pi-lock.js';

/** task_call_func() that never takes the lock of a run queue: who is on one is left to the next attempt. */
export function taskCallFunc<A>(
  cpu: Cpu,
  p: Addr,
  fn: (cpu: Cpu, p: Addr, arg: A) => number,
  arg: A,
): number {
  if (isIdleTask(cpu.ctx.kernel, p)) return original(cpu, p, fn, arg);
  return callBlocked(cpu, p, fn, arg, isOffQueue);
}
