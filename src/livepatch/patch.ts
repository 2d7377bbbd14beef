/** Redirecting functions: the ftrace handler and the stacks it reads, a port of kernel/livepatch/patch.c. */

import { kfree, kzalloc } from '../kernel/alloc.js';
import { EINVAL, ENOMEM } from '../kernel/errno.js';
import {
  FTRACE_FN_KLP,
  FTRACE_OPS,
  FTRACE_OPS_FL_DYNAMIC,
  FTRACE_OPS_FL_IPMODIFY,
  FTRACE_OPS_FL_PERMANENT,
  ftraceLocation,
  ftraceRegsSetInstructionPointer,
  ftraceSetFilterIp,
  registerFtraceFunction,
  unregisterFtraceFunction,
} from '../kernel/ftrace.js';
import {
  ftraceTestRecursionTrylock,
  ftraceTestRecursionUnlock,
} from '../kernel/ftrace-recursion.js';
import {
  initListHead,
  LIST,
  listForEachEntry,
  listAdd,
  listAddRcu,
  listDel,
  listDelRcu,
  listIsSingular,
} from '../kernel/list.js';
import { printk } from '../kernel/printk.js';
import { TASK } from '../kernel/task.js';
import { warnOn, warnOnOnce } from '../kernel/warn.js';
import type { Cpu } from '../memory/cpu.js';
import { O_09, O_10, O_11, O_12, O_13, O_14, O_17 } from '../memory/sites.js';
import { NULL, type Addr } from '../memory/struct.js';
import { klpForEachFunc, klpForEachObject } from './for-each.js';
import {
  KLP_FUNC,
  KLP_OBJECT,
  KLP_OPS,
  KLP_UNDEFINED,
  KLP_UNPATCHED,
  type KlpFuncRef,
  type KlpObjectRef,
  type KlpOpsRef,
  type KlpPatchRef,
} from './layout.js';
import { FILTER_FAILED, LOCATION_NOT_FOUND, REGISTER_FAILED } from './messages.js';
import { TRACE_KLP_PATCH_FUNC, TRACE_KLP_UNPATCH_FUNC } from './trace.js';
import {
  WARN_CLEAR_FILTER,
  WARN_HANDLER_EMPTY_STACK,
  WARN_HANDLER_RECURSION,
  WARN_HANDLER_UNDEFINED,
  WARN_PATCH_NO_OLD_FUNC,
  WARN_PATCH_OBJECT_PATCHED,
  WARN_PATCH_PATCHED,
  WARN_UNPATCH_NO_LOCATION,
  WARN_UNPATCH_NO_OLD_FUNC,
  WARN_UNPATCH_NO_OPS,
  WARN_UNPATCH_NOT_PATCHED,
  WARN_UNREGISTER,
} from './warn-sites.js';

/** The ops of an original function, or `NULL`. The key is the `oldFunc` of the newest entry of each stack.
 * @kernel klp_find_ops, kernel/livepatch/patch.c:25 (v6.1) */
export function klpFindOps(cpu: Cpu, oldFunc: Addr): KlpOpsRef {
  const head = cpu.ctx.klp.ops;
  let ops = NULL;
  while ((ops = listForEachEntry(cpu, head, ops)) !== NULL) {
    const func = cpu.read(ops + KLP_OPS.funcStack + LIST.next) - KLP_FUNC.stackNode;
    if (cpu.read(func + KLP_FUNC.oldFunc) === oldFunc) return ops;
  }
  return NULL;
}

/** At the entry of a patched function: choose the version that the current task has to run.
 * @kernel klp_ftrace_handler, kernel/livepatch/patch.c:40 (v6.1)
 * @param _ip address of the ftrace site
 * @param _parentIp return address of the patched function
 * @param fops `fops` of the function's {@link KLP_OPS}
 * @param fregs registers whose instruction pointer is set unless the original has to run */
