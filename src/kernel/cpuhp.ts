/** CPU hotplug: the lock that keeps CPUs online, and taking one down or up. */

import { struct } from '../memory/struct.js';
import { handleIrq } from './entry.js';
import { EBUSY, EINVAL } from './errno.js';
import { IPI_HOTPLUG, KERNEL, percpu, PERCPU } from './layout.js';
import { mutexLock, mutexUnlock } from './mutex.js';
import { forEachQueuedTask } from './run-queue.js';
import { moveOneTask, sendIpi } from './sched.js';
import { TASK, TASK_RUNNING, TASK_UNINTERRUPTIBLE } from './task.js';
import { migrateTimers } from './timer.js';
import { TRACE_HOTPLUG } from './trace.js';
import {
  dequeueWaiter,
  enqueueWaiter,
  setCurrentState,
  sleepOnQueue,
  WAIT_QUEUE,
  wakeAll,
} from './wait.js';
import { NULL, type Addr, type Cpu, type SiteId } from './types.js';

/** A sleeping reader-writer semaphore. */
const RWSEM = struct('rwsem', { readers: 1, writer: 1, queue: WAIT_QUEUE.size });

const REQUEST_DOWN = 1;
const REQUEST_UP = 2;
const REQUEST_REFUSED = 3;

/** Whether a CPU is online: may change unless the caller holds the hotplug lock. */
export function cpuOnline(cpu: Cpu, n: number): boolean {
  return cpu.readOnce(percpu(cpu.ctx.kernel, n) + PERCPU.online) !== 0;
}

function hotplugLock(cpu: Cpu): Addr {
  return cpu.ctx.kernel.globals + KERNEL.cpuHotplugLock;
}

function acquire(cpu: Cpu, sem: Addr, write: boolean): void {
  const queue = sem + RWSEM.queue;
  cpu.spinLock(queue + WAIT_QUEUE.lock);
  if (cpu.get(sem + RWSEM.writer) !== 0 || (write && cpu.get(sem + RWSEM.readers) > 0)) {
    enqueueWaiter(cpu, queue);
    for (;;) {
      setCurrentState(cpu, TASK_UNINTERRUPTIBLE);
      const free = cpu.get(sem + RWSEM.writer) === 0;
      if (free && !(write && cpu.get(sem + RWSEM.readers) > 0)) break;
      sleepOnQueue(cpu, queue);
    }
    dequeueWaiter(cpu, queue, cpu.current);
    cpu.writeOnce(cpu.current + TASK.state, TASK_RUNNING);
  }
  const word = write ? sem + RWSEM.writer : sem + RWSEM.readers;
  cpu.set(word, cpu.get(word) + 1);
  cpu.spinUnlock(queue + WAIT_QUEUE.lock);
}

function release(cpu: Cpu, sem: Addr, write: boolean): void {
  const queue = sem + RWSEM.queue;
  cpu.spinLock(queue + WAIT_QUEUE.lock);
  const word = write ? sem + RWSEM.writer : sem + RWSEM.readers;
  cpu.set(word, cpu.get(word) - 1);
  wakeAll(cpu, queue);
  cpu.spinUnlock(queue + WAIT_QUEUE.lock);
}

/** `cpus_read_lock()`: no CPU comes or goes until the matching unlock. Sleeps. Ablated: not taken. */
export function cpusReadLock(cpu: Cpu, site?: SiteId): void {
  if (site !== undefined && cpu.ablates(site)) return;
  cpu.mightSleep('cpus_read_lock()');
  acquire(cpu, hotplugLock(cpu), false);
}

/** `cpus_read_unlock()`. */
export function cpusReadUnlock(cpu: Cpu, site?: SiteId): void {
  if (site !== undefined && cpu.ablates(site)) return;
  release(cpu, hotplugLock(cpu), false);
}

function waitForAnswer(cpu: Cpu, n: number, request: number): number {
  const word = percpu(cpu.ctx.kernel, n) + PERCPU.hotplugRequest;
  cpu.storeRelease(word, request);
  sendIpi(cpu, n, IPI_HOTPLUG);
  for (;;) {
    const answer = cpu.loadAcquire(word);
    if (answer !== request) return answer;
    cpu.relax(word, request);
  }
}

/**
 * Take a CPU offline: its tasks and timers move to others, its idle task stays parked.
 *
 * @returns 0; -EINVAL for the caller's own, the last or an offline CPU; -EBUSY when the CPU holds work that cannot move
 * @kernel cpu_down, kernel/cpu.c:1190 (v6.1)
 */
