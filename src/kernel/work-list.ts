/** The per-CPU lists of queued work, and waking the kworker that serves a list. */

import { struct } from '../memory/struct.js';
import { percpu, PERCPU } from './layout.js';
import { tryToWakeUp } from './sched.js';
import { TASK_IDLE } from './task.js';
import { NULL, type Addr, type Cpu } from './types.js';

/** `struct work_struct`. */
export const WORK = struct('work', {
  next: 1,
  /** Index into the table of work functions. */
  fn: 1,
  /** Free for the owner. */
  data: 1,
  /** Bit 0: queued, or about to be. */
  pending: 1,
});

/** List of work that never sleeps, served by a kworker of its own so that nothing delays it. */
export const POOL_ATOMIC = 0;
/** List of work that may sleep. */
export const POOL_NORMAL = 1;

/** Append pending work to a CPU's list and wake its kworker.
 * @kernel __queue_work, kernel/workqueue.c:1430 (v6.1) */
export function insertWork(cpu: Cpu, n: number, pool: number, work: Addr): void {
  const pc = percpu(cpu.ctx.kernel, n);
  cpu.spinLock(pc + PERCPU.workLock);
  const last = cpu.get(pc + PERCPU.workLast + pool);
  cpu.set(work + WORK.next, NULL);
  if (last === NULL) cpu.set(pc + PERCPU.workFirst + pool, work);
  else cpu.set(last + WORK.next, work);
  cpu.set(pc + PERCPU.workLast + pool, work);
  cpu.spinUnlock(pc + PERCPU.workLock);
  tryToWakeUp(cpu, cpu.get(pc + PERCPU.kworkers + pool), TASK_IDLE);
}

/** Take the oldest work off this CPU's list; under its lock. `NULL` when it is empty. */
export function takeWork(cpu: Cpu, pool: number): Addr {
  const pc = percpu(cpu.ctx.kernel, cpu.id);
  const work = cpu.get(pc + PERCPU.workFirst + pool);
  if (work === NULL) return NULL;
  const next = cpu.get(work + WORK.next);
  cpu.set(pc + PERCPU.workFirst + pool, next);
  if (next === NULL) cpu.set(pc + PERCPU.workLast + pool, NULL);
  return work;
}
