/**
 * Moving every task to the target patch state, a port of kernel/livepatch/transition.c: its functions in its order
 * (one file for one C file, which is why it is longer than others). Line numbers are those of the 6.5 to 6.9 file.
 */

import { cpuOnline, cpusReadLock, cpusReadUnlock } from '../kernel/cpuhp.js';
import { forEachPossibleCpu, NO_CPU } from '../kernel/cpumask.js';
import { EADDRINUSE, EAGAIN, EBUSY, EINVAL } from '../kernel/errno.js';
import { KERNEL } from '../kernel/layout.js';
import { LIST, listIsSingular } from '../kernel/list.js';
import { printk } from '../kernel/printk.js';
import { readLock, readUnlock } from '../kernel/rwlock.js';
import { taskCallFunc, wakeUpIfIdle, wakeUpState } from '../kernel/sched.js';
import { setNotifySignal } from '../kernel/signal.js';
import { haveReliableStack, stackTraceSaveTskReliable } from '../kernel/stacktrace.js';
import { staticBranchDisable, rouseIdleCpus, staticBranchEnable } from '../kernel/static-key.js';
import {
  idleTask,
  PF_KTHREAD,
  TASK,
  TASK_INTERRUPTIBLE,
  taskCurr,
  TIF_PATCH_PENDING,
} from '../kernel/task.js';
import { warnOnOnce } from '../kernel/warn.js';
import {
  HZ,
  roundJiffiesRelative,
  scheduleDelayedWork,
  scheduleOnEachCpu,
} from '../kernel/workqueue.js';
import type { Cpu } from '../memory/cpu.js';
import {
  O_01,
  O_05,
  O_06,
  O_07,
  O_08,
  O_15,
  O_16,
  O_18,
  O_19,
  O_20,
  O_21,
  O_23,
  O_26,
  O_27,
  O_28,
  O_31,
  O_32,
  type SiteId,
} from '../memory/sites.js';
import { NULL, type Addr } from '../memory/struct.js';
import { klpFreePatchAsync, klpFreeReplacedPatchesAsync } from './core-free.js';
import { prDebug, TRY_SWITCH_DEBUG } from './debug.js';
import { klpDiscardNops, klpUnpatchReplacedPatches } from './core-replace.js';
import {
  forEachProcessThread,
  klpForEachFunc,
  klpForEachObject,
  klpForEachPatch,
} from './for-each.js';
import {
  KLP_CPU,
  KLP_FUNC,
  KLP_OBJECT,
  KLP_OPS,
  KLP_PATCH,
  KLP_PATCHED,
  KLP_UNDEFINED,
  KLP_UNPATCHED,
  KLP_WORK_SYNC,
  MAX_STACK_ENTRIES,
  SIGNALS_TIMEOUT,
  type KlpFuncRef,
  type KlpPatchRef,
} from './layout.js';
import {
  CANCELING,
  COMPLETE,
  COMPLETING,
  FORCING,
  INITIALIZING,
  REVERSING,
  SIGNALING,
  STARTING,
  TASK_RUNNING_ELSEWHERE,
  TASK_SLEEPING,
  TASK_UNKNOWN_ERROR,
  TASK_UNRELIABLE,
} from './messages.js';
import {
  klpIsObjectLoaded,
  klpMutexLock,
  klpMutexUnlock,
  klpPostPatchCallback,
  klpPostUnpatchCallback,
  patchName,
} from './object.js';
import { klpFindOps, klpUnpatchObjects } from './patch.js';
import {
  SWITCHED_BY_FORCE,
  SWITCHED_BY_FORK,
  SWITCHED_BY_SELF,
  SWITCHED_BY_STACK_CHECK,
  SWITCHED_OFFLINE_IDLE,
  TRACE_KLP_CANCEL,
  TRACE_KLP_COMPLETE,
  TRACE_KLP_COMPLETED,
  TRACE_KLP_FORCE,
  TRACE_KLP_INIT,
  TRACE_KLP_REVERSE,
  TRACE_KLP_SIGNALS,
  TRACE_KLP_START,
  TRACE_KLP_SWITCHED,
} from './trace.js';
import {
  WARN_CANCEL_NOT_PATCHING,
  WARN_COMPLETE_IDLE_PENDING,
  WARN_COMPLETE_TASK_PENDING,
  WARN_INIT_IDLE,
  WARN_INIT_TARGET,
  WARN_INIT_TASK,
  WARN_START_UNDEFINED,
  WARN_TRY_COMPLETE_UNDEFINED,
} from './warn-sites.js';

