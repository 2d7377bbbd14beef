/** Proposal: a task is checked under pi_lock, with reads of on_rq and on_cpu, instead of under the lock of its run queue. */

import type { Cpu } from '../../memory/cpu.js';
import type { Addr } from '../../memory/struct.js';
import { callBlocked, isOffCpu } from './pi-lock.js';

/** task_call_func() that never takes the lock of a run queue: who is on one is left to the next attempt. */
export function taskCallFunc<A>(
  cpu: Cpu,
  p: Addr,
  fn: (cpu: Cpu, p: Addr, arg: A) => number,
  arg: A,
): number {
  return callBlocked(cpu, p, fn, arg, isOffCpu);
}
