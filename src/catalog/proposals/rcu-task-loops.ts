/**
 * Proposal: RCU instead of tasklist_lock in the loops of transition.c; a forked task has no side of its own, and the
 * handler takes the target state for it.
 */

import { ftraceRegsSetInstructionPointer } from '../../kernel/ftrace.js';
import {
  ftraceTestRecursionTrylock,
  ftraceTestRecursionUnlock,
} from '../../kernel/ftrace-recursion.js';
import { KERNEL } from '../../kernel/layout.js';
import { LIST } from '../../kernel/list.js';
import { rcuReadLock, rcuReadUnlock } from '../../kernel/rcu.js';
import { TASK, TIF_PATCH_PENDING } from '../../kernel/task.js';
import { warnOnOnce } from '../../kernel/warn.js';
import { KLP_FUNC, KLP_OPS, KLP_UNDEFINED, KLP_UNPATCHED } from '../../livepatch/layout.js';
import { WARN_HANDLER_EMPTY_STACK, WARN_HANDLER_RECURSION } from '../../livepatch/warn-sites.js';
import type { Cpu } from '../../memory/cpu.js';
import { NULL, type Addr } from '../../memory/struct.js';

/** One step of a loop over all tasks, in a read section. */
export function forEachProcessThread(cpu: Cpu, task: Addr): Addr {
  const link = task === NULL ? cpu.ctx.kernel.globals + KERNEL.taskList : task + TASK.tasksNext;
  return cpu.rcuDereference(link);
}

/** The loops are read sections, and take no lock. */
export function tasklistReadLock(cpu: Cpu): void {
  rcuReadLock(cpu);
}

/** The end of a read section. */
export function tasklistReadUnlock(cpu: Cpu): void {
  rcuReadUnlock(cpu);
}

/** A child has no side, and no flag: the next attempt or the handler decides. */
export function klpCopyProcess(cpu: Cpu, child: Addr): void {
  cpu.clearBit(child + TASK.tiFlags, TIF_PATCH_PENDING);
  cpu.write(child + TASK.patchState, KLP_UNDEFINED);
}

/** The side of the current task: its own, or the one that all are on their way to. */
function sideOf(cpu: Cpu): number {
  const own = cpu.read(cpu.current + TASK.patchState);
  return own === KLP_UNDEFINED ? cpu.readOnce(cpu.ctx.klp.targetState) : own;
}

/** klp_ftrace_handler() that takes klp_target_state for a task without a side. */
export function klpFtraceHandler(
  cpu: Cpu,
  _ip: Addr,
  _parentIp: Addr,
  fops: Addr,
  fregs: Addr,
): void {
  const stack = fops - KLP_OPS.fops + KLP_OPS.funcStack;
  const bit = ftraceTestRecursionTrylock(cpu);
  if (warnOnOnce(cpu, bit < 0, WARN_HANDLER_RECURSION)) return;
  let node = cpu.rcuDereference(stack + LIST.next);
  if (warnOnOnce(cpu, node === stack, WARN_HANDLER_EMPTY_STACK)) {
    ftraceTestRecursionUnlock(cpu, bit);
    return;
  }
  cpu.smpRmb(); // func_stack before func->transition, as today.
  if (cpu.read(node - KLP_FUNC.stackNode + KLP_FUNC.transition) !== 0) {
    cpu.smpRmb(); // func->transition before patch_state and klp_target_state.
    if (sideOf(cpu) === KLP_UNPATCHED) node = cpu.rcuDereference(node + LIST.next);
  }
  if (node !== stack) {
    const func = node - KLP_FUNC.stackNode;
    if (cpu.read(func + KLP_FUNC.nop) === 0) {
      ftraceRegsSetInstructionPointer(cpu, fregs, cpu.read(func + KLP_FUNC.newFunc));
    }
  }
  ftraceTestRecursionUnlock(cpu, bit);
}