/** `read_lock(&tasklist_lock)` around a task loop: pairs with the write lock of fork and exit (O-20 with O-21). */
export function tasklistReadLock(cpu: Cpu): void {
  if (cpu.ctx.klp.sabotage.noTasklistLock) return;
  readLock(cpu, cpu.ctx.kernel.globals + KERNEL.tasklistLock, O_20);
}

/** `read_unlock(&tasklist_lock)` (O-20). */
export function tasklistReadUnlock(cpu: Cpu): void {
  if (cpu.ctx.klp.sabotage.noTasklistLock) return;
  readUnlock(cpu, cpu.ctx.kernel.globals + KERNEL.tasklistLock, O_20);
}

/** Name of the direction of the transition, for messages. */
function direction(cpu: Cpu): number {
  const { names, targetState } = cpu.ctx.klp;
  return cpu.read(targetState) === KLP_PATCHED ? names.patching : names.unpatching;
}

/** Whether a task has still to switch. @kernel klp_patch_pending, include/linux/livepatch.h (v6.1) */
function klpPatchPending(cpu: Cpu, task: Addr): boolean {
  return cpu.testBit(task + TASK.tiFlags, TIF_PATCH_PENDING);
}

/** Let cond_resched() (from 6.16: __schedule()) look for TIF_PATCH_PENDING, which helps CPU-bound kernel threads.
 * @kernel klp_cond_resched_enable, kernel/livepatch/transition.c:44 (v6.5)
 * @versions 6.5, 6.12
 * @kernel klp_resched_enable, kernel/livepatch/transition.c (v6.16)
 * @versions 7.3
 * @differs always the static key; 6.1 has no such hook */
export function klpCondReschedEnable(cpu: Cpu): void {
  const { switchHook, hookText } = cpu.ctx.kernel.facts;
  if (switchHook === 'none') return;
  rouseIdleCpus(cpu, hookText === 'every call');
  staticBranchEnable(cpu, cpu.ctx.kernel.globals + KERNEL.klpSchedTrySwitchKey);
}

/** @kernel klp_cond_resched_disable, kernel/livepatch/transition.c:45 (v6.5)
 * @versions 6.5, 6.12
 * @kernel klp_resched_disable, kernel/livepatch/transition.c (v6.16)
 * @versions 7.3
 * @differs always the static key; 6.1 has no such hook */
export function klpCondReschedDisable(cpu: Cpu): void {
  if (cpu.ctx.kernel.facts.switchHook === 'none') return;
  staticBranchDisable(cpu, cpu.ctx.kernel.globals + KERNEL.klpSchedTrySwitchKey);
}

/** Work function of the delayed work: try again to finish the transition, if it is not over yet.
 * @kernel klp_transition_work_fn, kernel/livepatch/transition.c:53 (v6.5) */
export function klpTransitionWorkFn(cpu: Cpu, _work: Addr): void {
  klpMutexLock(cpu);
  if (cpu.read(cpu.ctx.klp.transitionPatch) !== NULL) klpTryCompleteTransition(cpu);
  klpMutexUnlock(cpu);
}

/** Work function that does nothing: running it on a CPU is the synchronisation.
 * @kernel klp_sync, kernel/livepatch/transition.c:69 (v6.5) */
export function klpSync(_cpu: Cpu, _work: Addr): void {
  // It is enough that this work function is scheduled.
}

/** Wait until every CPU has left the section with preemption disabled that it may be in, RCU watching or not (O-19).
 * @kernel klp_synchronize_transition, kernel/livepatch/transition.c:81 (v6.5)
 * @param site which of its three callers' guarantees this call stands for: O-05, O-15 or O-16 */
export function klpSynchronizeTransition(cpu: Cpu, site: SiteId): void {
  if (cpu.ctx.klp.sabotage.noSync) return;
  // Pairs with the disabled preemption of klpFtraceHandler() (O-17) and of klpUpdatePatchState() (O-18).
  // Not synchronize_rcu(), which does not wait for CPUs in idle and entry code (O-19).
  scheduleOnEachCpu(cpu, KLP_WORK_SYNC, site, cpu.ablates(O_19));
}

