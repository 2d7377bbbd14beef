/** The scheduler: run queues, context switch, wake-up, and pinning a task that is not running. */

import { SimulatorBug } from '../errors.js';
import { O_22, O_23 } from '../memory/sites.js';
import { IPI_RESCHEDULE, IPI_TICK, KERNEL, percpu, PERCPU } from './layout.js';
import { dequeueTask, enqueueFirst, enqueueTask, forEachQueuedTask } from './run-queue.js';
import {
  freeTask,
  idleTask,
  isIdleTask,
  PF_KCODE,
  PF_WQ_WORKER,
  SIGNAL_PENDING,
  TASK,
  TASK_DEAD,
  TASK_FREEZABLE,
  TASK_INTERRUPTIBLE,
  TASK_RUNNING,
  TASK_WAKING,
  TIF_NEED_RESCHED,
} from './task.js';
import { TRACE_QUIESCE, TRACE_SCHED_SWITCH, TRACE_SCHED_WAKEUP } from './trace.js';
import { NULL, type Addr, type Cpu, type TaskRef } from './types.js';

/** Interrupt another CPU: set a bit it polls, and end its idling. */
export function sendIpi(cpu: Cpu, n: number, ipi: number): void {
  const word = percpu(cpu.ctx.kernel, n) + PERCPU.ipi;
  cpu.smpMb(); // Pairs with the full xchg() in handleIrq(): what the interrupt is about is visible there.
  cpu.setBit(word, ipi);
  cpu.kick(word);
}

/** Mark the current task of a run queue for rescheduling; under its lock.
 * @kernel resched_curr, kernel/sched/core.c:1040 (v6.1) */
export function reschedCurr(cpu: Cpu, n: number): void {
  const rq = percpu(cpu.ctx.kernel, n);
  const curr = cpu.read(rq + PERCPU.curr);
  if (cpu.testBit(curr + TASK.tiFlags, TIF_NEED_RESCHED)) return;
  cpu.setBit(curr + TASK.tiFlags, TIF_NEED_RESCHED);
  if (n === cpu.id) cpu.setBit(rq + PERCPU.ipi, IPI_RESCHEDULE);
  else sendIpi(cpu, n, IPI_RESCHEDULE);
}

/** Kernel code that others wait for goes first, as under a fair scheduler: it has slept while the others ran. */
export function isUrgent(cpu: Cpu, task: TaskRef): boolean {
  return (cpu.get(task + TASK.flags) & (PF_KCODE | PF_WQ_WORKER)) !== 0;
}

function isWorker(cpu: Cpu, task: TaskRef): boolean {
  return (cpu.get(task + TASK.flags) & PF_WQ_WORKER) !== 0;
}

/** First task of the queue that this CPU can run now, taken off the queue; the idle task when there is none. */
function pickNextTask(cpu: Cpu): TaskRef {
  const { kernel } = cpu.ctx;
  const rq = percpu(kernel, cpu.id);
  if (cpu.peek(rq + PERCPU.hotplugRequest) === 1) return idleTask(kernel, cpu.id);
  const context = cpu.get(rq + PERCPU.context);
  let task = NULL;
  while ((task = forEachQueuedTask(cpu, cpu.id, task)) !== NULL) {
    // Kernel code that may sleep needs this CPU's stack for itself: one such context at a time.
    if (context === NULL || task === context || (cpu.get(task + TASK.flags) & PF_KCODE) === 0) {
      dequeueTask(cpu, cpu.id, task);
      return task;
    }
  }
  return idleTask(kernel, cpu.id);
}

/** Whether a task that is about to sleep in `state` must go on because of a signal. */
function signalPendingState(cpu: Cpu, state: number, task: TaskRef): boolean {
  return (
    (state & TASK_INTERRUPTIBLE) !== 0 && (cpu.readOnce(task + TASK.tiFlags) & SIGNAL_PENDING) !== 0
  );
}

/**
 * The livepatch hook of __schedule(), behind its static key, for a task that is about to sleep where the freezer may stop
 * it: a task that sleeps there holds no lock, and may be switched.
 *
 * @kernel klp_sched_try_switch, include/linux/livepatch_sched.h (v6.16)
 * @versions 7.3
 */
function klpSchedTrySwitch(cpu: Cpu, prev: TaskRef): void {
  if (cpu.readOnce(cpu.ctx.kernel.globals + KERNEL.klpSchedTrySwitchKey) === 0) return;
  if ((cpu.readOnce(prev + TASK.state) & TASK_FREEZABLE) === 0) return;
  // schedule() has disabled preemption long before it gets here (O-23 with O-22; O-05 waits for it).
  cpu.preemptDisable(O_23);
  cpu.trace(TRACE_QUIESCE, prev);
  cpu.ctx.hooks.__klpSchedTrySwitch(cpu);
  cpu.preemptEnable(O_23);
}