export function cpuDown(cpu: Cpu, n: number): number {
  const globals = cpu.ctx.kernel.globals;
  mutexLock(cpu, globals + KERNEL.cpuMapsLock);
  let ret = -EINVAL;
  if (n !== cpu.id && cpuOnline(cpu, n) && cpu.get(globals + KERNEL.onlineCpus) > 1) {
    acquire(cpu, hotplugLock(cpu), true);
    // The caller may have slept, but is still on this CPU: its context is pinned.
    const refused = waitForAnswer(cpu, n, REQUEST_DOWN) === REQUEST_REFUSED;
    ret = refused ? -EBUSY : 0;
    if (!refused) cpu.set(globals + KERNEL.onlineCpus, cpu.get(globals + KERNEL.onlineCpus) - 1);
    release(cpu, hotplugLock(cpu), true);
  }
  mutexUnlock(cpu, globals + KERNEL.cpuMapsLock);
  return ret;
}

/** Bring an offline CPU back; 0 or -EINVAL.
 * @kernel cpu_up, kernel/cpu.c:1440 (v6.1) */
export function cpuUp(cpu: Cpu, n: number): number {
  const globals = cpu.ctx.kernel.globals;
  mutexLock(cpu, globals + KERNEL.cpuMapsLock);
  let ret = -EINVAL;
  if (!cpuOnline(cpu, n)) {
    acquire(cpu, hotplugLock(cpu), true);
    waitForAnswer(cpu, n, REQUEST_UP);
    cpu.set(globals + KERNEL.onlineCpus, cpu.get(globals + KERNEL.onlineCpus) + 1);
    release(cpu, hotplugLock(cpu), true);
    ret = 0;
  }
  mutexUnlock(cpu, globals + KERNEL.cpuMapsLock);
  return ret;
}

function answer(cpu: Cpu, value: number): void {
  const word = percpu(cpu.ctx.kernel, cpu.id) + PERCPU.hotplugRequest;
  cpu.storeRelease(word, value);
  cpu.kick(word);
}

/** Whether something that cannot move lives here: suspended kernel code, queued work or a runnable pinned task. */
function holdsImmovable(cpu: Cpu): boolean {
  const pc = percpu(cpu.ctx.kernel, cpu.id);
  if (cpu.get(pc + PERCPU.context) !== NULL) return true;
  let immovable = false;
  if (cpu.get(pc + PERCPU.workFirst) !== NULL) immovable = true;
  if (cpu.get(pc + PERCPU.workFirst + 1) !== NULL) immovable = true;
  let task = NULL;
  while ((task = forEachQueuedTask(cpu, cpu.id, task)) !== NULL) {
    if (cpu.get(task + TASK.pinned) >= 0) immovable = true;
  }
  return immovable;
}

/** The CPU that takes over from a CPU that leaves: the next online one. */
function successor(cpu: Cpu): number {
  const { kernel } = cpu.ctx;
  for (let i = 1; i < kernel.cpus; i++) {
    const n = (cpu.id + i) % kernel.cpus;
    if (cpuOnline(cpu, n)) return n;
  }
  return cpu.id;
}

/** In the idle task of a CPU that is asked to go: leave if possible, and park until asked to come back.
 * @kernel takedown_cpu, kernel/cpu.c:1080 (v6.1) */
export function idleHotplug(cpu: Cpu): void {
  const pc = percpu(cpu.ctx.kernel, cpu.id);
  const request = cpu.loadAcquire(pc + PERCPU.hotplugRequest);
  // Offline since boot, and not yet parked.
  if (request === REQUEST_UP && cpu.peek(pc + PERCPU.online) === 0) idleParked(cpu);
  if (request !== REQUEST_DOWN) return;
  cpu.spinLock(pc + PERCPU.workLock);
  cpu.spinLock(pc + PERCPU.rqLock);
  const refused = holdsImmovable(cpu);
  if (!refused) cpu.writeOnce(pc + PERCPU.online, 0);
  cpu.spinUnlock(pc + PERCPU.rqLock);
  cpu.spinUnlock(pc + PERCPU.workLock);
  if (refused) {
    answer(cpu, REQUEST_REFUSED);
    return;
  }
  const to = successor(cpu);
  while (moveOneTask(cpu, cpu.id, to));
  migrateTimers(cpu, to);
  cpu.trace(TRACE_HOTPLUG, cpu.id, 0);
  answer(cpu, 0);
  idleParked(cpu);
}

/** In the idle task of an offline CPU: wait until asked to come back, and be online. */
export function idleParked(cpu: Cpu): void {
  const pc = percpu(cpu.ctx.kernel, cpu.id);
  while (cpu.loadAcquire(pc + PERCPU.hotplugRequest) !== REQUEST_UP) {
    if (cpu.peek(pc + PERCPU.ipi) === 0) cpu.mwait(pc + PERCPU.ipi, 0);
    else handleIrq(cpu);
  }
  cpu.syncCore(); // Text may have changed without an answer from this CPU. Now it cannot: the hotplug lock is held.
  cpu.writeOnce(pc + PERCPU.online, 1);
  cpu.trace(TRACE_HOTPLUG, cpu.id, 1);
  answer(cpu, 0);
}
