/** The end of a patch: what is freed under klp_mutex, what must be freed outside it, from kernel/livepatch/core.c. */

import { kfree } from '../kernel/alloc.js';
import { complete, waitForCompletion } from '../kernel/completion.js';
import { kobjectPut } from '../kernel/kobject.js';
import { listDel, listEmpty } from '../kernel/list.js';
import { modulePut } from '../kernel/module.js';
import { queueWork } from '../kernel/workqueue.js';
import type { Cpu } from '../memory/cpu.js';
import { O_29 } from '../memory/sites.js';
import { NULL, type Addr } from '../memory/struct.js';
import {
  klpForEachFunc,
  klpForEachFuncSafe,
  klpForEachObjectSafe,
  klpForEachPatchSafe,
} from './for-each.js';
import { KLP_FUNC, KLP_OBJECT, KLP_PATCH, type KlpObjectRef, type KlpPatchRef } from './layout.js';
import { TRACE_KLP_FREE_START, TRACE_KLP_MODULE_PUT } from './trace.js';

/** @kernel klp_kobj_release_patch, kernel/livepatch/core.c:569 (v6.1) */
export function klpKobjReleasePatch(cpu: Cpu, kobj: Addr): void {
  complete(cpu, kobj - KLP_PATCH.kobj + KLP_PATCH.finish);
}

/** @kernel klp_kobj_release_object, kernel/livepatch/core.c:583 (v6.1)
 * @differs klp_free_object_dynamic() is a plain free: names are interned, not copied */
export function klpKobjReleaseObject(cpu: Cpu, kobj: Addr): void {
  const obj = kobj - KLP_OBJECT.kobj;
  if (cpu.get(obj + KLP_OBJECT.dynamic) !== 0) kfree(cpu, cpu.ctx.klp.objectCache, obj);
}

/** @kernel klp_kobj_release_func, kernel/livepatch/core.c:599 (v6.1)
 * @differs klp_free_func_nop() is a plain free: names are interned, not copied */
export function klpKobjReleaseFunc(cpu: Cpu, kobj: Addr): void {
  const func = kobj - KLP_FUNC.kobj;
  if (cpu.read(func + KLP_FUNC.nop) !== 0) kfree(cpu, cpu.ctx.klp.funcCache, func);
}

/** @kernel __klp_free_funcs, kernel/livepatch/core.c:614 (v6.1) */
function __klpFreeFuncs(cpu: Cpu, obj: KlpObjectRef, nopsOnly: boolean): void {
  let next = klpForEachFuncSafe(cpu, obj, NULL);
  for (let func = next; func !== NULL; func = next) {
    next = klpForEachFuncSafe(cpu, obj, func);
    if (!nopsOnly || cpu.read(func + KLP_FUNC.nop) !== 0) {
      listDel(cpu, func + KLP_FUNC.node);
      kobjectPut(cpu, func + KLP_FUNC.kobj);
    }
  }
}

/** Forget the module behind an object, when it is unloaded.
 * @kernel klp_free_object_loaded, kernel/livepatch/core.c:628 (v6.1) */
export function klpFreeObjectLoaded(cpu: Cpu, obj: KlpObjectRef): void {
  cpu.set(obj + KLP_OBJECT.mod, NULL);
  let func = NULL;
  while ((func = klpForEachFunc(cpu, obj, func)) !== NULL) {
    cpu.write(func + KLP_FUNC.oldFunc, NULL);
    if (cpu.read(func + KLP_FUNC.nop) !== 0) cpu.write(func + KLP_FUNC.newFunc, NULL);
  }
}