/** `func->transition = value` for every function of a patch. */
export function setTransition(cpu: Cpu, patch: KlpPatchRef, value: number): void {
  let obj = NULL;
  while ((obj = klpForEachObject(cpu, patch, obj)) !== NULL) {
    let func = NULL;
    while ((func = klpForEachFunc(cpu, obj, func)) !== NULL) {
      cpu.write(func + KLP_FUNC.transition, value);
    }
  }
}

/** The post_patch or post_unpatch callbacks of the patch whose transition ends. */
function runPostCallbacks(cpu: Cpu, patch: KlpPatchRef): void {
  const { targetState } = cpu.ctx.klp;
  let obj = NULL;
  while ((obj = klpForEachObject(cpu, patch, obj)) !== NULL) {
    if (!klpIsObjectLoaded(cpu, obj)) continue;
    if (cpu.read(targetState) === KLP_PATCHED) klpPostPatchCallback(cpu, obj);
    else if (cpu.read(targetState) === KLP_UNPATCHED) klpPostUnpatchCallback(cpu, obj);
  }
}

/** All tasks are in the target state: clean up.
 * @kernel klp_complete_transition, kernel/livepatch/transition.c:90 (v6.5) */
function klpCompleteTransition(cpu: Cpu): void {
  const { kernel, klp } = cpu.ctx;
  const patch = cpu.read(klp.transitionPatch);
  cpu.trace(TRACE_KLP_COMPLETE, patch, cpu.read(klp.targetState));
  prDebug(cpu, COMPLETING, patchName(cpu, patch), direction(cpu));

  if (cpu.get(patch + KLP_PATCH.replace) !== 0 && cpu.read(klp.targetState) === KLP_PATCHED) {
    klpUnpatchReplacedPatches(cpu, patch);
    klpDiscardNops(cpu, patch);
    // The replaced patches stay listed until post_patch could take over their states (O-31).
    if (cpu.ablates(O_31)) klpFreeReplacedPatchesAsync(cpu, patch);
  }

  if (cpu.read(klp.targetState) === KLP_UNPATCHED) {
    klpUnpatchObjects(cpu, patch);
    // No handler may still hold a function of this patch when its transition flag goes (O-15 with O-17).
    klpSynchronizeTransition(cpu, O_15);
  }

  setTransition(cpu, patch, 0);

  // No handler that saw the transition flag may see KLP_UNDEFINED (O-16 with O-17).
  if (cpu.read(klp.targetState) === KLP_PATCHED) klpSynchronizeTransition(cpu, O_16);

  tasklistReadLock(cpu);
  let task = NULL;
  while ((task = forEachProcessThread(cpu, task)) !== NULL) {
    warnOnOnce(cpu, klpPatchPending(cpu, task), WARN_COMPLETE_TASK_PENDING);
    cpu.write(task + TASK.patchState, KLP_UNDEFINED);
  }
  tasklistReadUnlock(cpu);

  let n = NO_CPU;
  while ((n = forEachPossibleCpu(cpu, n)) !== NO_CPU) {
    task = idleTask(kernel, n);
    warnOnOnce(cpu, klpPatchPending(cpu, task), WARN_COMPLETE_IDLE_PENDING);
    cpu.write(task + TASK.patchState, KLP_UNDEFINED);
  }

  runPostCallbacks(cpu, patch);

  printk(cpu, COMPLETE, patchName(cpu, patch), direction(cpu));
  const reached = cpu.read(klp.targetState);
  cpu.write(klp.targetState, KLP_UNDEFINED);
  cpu.write(klp.transitionPatch, NULL);
  cpu.trace(TRACE_KLP_COMPLETED, patch, reached);
}

/** Undo an enabling that was initialised but not started; a started one has to be reversed.
 * @kernel klp_cancel_transition, kernel/livepatch/transition.c:165 (v6.5) */
export function klpCancelTransition(cpu: Cpu): void {
  const { klp } = cpu.ctx;
  const notPatching = cpu.read(klp.targetState) !== KLP_PATCHED;
  if (warnOnOnce(cpu, notPatching, WARN_CANCEL_NOT_PATCHING)) return;

  const patch = cpu.read(klp.transitionPatch);
  cpu.trace(TRACE_KLP_CANCEL, patch);
  prDebug(cpu, CANCELING, patchName(cpu, patch));
  cpu.write(klp.targetState, KLP_UNPATCHED);
  klpCompleteTransition(cpu);
}

