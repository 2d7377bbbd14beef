/** The system workqueue: immediate and delayed work, and running a function on every CPU. */

import { struct } from '../memory/struct.js';
import { kfree, kzalloc } from './alloc.js';
import { COMPLETION, complete, initCompletion, waitForCompletion } from './completion.js';
import { cpusReadLock, cpusReadUnlock } from './cpuhp.js';
import { forEachOnlineCpu, NO_CPU } from './cpumask.js';
import { ENOMEM } from './errno.js';
import { percpu, PERCPU } from './layout.js';
import { TASK, TASK_IDLE } from './task.js';
import { addTimer, HZ, jiffies, TIMER, TIMER_WORK } from './timer.js';
import { insertWork, insertWorkOn, takeWork, WORK } from './work-list.js';
import { NULL, type Addr, type Cpu, type SiteId } from './types.js';

export { HZ } from './timer.js';
export { WORK } from './work-list.js';

/** `struct delayed_work`: work and its timer. */
export const DELAYED_WORK = struct('delayedWork', { work: WORK.size, timer: TIMER.size });

/** One call of schedule_on_each_cpu(): how many CPUs still have to run it, and a work item for each CPU. */
export function batchLayout(cpus: number): { readonly size: number } {
  return struct('syncBatch', { ...BATCH_FIELDS, works: cpus * WORK.size });
}

const BATCH_FIELDS = { remaining: 1, fn: 1, done: COMPLETION.size } as const;
const BATCH = struct('syncBatch', BATCH_FIELDS);

/** Id of the work function that serves a batch. */
export const WORK_FN_BATCH = 1;

/** `INIT_WORK()`. */
export function initWork(cpu: Cpu, work: Addr, fn: number, data = 0): void {
  cpu.set(work + WORK.next, NULL);
  cpu.set(work + WORK.fn, fn);
  cpu.set(work + WORK.data, data);
  cpu.writeOnce(work + WORK.pending, 0);
}

/** Queue work on this CPU; false when it is pending already.
 * @kernel queue_work_on, kernel/workqueue.c:1540 (v6.1) */
export function queueWork(cpu: Cpu, work: Addr): boolean {
  if (cpu.testAndSetBit(work + WORK.pending, 0)) return false;
  insertWork(cpu, work);
  return true;
}

/** Queue delayed work to run `delay` jiffies from now; false when it is pending already.
 * @kernel queue_delayed_work_on, kernel/workqueue.c:1700 (v6.1) */
export function scheduleDelayedWork(cpu: Cpu, dwork: Addr, delay: number): boolean {
  const work = dwork + DELAYED_WORK.work;
  if (cpu.testAndSetBit(work + WORK.pending, 0)) return false;
  if (delay <= 0) insertWork(cpu, work);
  else addTimer(cpu, dwork + DELAYED_WORK.timer, TIMER_WORK, work, delay);
  return true;
}

/**
 * Run work function `fn` on every online CPU and wait for all of them. A full barrier on every online CPU: each has
 * passed its scheduler.
 *
 * @param watchedOnly leave out CPUs that RCU does not watch, which synchronize_rcu() takes for quiescent
 * @returns 0, or -ENOMEM when there is no memory for the work items
 * @kernel schedule_on_each_cpu, kernel/workqueue.c:3350 (v6.1)
 */
export function scheduleOnEachCpu(
  cpu: Cpu,
  fn: number,
  site?: SiteId,
  watchedOnly = false,
): number {
  if (site !== undefined && cpu.ablates(site)) return 0;
  const { kernel } = cpu.ctx;
  const batch = kzalloc(cpu, kernel.batches);
  if (batch === NULL) return -ENOMEM;
  initCompletion(cpu, batch + BATCH.done);
  cpu.set(batch + BATCH.fn, fn);
  cpusReadLock(cpu);
  cpu.writeOnce(batch + BATCH.remaining, 1);
  cpu.roundBegins();
  let n = NO_CPU;
  while ((n = forEachOnlineCpu(cpu, n)) !== NO_CPU) {
    if (watchedOnly && cpu.peek(percpu(kernel, n) + PERCPU.rcuWatching) === 0) continue;
    // The idle loop sleeps where it could schedule, and nothing can be in progress there.
    if (n !== cpu.id && cpu.answersAsleep(n)) continue;
    const work = batch + BATCH.size + n * WORK.size;
    initWork(cpu, work, WORK_FN_BATCH, batch);
    cpu.fetchAdd(batch + BATCH.remaining, 1);
    cpu.writeOnce(work + WORK.pending, 1);
    insertWorkOn(cpu, n, work);
  }
  batchDone(cpu, batch);
  waitForCompletion(cpu, batch + BATCH.done);
  cpu.roundEnds();
  cpusReadUnlock(cpu);
  kfree(cpu, kernel.batches, batch);
  return 0;
}

function batchDone(cpu: Cpu, batch: Addr): void {
  if (cpu.fetchAdd(batch + BATCH.remaining, -1) === 1) complete(cpu, batch + BATCH.done);
}

/** Work function of a batch item: run the function, and tell the waiter when it was the last. */
export function batchWorkFn(cpu: Cpu, work: Addr): void {
  const batch = cpu.get(work + WORK.data);
  cpu.ctx.kernel.workFns[cpu.get(batch + BATCH.fn)]?.(cpu, work);
  batchDone(cpu, batch);
}

/** Serve this CPU's work list until it is empty, then get ready to sleep; the caller's text schedules.
 * @kernel worker_thread, kernel/workqueue.c:2408 (v6.1) */
export function workerThread(cpu: Cpu, pool: number): void {
  const pc = percpu(cpu.ctx.kernel, cpu.id);
  for (;;) {
    cpu.spinLock(pc + PERCPU.workLock);
    const work = takeWork(cpu, pool);
    // Under the lock, so that the next CPU to queue work finds a sleeper to wake.
    if (work === NULL) cpu.writeOnce(cpu.current + TASK.state, TASK_IDLE);
    cpu.spinUnlock(pc + PERCPU.workLock);
    if (work === NULL) return;
    cpu.smpWmb(); // A CPU that finds it idle sees what was done; pairs with the full test-and-set in queueWork().
    cpu.writeOnce(work + WORK.pending, 0);
    cpu.smpMb(); // A CPU that queues it again finds it running; pairs with the full test-and-set in queueWork().
    cpu.ctx.kernel.workFns[cpu.get(work + WORK.fn)]?.(cpu, work);
  }
}

/** Round a relative delay so that it expires on a whole second, a little apart on each CPU.
 * @kernel round_jiffies_relative, kernel/time/timer.c:400 (v6.1) */
export function roundJiffiesRelative(cpu: Cpu, delay: number): number {
  const now = jiffies(cpu);
  const skew = cpu.id * 3;
  const at = now + delay + skew;
  const rem = at % HZ;
  const rounded = (rem < HZ / 4 ? at - rem : at - rem + HZ) - skew;
  return rounded <= now ? delay : rounded - now;
}
