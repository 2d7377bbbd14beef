/** The fake signal of livepatch: make a task leave the kernel without delivering anything. */

import { kickProcess, wakeUpState } from './sched.js';
import {
  SIGNAL_PENDING,
  TASK,
  TASK_INTERRUPTIBLE,
  TIF_NOTIFY_SIGNAL,
  TIF_SIGPENDING,
} from './task.js';
import type { Cpu, TaskRef } from './types.js';

/** Set `TIF_NOTIFY_SIGNAL`; wake an interruptible sleeper, or interrupt the CPU the task runs on.
 * @kernel set_notify_signal, include/linux/sched/signal.h:378 (v6.1) */
export function setNotifySignal(cpu: Cpu, task: TaskRef): void {
  if (cpu.testAndSetBit(task + TASK.tiFlags, TIF_NOTIFY_SIGNAL)) return;
  if (!wakeUpState(cpu, task, TASK_INTERRUPTIBLE)) kickProcess(cpu, task);
}

/** On the way to user mode: the fake signal has done its work.
 * @kernel clear_notify_signal, include/linux/sched/signal.h:366 (v6.1) */
export function clearNotifySignal(cpu: Cpu, task: TaskRef): void {
  cpu.clearBit(task + TASK.tiFlags, TIF_NOTIFY_SIGNAL);
  cpu.smpMb(); // smp_mb__after_atomic(): clear the flag before checking its cause; pairs with setNotifySignal().
}

/** A signal that no program here handles: the task dies on its way to user mode.
 * @kernel send_signal_locked, kernel/signal.c:1170 (v6.1) */
export function sendSignal(cpu: Cpu, task: TaskRef): void {
  cpu.setBit(task + TASK.tiFlags, TIF_SIGPENDING);
  if (!wakeUpState(cpu, task, TASK_INTERRUPTIBLE)) kickProcess(cpu, task);
}

/** Whether an interruptible sleep of the task must end. */
export function signalPending(cpu: Cpu, task: TaskRef): boolean {
  return (cpu.readOnce(task + TASK.tiFlags) & SIGNAL_PENDING) !== 0;
}