/**
 * Switch to the next task. On return `cpu.current` is the next task; its text is run by the caller's caller.
 *
 * @param preempt the current task did not ask to sleep, whatever its state says
 * @kernel __schedule, kernel/sched/core.c:6480 (v6.1)
 */
export function scheduleNext(cpu: Cpu, preempt: boolean): void {
  const { kernel } = cpu.ctx;
  const rq = percpu(kernel, cpu.id);
  const prev = cpu.current;
  cpu.mightSleep('schedule()');
  if (kernel.facts.switchHook === 'schedule') klpSchedTrySwitch(cpu, prev);
  cpu.spinLock(rq + PERCPU.rqLock);
  // smp_mb__after_spinlock(): the state below is read after the caller's condition. Pairs with tryToWakeUp().
  cpu.smpMb();
  cpu.clearBit(prev + TASK.tiFlags, TIF_NEED_RESCHED);
  cpu.set(rq + PERCPU.tickResched, 0);
  const state = cpu.readOnce(prev + TASK.state);
  if (!isIdleTask(kernel, prev)) {
    if (preempt || state === TASK_RUNNING) {
      // A worker has little to do. A task that is woken on its way to sleep has something to do that others wait for.
      const goesOn = preempt ? isWorker(cpu, prev) : isUrgent(cpu, prev);
      if (goesOn) enqueueFirst(cpu, cpu.id, prev);
      else enqueueTask(cpu, cpu.id, prev);
    } else if (signalPendingState(cpu, state, prev)) {
      cpu.writeOnce(prev + TASK.state, TASK_RUNNING);
      enqueueTask(cpu, cpu.id, prev);
    } else {
      cpu.writeOnce(prev + TASK.onRq, 0);
    }
  }
  const next = pickNextTask(cpu);
  if (next !== prev) {
    cpu.write(rq + PERCPU.curr, next);
    cpu.writeOnce(next + TASK.onCpu, 1);
    cpu.trace(TRACE_SCHED_SWITCH, prev, next);
    cpu.current = next;
    // Pairs with the acquire of tryToWakeUp() and taskCallFunc(): prev's registers and stack are in memory.
    cpu.storeRelease(prev + TASK.onCpu, 0);
  }
  cpu.spinUnlock(rq + PERCPU.rqLock);
  if (state === TASK_DEAD && !preempt) freeTask(cpu, prev);
}

/**
 * Give up the CPU from within kernel code: other tasks run on top of this call until the current one is chosen again.
 * One context per CPU can be suspended like this; the scheduler keeps others that would need one queued.
 *
 * @throws {SimulatorBug} when a second context would have to be suspended
 */
export function schedule(cpu: Cpu): void {
  const self = cpu.current;
  const rq = percpu(cpu.ctx.kernel, cpu.id);
  if (cpu.get(rq + PERCPU.context) !== NULL) {
    throw new SimulatorBug(`CPU ${cpu.id}: a second sleeping context (task ${self})`);
  }
  cpu.set(rq + PERCPU.context, self);
  cpu.set(self + TASK.context, cpu.id);
  scheduleNext(cpu, false);
  while (cpu.current !== self) cpu.ctx.kernel.runCurrent(cpu);
  cpu.set(rq + PERCPU.context, NULL);
  cpu.set(self + TASK.context, -1);
}

/** CPU for a task that wakes up: where it must run, an idle CPU, or where it was.
 * @kernel select_task_rq, kernel/sched/core.c:3590 (v6.1) */
export function selectTaskRq(cpu: Cpu, task: TaskRef): number {
  const { kernel } = cpu.ctx;
  const context = cpu.get(task + TASK.context);
  if (context >= 0) return context;
  const pinned = cpu.get(task + TASK.pinned);
  if (pinned >= 0) return pinned;
  const last = cpu.readOnce(task + TASK.cpu);
  const kcode = (cpu.get(task + TASK.flags) & PF_KCODE) !== 0;
  for (let i = 0; i < kernel.cpus; i++) {
    const n = (last + i) % kernel.cpus;
    const rq = percpu(kernel, n);
    if (cpu.peek(rq + PERCPU.online) === 0) continue;
    if (kcode && cpu.peek(rq + PERCPU.context) !== NULL) continue;
    if (cpu.peek(rq + PERCPU.curr) === idleTask(kernel, n)) return n;
  }
  return cpu.peek(percpu(kernel, last) + PERCPU.online) === 0 ? cpu.id : last;
}