/** Move a task to the target state if it is marked, without a look at its stack: at kernel exit and in the idle loop.
 * @kernel klp_update_patch_state, kernel/livepatch/transition.c:184 (v6.5)
 * @param task `cpu.current`, or a task that does not run */
export function klpUpdatePatchState(cpu: Cpu, task: Addr): void {
  // Lets klpReverseTransition() wait for CPUs that read the old target state (O-18 with O-05).
  cpu.preemptDisable(O_18);

  // Doubles as smpRmb() (O-07). The flag before klp_target_state: pairs with the smpWmb() of klpInitTransition() (O-02)
  // and klpReverseTransition() (O-06). The flag before func->transition in a later klpFtraceHandler() on this CPU:
  // pairs with the smpWmb() of __klpDisablePatch() (O-04).
  if (cpu.testAndClearBit(task + TASK.tiFlags, TIF_PATCH_PENDING, O_07)) {
    const state = cpu.readOnce(cpu.ctx.klp.targetState);
    cpu.write(task + TASK.patchState, state);
    const by = task === cpu.current ? SWITCHED_BY_SELF : SWITCHED_BY_FORCE;
    cpu.trace(TRACE_KLP_SWITCHED, task, state, by);
  }

  cpu.preemptEnable(O_18);
}

/** Whether a stack trace contains the code that `func` takes out of use: 0, or -EAGAIN if it does.
 * @kernel klp_check_stack_func, kernel/livepatch/transition.c:214 (v6.5) */
function klpCheckStackFunc(cpu: Cpu, func: KlpFuncRef, entries: Addr, nrEntries: number): number {
  let funcAddr: Addr;
  let funcSize: number;

  if (cpu.read(cpu.ctx.klp.targetState) === KLP_UNPATCHED) {
    // Unpatching: the replacement goes out of use.
    funcAddr = cpu.read(func + KLP_FUNC.newFunc);
    funcSize = cpu.read(func + KLP_FUNC.newSize);
  } else {
    // Patching: the version that ran so far goes out of use.
    const ops = klpFindOps(cpu, cpu.read(func + KLP_FUNC.oldFunc));
    if (listIsSingular(cpu, ops + KLP_OPS.funcStack)) {
      funcAddr = cpu.read(func + KLP_FUNC.oldFunc);
      funcSize = cpu.read(func + KLP_FUNC.oldSize);
    } else {
      // As in C, the list head after the last entry is read as if it were a function.
      const prev = cpu.read(func + KLP_FUNC.stackNode + LIST.next) - KLP_FUNC.stackNode;
      funcAddr = cpu.read(prev + KLP_FUNC.newFunc);
      funcSize = cpu.read(prev + KLP_FUNC.newSize);
    }
  }

  for (let i = 0; i < nrEntries; i++) {
    const address = cpu.get(entries + i);
    if (address >= funcAddr && address < funcAddr + funcSize) return -EAGAIN;
  }
  return 0;
}

/** The stack buffer of this CPU: exclusive while preemption is disabled. 6.1 has one, which klp_mutex protects (O-32). */
function stackEntries(cpu: Cpu): Addr {
  const { klp } = cpu.ctx;
  if (klp.facts.stackBuffer === 'one' || cpu.ablates(O_32))
    return klp.perCpu + KLP_CPU.stackEntries;
  return klp.perCpu + cpu.id * KLP_CPU.size + KLP_CPU.stackEntries;
}

/** Whether a task could switch now, by the functions on its stack: 0, -EINVAL (no reliable trace), -EADDRINUSE.
 * @kernel klp_check_stack, kernel/livepatch/transition.c:263 (v6.5)
 * @param oldname where the name of the function in the way is stored, with -EADDRINUSE only */
function klpCheckStack(cpu: Cpu, task: Addr, oldname: Addr): number {
  if (cpu.ctx.klp.sabotage.stackCheckPasses) return 0;
  const entries = stackEntries(cpu);
  const nrEntries = stackTraceSaveTskReliable(cpu, task, entries, MAX_STACK_ENTRIES);
  if (nrEntries < 0) return -EINVAL;

  const patch = cpu.read(cpu.ctx.klp.transitionPatch);
  let obj = NULL;
  while ((obj = klpForEachObject(cpu, patch, obj)) !== NULL) {
    if (cpu.read(obj + KLP_OBJECT.patched) === 0) continue;
    let func = NULL;
    while ((func = klpForEachFunc(cpu, obj, func)) !== NULL) {
      if (klpCheckStackFunc(cpu, func, entries, nrEntries) !== 0) {
        cpu.set(oldname, cpu.read(func + KLP_FUNC.oldName));
        return -EADDRINUSE;
      }
    }
  }
  return 0;
}

