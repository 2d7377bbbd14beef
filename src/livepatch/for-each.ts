/** The iterators of include/linux/livepatch.h and core.h: one step of a walk, see listForEachEntry(). */

import { listForEachEntry } from '../kernel/list.js';
import type { Cpu } from '../memory/cpu.js';
import {
  KLP_OBJECT,
  KLP_PATCH,
  type KlpFuncRef,
  type KlpObjectRef,
  type KlpPatchRef,
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