export function klpFtraceHandler(
  cpu: Cpu,
  _ip: Addr,
  _parentIp: Addr,
  fops: Addr,
  fregs: Addr,
): void {
  const stack = fops - KLP_OPS.fops + KLP_OPS.funcStack;

  // Disables preemption, which klpSynchronizeTransition() waits for (O-17 with O-05, O-15, O-16).
  const bit = ftraceTestRecursionTrylock(cpu, O_17);
  if (warnOnOnce(cpu, bit < 0, WARN_HANDLER_RECURSION)) return;

  // The head and what is read through it: pairs with listAddRcu() in klpPatchFunc() (O-11 with O-12).
  let node = cpu.rcuDereference(stack + LIST.next, O_11);
  // Never empty: klpUnpatchFunc() unregisters, which waits for handlers, before it empties the stack (O-14).
  if (warnOnOnce(cpu, node === stack, WARN_HANDLER_EMPTY_STACK)) {
    ftraceTestRecursionUnlock(cpu, bit, O_17);
    return;
  }

  // func_stack before func->transition: pairs with the smpWmb() of __klpEnablePatch() (O-09 with O-03).
  cpu.smpRmb(O_09);

  if (cpu.read(node - KLP_FUNC.stackNode + KLP_FUNC.transition) !== 0) {
    // func->transition before patch_state: pairs with the smpWmb() of klpInitTransition() (O-10 with O-01).
    cpu.smpRmb(O_10);
    const patchState = cpu.read(cpu.current + TASK.patchState);
    warnOnOnce(cpu, patchState === KLP_UNDEFINED, WARN_HANDLER_UNDEFINED);
    if (patchState === KLP_UNPATCHED) {
      // The next older version. A removed entry keeps its link: pairs with listDelRcu() (O-13).
      node = cpu.rcuDereference(node + LIST.next);
      if (node === stack) {
        ftraceTestRecursionUnlock(cpu, bit, O_17);
        return;
      }
    }
  }

  const func = node - KLP_FUNC.stackNode;
  // A nop means "run the original": redirecting to it would come here again.
  if (cpu.read(func + KLP_FUNC.nop) === 0) {
    ftraceRegsSetInstructionPointer(cpu, fregs, cpu.read(func + KLP_FUNC.newFunc));
  }
  ftraceTestRecursionUnlock(cpu, bit, O_17);
}

/** Take down the ftrace hook of a function that is alone on its stack, then the stack. False if that is impossible. */
function removeOps(cpu: Cpu, ops: KlpOpsRef, func: KlpFuncRef): boolean {
  const loc = ftraceLocation(cpu, cpu.read(func + KLP_FUNC.oldFunc));
  if (warnOn(cpu, loc === NULL, WARN_UNPATCH_NO_LOCATION)) return false;
  const fops = ops + KLP_OPS.fops;

  // Unregistering waits for all handlers of this ops, and only then may the stack become empty (O-14).
  if (cpu.ablates(O_14)) listDelRcu(cpu, func + KLP_FUNC.stackNode, O_13);
  warnOn(cpu, unregisterFtraceFunction(cpu, fops, O_14) !== 0, WARN_UNREGISTER);
  warnOn(cpu, ftraceSetFilterIp(cpu, fops, loc, true) !== 0, WARN_CLEAR_FILTER);
  if (!cpu.ablates(O_14)) listDelRcu(cpu, func + KLP_FUNC.stackNode, O_13);

  listDel(cpu, ops + KLP_OPS.node);
  kfree(cpu, cpu.ctx.klp.opsCache, ops);
  return true;
}

/** Take a function off its stack.
 * @kernel klp_unpatch_func, kernel/livepatch/patch.c:127 (v6.1) */
function klpUnpatchFunc(cpu: Cpu, func: KlpFuncRef): void {
  if (warnOn(cpu, cpu.read(func + KLP_FUNC.patched) === 0, WARN_UNPATCH_NOT_PATCHED)) return;
  const oldFunc = cpu.read(func + KLP_FUNC.oldFunc);
  if (warnOn(cpu, oldFunc === NULL, WARN_UNPATCH_NO_OLD_FUNC)) return;

  const ops = klpFindOps(cpu, oldFunc);
  if (warnOn(cpu, ops === NULL, WARN_UNPATCH_NO_OPS)) return;

  if (listIsSingular(cpu, ops + KLP_OPS.funcStack)) {
    if (!removeOps(cpu, ops, func)) return;
  } else {
    // A handler may hold this entry and be about to follow its link to the older one (O-13).
    listDelRcu(cpu, func + KLP_FUNC.stackNode, O_13);
  }
  cpu.write(func + KLP_FUNC.patched, 0);
  cpu.trace(TRACE_KLP_UNPATCH_FUNC, func, oldFunc, cpu.read(func + KLP_FUNC.newFunc));
}

/** Hook a function that nobody has patched before: its ops, with `func` as the first entry. 0 or a negative errno. */
function addOps(cpu: Cpu, func: KlpFuncRef, oldFunc: Addr): number {
  const oldName = cpu.read(func + KLP_FUNC.oldName);
  const loc = ftraceLocation(cpu, oldFunc);
  if (loc === NULL) {
    printk(cpu, LOCATION_NOT_FOUND, oldName);
    return -EINVAL;
  }

  const ops = kzalloc(cpu, cpu.ctx.klp.opsCache);
  if (ops === NULL) return -ENOMEM;
  const fops = ops + KLP_OPS.fops;
  cpu.write(fops + FTRACE_OPS.func, FTRACE_FN_KLP);
  cpu.write(
    fops + FTRACE_OPS.flags,
    FTRACE_OPS_FL_DYNAMIC | FTRACE_OPS_FL_IPMODIFY | FTRACE_OPS_FL_PERMANENT,
  );

  listAdd(cpu, ops + KLP_OPS.node, cpu.ctx.klp.ops);
  initListHead(cpu, ops + KLP_OPS.funcStack);
  // Release: the function's fields and link before the head. Pairs with the handler's dependent load (O-12 with O-11).
  listAddRcu(cpu, func + KLP_FUNC.stackNode, ops + KLP_OPS.funcStack, O_12);

  let ret = ftraceSetFilterIp(cpu, fops, loc, false);
  if (ret !== 0) {
    printk(cpu, FILTER_FAILED, oldName, ret);
  } else {
    ret = registerFtraceFunction(cpu, fops);
    if (ret === 0) return 0;
    printk(cpu, REGISTER_FAILED, oldName, ret);
    ftraceSetFilterIp(cpu, fops, loc, true);
  }

  listDelRcu(cpu, func + KLP_FUNC.stackNode, O_13);
  listDel(cpu, ops + KLP_OPS.node);
  kfree(cpu, cpu.ctx.klp.opsCache, ops);
  return ret;
}