/** Queue a task that is on no run queue: put it on the CPU chosen for it, and notify that CPU. */
export function activateTask(cpu: Cpu, task: TaskRef): void {
  const { kernel } = cpu.ctx;
  let n = selectTaskRq(cpu, task);
  cpu.spinLock(percpu(kernel, n) + PERCPU.rqLock);
  if (cpu.get(percpu(kernel, n) + PERCPU.online) === 0 && cpu.get(task + TASK.pinned) < 0) {
    cpu.spinUnlock(percpu(kernel, n) + PERCPU.rqLock);
    n = cpu.id;
    cpu.spinLock(percpu(kernel, n) + PERCPU.rqLock);
  }
  cpu.writeOnce(task + TASK.cpu, n);
  const urgent = isUrgent(cpu, task);
  if (urgent) enqueueFirst(cpu, n, task);
  else enqueueTask(cpu, n, task);
  cpu.writeOnce(task + TASK.state, TASK_RUNNING);
  cpu.trace(TRACE_SCHED_WAKEUP, task, n);
  const curr = cpu.read(percpu(kernel, n) + PERCPU.curr);
  if (urgent || curr === idleTask(kernel, n)) reschedCurr(cpu, n);
  cpu.spinUnlock(percpu(kernel, n) + PERCPU.rqLock);
}

/** Lock the run queue a task belongs to; returns the CPU.
 * @kernel __task_rq_lock, kernel/sched/core.c:640 (v6.1) */
function taskRqLock(cpu: Cpu, task: TaskRef): number {
  const { kernel } = cpu.ctx;
  for (;;) {
    const n = cpu.readOnce(task + TASK.cpu);
    cpu.spinLock(percpu(kernel, n) + PERCPU.rqLock);
    if (cpu.readOnce(task + TASK.cpu) === n) return n;
    cpu.spinUnlock(percpu(kernel, n) + PERCPU.rqLock);
  }
}

function taskRqUnlock(cpu: Cpu, n: number): void {
  cpu.spinUnlock(percpu(cpu.ctx.kernel, n) + PERCPU.rqLock);
}

/** A task that set its state but has not left its CPU yet only needs its state back. */
function ttwuRunnable(cpu: Cpu, task: TaskRef): boolean {
  const n = taskRqLock(cpu, task);
  const queued = cpu.readOnce(task + TASK.onRq) !== 0;
  if (queued) cpu.writeOnce(task + TASK.state, TASK_RUNNING);
  taskRqUnlock(cpu, n);
  return queued;
}

/** Wake a task that sleeps in one of the states of `mask`; returns whether it was woken.
 * @kernel try_to_wake_up, kernel/sched/core.c:4114 (v6.1) */
export function tryToWakeUp(cpu: Cpu, task: TaskRef, mask: number): boolean {
  cpu.spinLock(task + TASK.piLock);
  cpu.smpMb(); // smp_mb__after_spinlock(); pairs with the barrier of setCurrentState().
  const wakes = (cpu.readOnce(task + TASK.state) & mask) !== 0;
  if (wakes) {
    cpu.smpRmb(); // state before onRq; pairs with the release of the run-queue lock in scheduleNext().
    if (cpu.readOnce(task + TASK.onRq) === 0 || !ttwuRunnable(cpu, task)) {
      cpu.smpRmb(); // smp_acquire__after_ctrl_dep(): onRq before onCpu; pairs with the run-queue lock in scheduleNext().
      cpu.writeOnce(task + TASK.state, TASK_WAKING);
      // Pairs with the release in scheduleNext(): its last CPU is done with the task.
      while (cpu.loadAcquire(task + TASK.onCpu) !== 0) cpu.relax(task + TASK.onCpu, 1);
      activateTask(cpu, task);
    }
  }
  cpu.spinUnlock(task + TASK.piLock);
  return wakes;
}

/** `wake_up_state()`. */
export function wakeUpState(cpu: Cpu, task: TaskRef, state: number): boolean {
  return tryToWakeUp(cpu, task, state);
}

/** Make an idle CPU leave its inner idle loop once.
 * @kernel wake_up_if_idle, kernel/sched/core.c:3850 (v6.1) */
export function wakeUpIfIdle(cpu: Cpu, n: number): void {
  const { kernel } = cpu.ctx;
  const rq = percpu(kernel, n);
  if (cpu.readOnce(rq + PERCPU.curr) !== idleTask(kernel, n)) return;
  cpu.spinLock(rq + PERCPU.rqLock);
  if (cpu.read(rq + PERCPU.curr) === idleTask(kernel, n)) reschedCurr(cpu, n);
  cpu.spinUnlock(rq + PERCPU.rqLock);
}

/** Interrupt the CPU a task runs on, so that it looks at its thread flags.
 * @kernel kick_process, kernel/sched/core.c:3400 (v6.1) */
export function kickProcess(cpu: Cpu, task: TaskRef): void {
  const n = cpu.readOnce(task + TASK.cpu);
  if (n === cpu.id) return;
  if (cpu.readOnce(percpu(cpu.ctx.kernel, n) + PERCPU.curr) === task)
    sendIpi(cpu, n, IPI_RESCHEDULE);
}