/** Switch a pinned task, or `cpu.current` with preemption disabled: 0, -EBUSY (it runs), or as klpCheckStack().
 * @kernel klp_check_and_switch_task, kernel/livepatch/transition.c:293 (v6.5)
 * @param arg where the name of a function in the way is stored */
function klpCheckAndSwitchTask(cpu: Cpu, task: Addr, arg: Addr): number {
  if (taskCurr(cpu, task) && task !== cpu.current) return -EBUSY;

  const ret = klpCheckStack(cpu, task, arg);
  if (ret !== 0) return ret;

  cpu.clearBit(task + TASK.tiFlags, TIF_PATCH_PENDING);
  const state = cpu.read(cpu.ctx.klp.targetState);
  cpu.write(task + TASK.patchState, state);
  cpu.trace(TRACE_KLP_SWITCHED, task, state, SWITCHED_BY_STACK_CHECK);
  return 0;
}

/** Print why a task was not switched, if its debug message is switched on. */
function explainRefusal(cpu: Cpu, task: Addr, ret: number, oldName: number): void {
  const comm = cpu.get(task + TASK.comm);
  const pid = cpu.get(task + TASK.pid);
  if (ret === -EBUSY) prDebug(cpu, TASK_RUNNING_ELSEWHERE, comm, pid);
  else if (ret === -EINVAL) prDebug(cpu, TASK_UNRELIABLE, comm, pid);
  else if (ret === -EADDRINUSE) prDebug(cpu, TASK_SLEEPING, comm, pid, oldName);
  else prDebug(cpu, TASK_UNKNOWN_ERROR, ret, comm, pid);
}

/** Switch a task to the target state if that is safe now. Whether it is in the target state.
 * @kernel klp_try_switch_task, kernel/livepatch/transition.c:314 (v6.5) */
export function klpTrySwitchTask(cpu: Cpu, task: Addr): boolean {
  const { klp } = cpu.ctx;
  if (cpu.read(task + TASK.patchState) === cpu.read(klp.targetState)) return true;
  if (!haveReliableStack(cpu)) return false;

  const oldName = klp.perCpu + cpu.id * KLP_CPU.size + KLP_CPU.oldName;
  const ret =
    task === cpu.current && !klp.facts.pinsCurrent
      ? klpCheckAndSwitchTask(cpu, task, oldName)
      : taskCallFunc(cpu, task, klpCheckAndSwitchTask, oldName);

  if (ret !== 0 && (cpu.peek(klp.debug) & TRY_SWITCH_DEBUG) !== 0)
    explainRefusal(cpu, task, ret, cpu.get(oldName));
  return ret === 0;
}

/** From the hook: switch the current task if it is marked and its stack allows it. Without klp_mutex.
 * @kernel __klp_sched_try_switch, kernel/livepatch/transition.c:366 (v6.5)
 * @versions 6.5, 6.12, 7.3
 * @differs with version 7.3: preemption is disabled already, and the flag is read once */
export function __klpSchedTrySwitch(cpu: Cpu): void {
  if (!klpPatchPending(cpu, cpu.current)) return;

  if (cpu.ctx.klp.facts.hookFlagReads === 1) {
    // As below; here this one read of the flag is the one that is ordered (O-08).
    cpu.smpRmb(O_08);
    klpTrySwitchTask(cpu, cpu.current);
    return;
  }

  // Keeps other switchers off: taskCallFunc() does not touch a task that runs (O-23 with O-22). Also O-18 with O-05.
  cpu.preemptDisable(O_23);

  // Again, since the task may have been switched before preemption was disabled.
  if (cpu.ablates(O_23) || klpPatchPending(cpu, cpu.current)) {
    // The flag before klp_target_state and func->transition: pairs with the smpWmb() of klpInitTransition() (O-02),
    // __klpDisablePatch() (O-04) and klpReverseTransition() (O-06).
    cpu.smpRmb(O_08);
    klpTrySwitchTask(cpu, cpu.current);
  }

  cpu.preemptEnable(O_23);
}