/** @kernel __klp_free_objects, kernel/livepatch/core.c:642 (v6.1) */
function __klpFreeObjects(cpu: Cpu, patch: KlpPatchRef, nopsOnly: boolean): void {
  let next = klpForEachObjectSafe(cpu, patch, NULL);
  for (let obj = next; obj !== NULL; obj = next) {
    next = klpForEachObjectSafe(cpu, patch, obj);
    __klpFreeFuncs(cpu, obj, nopsOnly);
    if (!nopsOnly || cpu.get(obj + KLP_OBJECT.dynamic) !== 0) {
      listDel(cpu, obj + KLP_OBJECT.node);
      kobjectPut(cpu, obj + KLP_OBJECT.kobj);
    }
  }
}

/** @kernel klp_free_objects, kernel/livepatch/core.c:657 (v6.1) */
function klpFreeObjects(cpu: Cpu, patch: KlpPatchRef): void {
  __klpFreeObjects(cpu, patch, false);
}

/** Free the nops of a patch and the objects that only hold nops.
 * @kernel klp_free_objects_dynamic, kernel/livepatch/core.c:662 (v6.1) */
export function klpFreeObjectsDynamic(cpu: Cpu, patch: KlpPatchRef): void {
  __klpFreeObjects(cpu, patch, true);
}

/** The part of freeing that klp_mutex has to protect; klpFreePatchFinish() must follow.
 * @kernel klp_free_patch_start, kernel/livepatch/core.c:674 (v6.1) */
export function klpFreePatchStart(cpu: Cpu, patch: KlpPatchRef): void {
  cpu.trace(TRACE_KLP_FREE_START, patch);
  if (!listEmpty(cpu, patch + KLP_PATCH.list)) listDel(cpu, patch + KLP_PATCH.list);
  klpFreeObjects(cpu, patch);
}

function releaseKobject(cpu: Cpu, patch: KlpPatchRef): void {
  kobjectPut(cpu, patch + KLP_PATCH.kobj);
  waitForCompletion(cpu, patch + KLP_PATCH.finish);
}

/** Last access to a patch. Never under klp_mutex: the sysfs files go, and a store in one of them may wait for it.
 * @kernel klp_free_patch_finish, kernel/livepatch/core.c:690 (v6.1) */
export function klpFreePatchFinish(cpu: Cpu, patch: KlpPatchRef): void {
  // The module, in whose memory the patch lives, may go only after the kobject is released (O-29).
  if (!cpu.ablates(O_29)) releaseKobject(cpu, patch);
  if (cpu.get(patch + KLP_PATCH.forced) === 0) {
    const mod = cpu.get(patch + KLP_PATCH.mod);
    cpu.trace(TRACE_KLP_MODULE_PUT, patch, mod);
    modulePut(cpu, mod);
  }
  if (cpu.ablates(O_29)) releaseKobject(cpu, patch);
}

/** Work function of `freeWork`: not in the context of a sysfs store, which would wait for itself.
 * @kernel klp_free_patch_work_fn, kernel/livepatch/core.c:711 (v6.1) */
export function klpFreePatchWorkFn(cpu: Cpu, work: Addr): void {
  klpFreePatchFinish(cpu, work - KLP_PATCH.freeWork);
}

/** Free a patch that is no longer used; under klp_mutex.
 * @kernel klp_free_patch_async, kernel/livepatch/core.c:719 (v6.1) */
export function klpFreePatchAsync(cpu: Cpu, patch: KlpPatchRef): void {
  klpFreePatchStart(cpu, patch);
  queueWork(cpu, patch + KLP_PATCH.freeWork);
}

/** Free all patches that were enabled before `newPatch`; under klp_mutex.
 * @kernel klp_free_replaced_patches_async, kernel/livepatch/core.c:725 (v6.1) */
export function klpFreeReplacedPatchesAsync(cpu: Cpu, newPatch: KlpPatchRef): void {
  let next = klpForEachPatchSafe(cpu, NULL);
  for (let patch = next; patch !== NULL && patch !== newPatch; patch = next) {
    next = klpForEachPatchSafe(cpu, patch);
    klpFreePatchAsync(cpu, patch);
  }
}