/** Put a function on top of the stack of its original. 0 or a negative errno.
 * @kernel klp_patch_func, kernel/livepatch/patch.c:160 (v6.1) */
function klpPatchFunc(cpu: Cpu, func: KlpFuncRef): number {
  const oldFunc = cpu.read(func + KLP_FUNC.oldFunc);
  if (warnOn(cpu, oldFunc === NULL, WARN_PATCH_NO_OLD_FUNC)) return -EINVAL;
  if (warnOn(cpu, cpu.read(func + KLP_FUNC.patched) !== 0, WARN_PATCH_PATCHED)) return -EINVAL;

  const ops = klpFindOps(cpu, oldFunc);
  if (ops === NULL) {
    const ret = addOps(cpu, func, oldFunc);
    if (ret !== 0) return ret;
  } else {
    // Release, as in addOps() (O-12 with O-11).
    listAddRcu(cpu, func + KLP_FUNC.stackNode, ops + KLP_OPS.funcStack, O_12);
  }
  cpu.write(func + KLP_FUNC.patched, 1);
  cpu.trace(TRACE_KLP_PATCH_FUNC, func, oldFunc, cpu.read(func + KLP_FUNC.newFunc));
  return 0;
}

/** @kernel __klp_unpatch_object, kernel/livepatch/patch.c:230 (v6.1) */
function __klpUnpatchObject(cpu: Cpu, obj: KlpObjectRef, nopsOnly: boolean): void {
  let func = NULL;
  while ((func = klpForEachFunc(cpu, obj, func)) !== NULL) {
    if (nopsOnly && cpu.read(func + KLP_FUNC.nop) === 0) continue;
    if (cpu.read(func + KLP_FUNC.patched) !== 0) klpUnpatchFunc(cpu, func);
  }
  if (cpu.get(obj + KLP_OBJECT.dynamic) !== 0 || !nopsOnly) cpu.write(obj + KLP_OBJECT.patched, 0);
}

/** Take all functions of an object off their stacks.
 * @kernel klp_unpatch_object, kernel/livepatch/patch.c:247 (v6.1) */
export function klpUnpatchObject(cpu: Cpu, obj: KlpObjectRef): void {
  __klpUnpatchObject(cpu, obj, false);
}

/** Put all functions of an object on their stacks, or none. 0 or a negative errno.
 * @kernel klp_patch_object, kernel/livepatch/patch.c:252 (v6.1) */
export function klpPatchObject(cpu: Cpu, obj: KlpObjectRef): number {
  const isPatched = cpu.read(obj + KLP_OBJECT.patched) !== 0;
  if (warnOn(cpu, isPatched, WARN_PATCH_OBJECT_PATCHED)) return -EINVAL;

  let func = NULL;
  while ((func = klpForEachFunc(cpu, obj, func)) !== NULL) {
    const ret = klpPatchFunc(cpu, func);
    if (ret !== 0) {
      klpUnpatchObject(cpu, obj);
      return ret;
    }
  }
  cpu.write(obj + KLP_OBJECT.patched, 1);
  return 0;
}

/** @kernel __klp_unpatch_objects, kernel/livepatch/patch.c:272 (v6.1) */
function __klpUnpatchObjects(cpu: Cpu, patch: KlpPatchRef, nopsOnly: boolean): void {
  let obj = NULL;
  while ((obj = klpForEachObject(cpu, patch, obj)) !== NULL) {
    if (cpu.read(obj + KLP_OBJECT.patched) !== 0) __klpUnpatchObject(cpu, obj, nopsOnly);
  }
}

/** Take all functions of a patch off their stacks.
 * @kernel klp_unpatch_objects, kernel/livepatch/patch.c:281 (v6.1) */
export function klpUnpatchObjects(cpu: Cpu, patch: KlpPatchRef): void {
  __klpUnpatchObjects(cpu, patch, false);
}

/** Take the nops of a patch off their stacks.
 * @kernel klp_unpatch_objects_dynamic, kernel/livepatch/patch.c:286 (v6.1) */
export function klpUnpatchObjectsDynamic(cpu: Cpu, patch: KlpPatchRef): void {
  __klpUnpatchObjects(cpu, patch, true);
}