/** Prod the tasks that are still marked: a signal without a handler, or a wake-up for kernel threads.
 * @kernel klp_send_signals, kernel/livepatch/transition.c:408 (v6.5) */
function klpSendSignals(cpu: Cpu): void {
  const signalsCnt = cpu.get(cpu.ctx.klp.signalsCnt);
  cpu.trace(TRACE_KLP_SIGNALS, signalsCnt);
  if (signalsCnt === SIGNALS_TIMEOUT) printk(cpu, SIGNALING);

  tasklistReadLock(cpu);
  let task = NULL;
  while ((task = forEachProcessThread(cpu, task)) !== NULL) {
    if (!klpPatchPending(cpu, task)) continue;
    // The task may switch right now; a needless prod does no harm.
    if ((cpu.read(task + TASK.flags) & PF_KTHREAD) !== 0) {
      wakeUpState(cpu, task, TASK_INTERRUPTIBLE);
    } else {
      setNotifySignal(cpu, task);
    }
  }
  tasklistReadUnlock(cpu);
}

/** One attempt on every idle task; those of offline CPUs are switched at once. Whether all are in the target state. */
function trySwitchIdleTasks(cpu: Cpu): boolean {
  const { kernel, klp } = cpu.ctx;
  let complete = true;
  // No CPU may come online between the test and the direct write: pairs with CPU hotplug's write lock (O-27).
  cpusReadLock(cpu, O_27);
  let n = NO_CPU;
  while ((n = forEachPossibleCpu(cpu, n)) !== NO_CPU) {
    const task = idleTask(kernel, n);
    if (cpuOnline(cpu, n)) {
      if (!klpTrySwitchTask(cpu, task)) {
        complete = false;
        // An idle CPU has to go through its loop: pairs with the switch point in the idle loop (O-26).
        if (!cpu.ablates(O_26)) wakeUpIfIdle(cpu, n);
      }
    } else if (cpu.read(task + TASK.patchState) !== cpu.read(klp.targetState)) {
      cpu.clearBit(task + TASK.tiFlags, TIF_PATCH_PENDING);
      const state = cpu.read(klp.targetState);
      cpu.write(task + TASK.patchState, state);
      cpu.trace(TRACE_KLP_SWITCHED, task, state, SWITCHED_OFFLINE_IDLE);
    }
  }
  cpusReadUnlock(cpu, O_27);
  return complete;
}

/** Try to switch the tasks of the list from `first` on, under the tasklist lock; returns whether all are in the target state. */
export function klpTrySwitchTasks(cpu: Cpu, first: Addr): boolean {
  let complete = true;
  for (let task = first; task !== NULL; task = forEachProcessThread(cpu, task)) {
    if (!klpTrySwitchTask(cpu, task)) complete = false;
  }
  return complete;
}

/** One attempt to switch all tasks; completes the transition, or arranges the next attempt.
 * @kernel klp_try_complete_transition, kernel/livepatch/transition.c:451 (v6.5) */
export function klpTryCompleteTransition(cpu: Cpu): void {
  const { klp } = cpu.ctx;
  let complete = true;
  const undefinedTarget = cpu.read(klp.targetState) === KLP_UNDEFINED;
  warnOnOnce(cpu, undefinedTarget, WARN_TRY_COMPLETE_UNDEFINED);

  // The replacement of the port prints nothing.
  const isSilent = (cpu.peek(klp.debug) & TRY_SWITCH_DEBUG) === 0;
  const trySwitchTasks = (isSilent ? klp.trySwitchTasks : undefined) ?? klpTrySwitchTasks;
  tasklistReadLock(cpu);
  if (!trySwitchTasks(cpu, forEachProcessThread(cpu, NULL))) complete = false;
  tasklistReadUnlock(cpu);

  if (!trySwitchIdleTasks(cpu)) complete = false;

  if (!complete) {
    const signalsCnt = cpu.get(klp.signalsCnt);
    if (signalsCnt !== 0 && signalsCnt % SIGNALS_TIMEOUT === 0) klpSendSignals(cpu);
    cpu.set(klp.signalsCnt, signalsCnt + 1);
    scheduleDelayedWork(cpu, klp.transitionWork, roundJiffiesRelative(cpu, HZ));
    return;
  }

  klpCondReschedDisable(cpu);
  const patch = cpu.read(klp.transitionPatch);
  klpCompleteTransition(cpu);

  // Not part of the completion, because a cancelled enabling goes through that too.
  if (cpu.read(patch + KLP_PATCH.enabled) === 0) klpFreePatchAsync(cpu, patch);
  else if (cpu.get(patch + KLP_PATCH.replace) !== 0) klpFreeReplacedPatchesAsync(cpu, patch);
}

