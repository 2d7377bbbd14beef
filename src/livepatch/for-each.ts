/** The iterators of include/linux/livepatch.h and core.h: one step of a walk, see listForEachEntry(). */

import { KERNEL } from '../kernel/layout.js';
import { listForEachEntry } from '../kernel/list.js';
import { TASK } from '../kernel/task.js';
import type { Cpu } from '../memory/cpu.js';
import { NULL, type Addr } from '../memory/struct.js';
import {
  EMPTY_ARRAY,
  KLP_FUNC,
  KLP_OBJECT,
  KLP_PATCH,
  KLP_STATE,
  type KlpFuncRef,
  type KlpObjectRef,
  type KlpPatchRef,
  type KlpStateRef,
} from './layout.js';

/** `klp_for_each_patch()`: the patch enabled after `patch`, the first after `NULL`, `NULL` after the last. */
export function klpForEachPatch(cpu: Cpu, patch: KlpPatchRef): KlpPatchRef {
  return listForEachEntry(cpu, cpu.ctx.klp.patches, patch);
}

/** `klp_for_each_object()`: the object of `patch` after `obj`, the first after `NULL`, `NULL` after the last. */
export function klpForEachObject(cpu: Cpu, patch: KlpPatchRef, obj: KlpObjectRef): KlpObjectRef {
  return listForEachEntry(cpu, patch + KLP_PATCH.objList, obj);
}

/** `klp_for_each_func()`: the function of `obj` after `func`, the first after `NULL`, `NULL` after the last. */
export function klpForEachFunc(cpu: Cpu, obj: KlpObjectRef, func: KlpFuncRef): KlpFuncRef {
  return listForEachEntry(cpu, obj + KLP_OBJECT.funcList, func);
}

/** `klp_for_each_patch_safe()`. Like those below: the loop asks for the next entry before the body may free one. */
export function klpForEachPatchSafe(cpu: Cpu, patch: KlpPatchRef): KlpPatchRef {
  return klpForEachPatch(cpu, patch);
}

/** `klp_for_each_object_safe()` */
export function klpForEachObjectSafe(
  cpu: Cpu,
  patch: KlpPatchRef,
  obj: KlpObjectRef,
): KlpObjectRef {
  return klpForEachObject(cpu, patch, obj);
}

/** `klp_for_each_func_safe()` */
export function klpForEachFuncSafe(cpu: Cpu, obj: KlpObjectRef, func: KlpFuncRef): KlpFuncRef {
  return klpForEachFunc(cpu, obj, func);
}

/** First element of an array that a patch's author wrote, `NULL` when it has none. */
function firstElement(cpu: Cpu, pointer: Addr): Addr {
  const first = cpu.get(pointer);
  return first === EMPTY_ARRAY ? NULL : first;
}

/** `klp_for_each_object_static()`: over the array that `patch->objs` points at, as its author wrote it. */
export function klpForEachObjectStatic(
  cpu: Cpu,
  patch: KlpPatchRef,
  obj: KlpObjectRef,
): KlpObjectRef {
  return obj === NULL ? firstElement(cpu, patch + KLP_PATCH.objs) : cpu.get(obj + KLP_OBJECT.next);
}

/** `klp_for_each_func_static()`: over the array that `obj->funcs` points at, as its author wrote it. */
export function klpForEachFuncStatic(cpu: Cpu, obj: KlpObjectRef, func: KlpFuncRef): KlpFuncRef {
  return func === NULL ? firstElement(cpu, obj + KLP_OBJECT.funcs) : cpu.get(func + KLP_FUNC.next);
}

/** `klp_for_each_state()`: over the array that `patch->states` points at. */
export function klpForEachState(cpu: Cpu, patch: KlpPatchRef, state: KlpStateRef): KlpStateRef {
  return cpu.get(state === NULL ? patch + KLP_PATCH.states : state + KLP_STATE.next);
}

/** `for_each_process_thread()`: the task after `task`, the first after `NULL`, `NULL` after the last; under the tasklist lock.
 * The walk is a loop as that of listForEachEntry(). */
export function forEachProcessThread(cpu: Cpu, task: Addr): Addr {
  return cpu.get(task === NULL ? cpu.ctx.kernel.globals + KERNEL.taskList : task + TASK.tasksNext);
}