/**
 * Call `fn(cpu, p, arg)` while `p` can neither start nor stop running (O-22): blocked with wake-ups held off, queued
 * but not scheduled, or running but unable to be descheduled.
 *
 * @kernel task_call_func, kernel/sched/core.c:4270 (v6.1)
 */
export function taskCallFunc<A>(
  cpu: Cpu,
  p: TaskRef,
  fn: (cpu: Cpu, p: TaskRef, arg: A) => number,
  arg: A,
): number {
  if (cpu.ablates(O_22)) return fn(cpu, p, arg);
  cpu.spinLock(p + TASK.piLock);
  const state = cpu.readOnce(p + TASK.state);
  cpu.smpRmb(); // state before onRq; pairs with the run-queue lock in activateTask().
  let rq = -1;
  if (state === TASK_RUNNING || state === TASK_WAKING || cpu.readOnce(p + TASK.onRq) !== 0) {
    rq = taskRqLock(cpu, p);
  } else {
    cpu.smpRmb(); // onRq before onCpu, which may be that of before p ran; pairs with the run-queue lock in scheduleNext().
    // Pairs with the release in scheduleNext(): the stack of p is complete.
    while (cpu.loadAcquire(p + TASK.onCpu) !== 0) cpu.relax(p + TASK.onCpu, 1);
  }
  const ret = fn(cpu, p, arg);
  if (rq >= 0) taskRqUnlock(cpu, rq);
  cpu.spinUnlock(p + TASK.piLock);
  return ret;
}

/** `cond_resched()`: the livepatch hook behind its static key, then a switch if one is due.
 * @kernel __cond_resched, kernel/sched/core.c:8570 (v6.1), with the hook of 6.4 */
export function condResched(cpu: Cpu): void {
  const { kernel } = cpu.ctx;
  cpu.mightSleep('cond_resched()');
  if (
    cpu.readOnce(kernel.globals + KERNEL.klpSchedTrySwitchKey) !== 0 &&
    kernel.facts.switchHook === 'cond_resched'
  ) {
    cpu.trace(TRACE_QUIESCE, cpu.current);
    cpu.ctx.hooks.__klpSchedTrySwitch(cpu);
  }
  if (cpu.testBit(cpu.current + TASK.tiFlags, TIF_NEED_RESCHED)) scheduleNext(cpu, true);
}

function lockPair(cpu: Cpu, a: number, b: number): void {
  const { kernel } = cpu.ctx;
  cpu.spinLock(percpu(kernel, Math.min(a, b)) + PERCPU.rqLock);
  cpu.spinLock(percpu(kernel, Math.max(a, b)) + PERCPU.rqLock);
}

function unlockPair(cpu: Cpu, a: number, b: number): void {
  const { kernel } = cpu.ctx;
  cpu.spinUnlock(percpu(kernel, Math.max(a, b)) + PERCPU.rqLock);
  cpu.spinUnlock(percpu(kernel, Math.min(a, b)) + PERCPU.rqLock);
}

/** Move one queued task that may run on `to` from one run queue to another; false when there is none. */
export function moveOneTask(cpu: Cpu, from: number, to: number): boolean {
  const { kernel } = cpu.ctx;
  lockPair(cpu, from, to);
  // A hint: that CPU begins and ends a context without this lock, and looks again before it runs a task that needs one.
  const busy = cpu.peek(percpu(kernel, to) + PERCPU.context) !== NULL;
  let task = NULL;
  while ((task = forEachQueuedTask(cpu, from, task)) !== NULL) {
    const kcode = (cpu.get(task + TASK.flags) & PF_KCODE) !== 0;
    const movable = cpu.get(task + TASK.pinned) < 0 && cpu.get(task + TASK.context) < 0;
    if (movable && !(busy && kcode)) break;
  }
  if (task !== NULL) {
    dequeueTask(cpu, from, task);
    cpu.writeOnce(task + TASK.cpu, to);
    enqueueTask(cpu, to, task);
    if (to !== cpu.id) reschedCurr(cpu, to);
  }
  unlockPair(cpu, from, to);
  return task !== NULL;
}

/** An idle CPU looks for work on the others' queues; true when it got a task. */
export function newidleBalance(cpu: Cpu): boolean {
  const { kernel } = cpu.ctx;
  for (let i = 1; i < kernel.cpus; i++) {
    const n = (cpu.id + i) % kernel.cpus;
    if (cpu.peek(percpu(kernel, n) + PERCPU.nrQueued) === 0) continue;
    if (moveOneTask(cpu, n, cpu.id)) return true;
  }
  return false;
}

/** Bit of the tick, for engines that raise it. */
export const TICK_BIT: Addr = 1 << IPI_TICK;