/** Mark every task that is not in the target state, so that they begin to switch.
 * @kernel klp_start_transition, kernel/livepatch/transition.c:530 (v6.5) */
export function klpStartTransition(cpu: Cpu): void {
  const { kernel, klp } = cpu.ctx;
  const undefinedTarget = cpu.read(klp.targetState) === KLP_UNDEFINED;
  warnOnOnce(cpu, undefinedTarget, WARN_START_UNDEFINED);
  const patch = cpu.read(klp.transitionPatch);
  cpu.trace(TRACE_KLP_START, patch, cpu.read(klp.targetState));
  printk(cpu, STARTING, patchName(cpu, patch), direction(cpu));

  tasklistReadLock(cpu);
  let task = NULL;
  while ((task = forEachProcessThread(cpu, task)) !== NULL) {
    if (cpu.read(task + TASK.patchState) !== cpu.read(klp.targetState)) {
      cpu.setBit(task + TASK.tiFlags, TIF_PATCH_PENDING);
    }
  }
  tasklistReadUnlock(cpu);

  let n = NO_CPU;
  while ((n = forEachPossibleCpu(cpu, n)) !== NO_CPU) {
    task = idleTask(kernel, n);
    if (cpu.read(task + TASK.patchState) !== cpu.read(klp.targetState)) {
      cpu.setBit(task + TASK.tiFlags, TIF_PATCH_PENDING);
    }
  }

  klpCondReschedEnable(cpu);
  cpu.set(klp.signalsCnt, 0);
}

/** Set the target state, every task's initial state and every function's transition flag; nothing switches yet.
 * @kernel klp_init_transition, kernel/livepatch/transition.c:573 (v6.5)
 * @param state KLP_PATCHED or KLP_UNPATCHED */
export function klpInitTransition(cpu: Cpu, patch: KlpPatchRef, state: number): void {
  const { kernel, klp } = cpu.ctx;
  const initialState = state === 0 ? 1 : 0;
  warnOnOnce(cpu, cpu.read(klp.targetState) !== KLP_UNDEFINED, WARN_INIT_TARGET);
  cpu.trace(TRACE_KLP_INIT, patch, state);

  cpu.write(klp.transitionPatch, patch);
  cpu.write(klp.targetState, state);
  prDebug(cpu, INITIALIZING, patchName(cpu, patch), direction(cpu));

  tasklistReadLock(cpu);
  let task = NULL;
  while ((task = forEachProcessThread(cpu, task)) !== NULL) {
    warnOnOnce(cpu, cpu.read(task + TASK.patchState) !== KLP_UNDEFINED, WARN_INIT_TASK);
    cpu.write(task + TASK.patchState, initialState);
  }
  tasklistReadUnlock(cpu);

  let n = NO_CPU;
  while ((n = forEachPossibleCpu(cpu, n)) !== NO_CPU) {
    task = idleTask(kernel, n);
    warnOnOnce(cpu, cpu.read(task + TASK.patchState) !== KLP_UNDEFINED, WARN_INIT_IDLE);
    cpu.write(task + TASK.patchState, initialState);
  }

  // patch_state before func->transition: pairs with the second smpRmb() of klpFtraceHandler() (O-01 with O-10).
  // klp_target_state before a later TIF_PATCH_PENDING: pairs with the test-and-clear of klpUpdatePatchState() (O-02 with
  // O-07) and the smpRmb() of __klpSchedTrySwitch() (O-08).
  cpu.smpWmb(O_01);

  setTransition(cpu, patch, 1);
}

/** `klp_transition_patch->enabled = !…` and `klp_target_state = !…`. */
function flipDirection(cpu: Cpu): void {
  const { klp } = cpu.ctx;
  const enabled = cpu.read(klp.transitionPatch) + KLP_PATCH.enabled;
  cpu.write(enabled, cpu.read(enabled) === 0 ? 1 : 0);
  cpu.write(klp.targetState, cpu.read(klp.targetState) === 0 ? 1 : 0);
}

