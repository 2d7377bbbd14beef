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

/** CPU for work that may sleep: this one, or one whose kworker could begin at once if kernel code sleeps on this one. */
function workCpu(cpu: Cpu): number {
  const { kernel } = cpu.ctx;
  for (let i = 0; i < kernel.cpus; i++) {
    const n = (cpu.id + i) % kernel.cpus;
    const pc = percpu(kernel, n);
    if (cpu.peek(pc + PERCPU.online) !== 0 && cpu.peek(pc + PERCPU.context) === NULL) return n;
  }
  return cpu.id;
}

/** Append pending work to the list of a CPU, unless it has gone offline; the caller's own has not. */
function appendWork(cpu: Cpu, n: number, pool: number, work: Addr): boolean {
  const pc = percpu(cpu.ctx.kernel, n);
  cpu.spinLock(pc + PERCPU.workLock);
  // A CPU goes offline under this lock, and only with empty lists.
  const online = cpu.readOnce(pc + PERCPU.online) !== 0;
  if (online) {
    const last = cpu.get(pc + PERCPU.workLast + pool);
    cpu.set(work + WORK.next, NULL);
    if (last === NULL) cpu.set(pc + PERCPU.workFirst + pool, work);
    else cpu.set(last + WORK.next, work);
    cpu.set(pc + PERCPU.workLast + pool, work);
  }
  cpu.spinUnlock(pc + PERCPU.workLock);
  return online;
}

function wakeWorker(cpu: Cpu, n: number, pool: number): void {
  const pc = percpu(cpu.ctx.kernel, n);
  tryToWakeUp(cpu, cpu.get(pc + PERCPU.kworkers + pool), TASK_IDLE);
}

/** Append pending work that never sleeps to a CPU's list, which stays online, and wake its kworker.
 * @kernel queue_work_on, kernel/workqueue.c:1540 (v6.1) */
export function insertWorkOn(cpu: Cpu, n: number, work: Addr): void {
  appendWork(cpu, n, POOL_ATOMIC, work);
  wakeWorker(cpu, n, POOL_ATOMIC);
}

/** Append pending work that may sleep to the list of a CPU that can serve it soon, and wake its kworker.
 * @kernel __queue_work, kernel/workqueue.c:1430 (v6.1) */
export function insertWork(cpu: Cpu, work: Addr): void {
  let n = workCpu(cpu);
  if (!appendWork(cpu, n, POOL_NORMAL, work)) {
    n = cpu.id;
    appendWork(cpu, n, POOL_NORMAL, work);
  }
  wakeWorker(cpu, n, POOL_NORMAL);
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
