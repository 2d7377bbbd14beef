/** Per-CPU timers: wake a sleeping task, or queue delayed work, when jiffies reach their expiry. */

import { struct } from '../memory/struct.js';
import { KERNEL, percpu, PERCPU } from './layout.js';
import { tryToWakeUp } from './sched.js';
import { TASK_NORMAL } from './task.js';
import { insertWork } from './work-list.js';
import { NULL, type Addr, type Cpu } from './types.js';

/** Words of a timer. */
export const TIMER = struct('timer', {
  next: 1,
  prev: 1,
  expires: 1,
  kind: 1,
  /** Task to wake or work to queue. */
  data: 1,
  /** 1 + CPU whose list the timer is on; 0 when it is not armed. */
  armed: 1,
});

export const TIMER_WAKE = 0;
export const TIMER_WORK = 1;

/** Jiffies in a second. */
export const HZ = 100;

/** Current jiffies. */
export function jiffies(cpu: Cpu): number {
  return cpu.readOnce(cpu.ctx.kernel.globals + KERNEL.jiffies);
}

function insert(cpu: Cpu, pc: Addr, timer: Addr, expires: number): void {
  const first = cpu.get(pc + PERCPU.timers);
  cpu.set(timer + TIMER.next, first);
  cpu.set(timer + TIMER.prev, NULL);
  if (first !== NULL) cpu.set(first + TIMER.prev, timer);
  cpu.set(pc + PERCPU.timers, timer);
  const earliest = cpu.get(pc + PERCPU.nextExpiry);
  if (earliest === 0 || expires - earliest < 0) cpu.set(pc + PERCPU.nextExpiry, expires || 1);
}

function remove(cpu: Cpu, pc: Addr, timer: Addr): void {
  const next = cpu.get(timer + TIMER.next);
  const prev = cpu.get(timer + TIMER.prev);
  if (next !== NULL) cpu.set(next + TIMER.prev, prev);
  if (prev !== NULL) cpu.set(prev + TIMER.next, next);
  else cpu.set(pc + PERCPU.timers, next);
}

/** Arm a timer on this CPU, `delay` jiffies from now (at least one).
 * @kernel add_timer, kernel/time/timer.c:1163 (v6.1) */
export function addTimer(cpu: Cpu, timer: Addr, kind: number, data: number, delay: number): void {
  const pc = percpu(cpu.ctx.kernel, cpu.id);
  const expires = (jiffies(cpu) + Math.max(1, delay)) | 0;
  cpu.spinLock(pc + PERCPU.timerLock);
  cpu.set(timer + TIMER.expires, expires);
  cpu.set(timer + TIMER.kind, kind);
  cpu.set(timer + TIMER.data, data);
  insert(cpu, pc, timer, expires);
  cpu.writeOnce(timer + TIMER.armed, cpu.id + 1);
  cpu.spinUnlock(pc + PERCPU.timerLock);
}

/** Disarm a timer wherever it is; returns whether it was armed.
 * @kernel del_timer, kernel/time/timer.c:1260 (v6.1) */
export function delTimer(cpu: Cpu, timer: Addr): boolean {
  for (;;) {
    const armed = cpu.readOnce(timer + TIMER.armed);
    if (armed === 0) return false;
    const pc = percpu(cpu.ctx.kernel, armed - 1);
    cpu.spinLock(pc + PERCPU.timerLock);
    const here = cpu.readOnce(timer + TIMER.armed) === armed;
    if (here) {
      remove(cpu, pc, timer);
      cpu.writeOnce(timer + TIMER.armed, 0);
    }
    cpu.spinUnlock(pc + PERCPU.timerLock);
    if (here) return true;
  }
}

function fire(cpu: Cpu, kind: number, data: number): void {
  if (kind === TIMER_WAKE) tryToWakeUp(cpu, data, TASK_NORMAL);
  else insertWork(cpu, data);
}

/** Fire this CPU's expired timers; from its tick.
 * @kernel run_local_timers, kernel/time/timer.c:1870 (v6.1) */
export function runTimers(cpu: Cpu): void {
  const pc = percpu(cpu.ctx.kernel, cpu.id);
  const earliest = cpu.peek(pc + PERCPU.nextExpiry);
  const now = jiffies(cpu);
  if (earliest === 0 || earliest - now > 0) return;
  cpu.spinLock(pc + PERCPU.timerLock);
  let next = 0;
  let timer = cpu.get(pc + PERCPU.timers);
  while (timer !== NULL) {
    const following = cpu.get(timer + TIMER.next);
    const expires = cpu.get(timer + TIMER.expires);
    if (expires - now <= 0) {
      remove(cpu, pc, timer);
      const kind = cpu.get(timer + TIMER.kind);
      const data = cpu.get(timer + TIMER.data);
      // Once disarmed, it may be rearmed on another CPU without this lock; C takes the lock of the last CPU for that.
      cpu.storeRelease(timer + TIMER.armed, 0);
      fire(cpu, kind, data);
    } else if (next === 0 || expires - next < 0) {
      next = expires;
    }
    timer = following;
  }
  cpu.set(pc + PERCPU.nextExpiry, next);
  cpu.spinUnlock(pc + PERCPU.timerLock);
}

/** Move all timers of a CPU that goes offline to another one; the dying CPU calls it. */
export function migrateTimers(cpu: Cpu, to: number): void {
  const from = percpu(cpu.ctx.kernel, cpu.id);
  const target = percpu(cpu.ctx.kernel, to);
  cpu.spinLock(percpu(cpu.ctx.kernel, Math.min(cpu.id, to)) + PERCPU.timerLock);
  cpu.spinLock(percpu(cpu.ctx.kernel, Math.max(cpu.id, to)) + PERCPU.timerLock);
  let timer = cpu.get(from + PERCPU.timers);
  while (timer !== NULL) {
    remove(cpu, from, timer);
    insert(cpu, target, timer, cpu.get(timer + TIMER.expires));
    cpu.writeOnce(timer + TIMER.armed, to + 1);
    timer = cpu.get(from + PERCPU.timers);
  }
  cpu.set(from + PERCPU.nextExpiry, 0);
  cpu.spinUnlock(percpu(cpu.ctx.kernel, Math.max(cpu.id, to)) + PERCPU.timerLock);
  cpu.spinUnlock(percpu(cpu.ctx.kernel, Math.min(cpu.id, to)) + PERCPU.timerLock);
}