/** Reverse a started transition.
 * @kernel klp_reverse_transition, kernel/livepatch/transition.c:648 (v6.5)
 * @differs with version 6.1: the direction is flipped before the flags are cleared, and no smpWmb() follows */
export function klpReverseTransition(cpu: Cpu): void {
  const { kernel, klp } = cpu.ctx;
  const flipsFirst = klp.facts.reverse === 'flip first';
  const patch = cpu.read(klp.transitionPatch);
  const patching = cpu.read(klp.targetState) === KLP_PATCHED;
  cpu.trace(TRACE_KLP_REVERSE, patch, cpu.read(klp.targetState));
  const what = patching ? klp.names.patchingToUnpatching : klp.names.unpatchingToPatching;
  prDebug(cpu, REVERSING, patchName(cpu, patch), what);
  if (flipsFirst) flipDirection(cpu);

  // No task may begin to switch in the old direction …
  tasklistReadLock(cpu);
  let task = NULL;
  while ((task = forEachProcessThread(cpu, task)) !== NULL) {
    cpu.clearBit(task + TASK.tiFlags, TIF_PATCH_PENDING);
  }
  tasklistReadUnlock(cpu);
  let n = NO_CPU;
  while ((n = forEachPossibleCpu(cpu, n)) !== NO_CPU) {
    cpu.clearBit(idleTask(kernel, n) + TASK.tiFlags, TIF_PATCH_PENDING);
  }
  // … and tasks that have are waited for: pairs with the disabled preemption of klpUpdatePatchState() (O-05 with O-18)
  // and of __klpSchedTrySwitch() (O-23).
  klpSynchronizeTransition(cpu, O_05);

  if (!flipsFirst) {
    flipDirection(cpu);
    // klp_target_state before TIF_PATCH_PENDING: pairs with the test-and-clear of klpUpdatePatchState() (O-06 with O-07)
    // and the smpRmb() of __klpSchedTrySwitch() (O-08).
    cpu.smpWmb(O_06);
  }

  klpStartTransition(cpu);
}

/** From fork, under the tasklist write lock: the child, not visible yet, takes over its parent's state and flag.
 * @kernel klp_copy_process, kernel/livepatch/transition.c:697 (v6.5) */
export function klpCopyProcess(cpu: Cpu, child: Addr): void {
  if (cpu.ctx.klp.sabotage.noCopyProcess) return;
  // The parent may have been switched since its flags were copied (O-21 with O-20).
  if (!cpu.ablates(O_21)) {
    if (klpPatchPending(cpu, cpu.current)) cpu.setBit(child + TASK.tiFlags, TIF_PATCH_PENDING);
    else cpu.clearBit(child + TASK.tiFlags, TIF_PATCH_PENDING);
  }
  const state = cpu.read(cpu.current + TASK.patchState);
  cpu.write(child + TASK.patchState, state);
  cpu.trace(TRACE_KLP_SWITCHED, child, state, SWITCHED_BY_FORK);
}

/** Switch all marked tasks on the administrator's request, running or not, whatever is on their stacks (O-28).
 * @kernel klp_force_transition, kernel/livepatch/transition.c:727 (v6.5) */
export function klpForceTransition(cpu: Cpu): void {
  const { kernel, klp } = cpu.ctx;
  const transitionPatch = cpu.read(klp.transitionPatch);
  cpu.trace(TRACE_KLP_FORCE, transitionPatch, cpu.read(klp.targetState));
  printk(cpu, FORCING);

  tasklistReadLock(cpu);
  let task = NULL;
  while ((task = forEachProcessThread(cpu, task)) !== NULL) klpUpdatePatchState(cpu, task);
  tasklistReadUnlock(cpu);

  let n = NO_CPU;
  while ((n = forEachPossibleCpu(cpu, n)) !== NO_CPU) {
    klpUpdatePatchState(cpu, idleTask(kernel, n));
  }

  // The modules of patches being removed may never go: a task may sleep in them for ever (O-28).
  if (cpu.ablates(O_28)) return;
  if (cpu.read(klp.targetState) === KLP_UNPATCHED) {
    cpu.set(transitionPatch + KLP_PATCH.forced, 1);
  } else if (cpu.get(transitionPatch + KLP_PATCH.replace) !== 0) {
    let p = NULL;
    while ((p = klpForEachPatch(cpu, p)) !== NULL) {
      if (p !== transitionPatch) cpu.set(p + KLP_PATCH.forced, 1);
    }
  }
}
