/** Signals: the fake one of livepatch, which makes a task leave the kernel and delivers nothing, and those that end, stop and continue. */

import { kickProcess, wakeUpState } from './sched.js';
import {
  SIGNAL_PENDING,
  TASK,
  TASK_INTERRUPTIBLE,
  TASK_RUNNING,
  TASK_STOPPED,
  TIF_NOTIFY_SIGNAL,
  TIF_SIGPENDING,
  TIF_STOP,
} from './task.js';
import type { Cpu, TaskRef } from './types.js';
import { setCurrentState } from './wait.js';

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

/** A signal that kills at once, also a task that is stopped. */
export function killTask(cpu: Cpu, task: TaskRef): void {
  sendSignal(cpu, task);
  wakeUpState(cpu, task, TASK_STOPPED);
}

/** A signal that stops the task on its way to user mode.
 * @kernel do_signal_stop, kernel/signal.c:2345 (v6.1)
 * @differs one flag stands for JOBCTL_STOP_PENDING and for being stopped; siglock is replaced by the order of flag and state */
export function stopTask(cpu: Cpu, task: TaskRef): void {
  cpu.setBit(task + TASK.tiFlags, TIF_STOP);
  if (!wakeUpState(cpu, task, TASK_INTERRUPTIBLE)) kickProcess(cpu, task);
}

/** SIGCONT.
 * @kernel prepare_signal, kernel/signal.c:890 (v6.1) */
export function continueTask(cpu: Cpu, task: TaskRef): void {
  cpu.clearBit(task + TASK.tiFlags, TIF_STOP);
  // The flag is cleared before the state is looked at; pairs with the barrier of setCurrentState() in enterStop().
  cpu.smpMb();
  wakeUpState(cpu, task, TASK_STOPPED);
}

/** The current task sets the state in which it stops, unless it is to go on already; it then gives up its CPU. */
export function enterStop(cpu: Cpu): void {
  const task = cpu.current;
  setCurrentState(cpu, TASK_STOPPED);
  const flags = cpu.readOnce(task + TASK.tiFlags);
  const goesOn = (flags & (1 << TIF_STOP)) === 0 || (flags & (1 << TIF_SIGPENDING)) !== 0;
  if (goesOn) setCurrentState(cpu, TASK_RUNNING);
}

/** Whether an interruptible sleep of the task must end. */
export function signalPending(cpu: Cpu, task: TaskRef): boolean {
  return (cpu.readOnce(task + TASK.tiFlags) & SIGNAL_PENDING) !== 0;
}
