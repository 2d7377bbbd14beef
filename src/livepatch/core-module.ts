/** Target modules coming and going: patches follow them, from kernel/livepatch/core.c. */

import { EINVAL } from '../kernel/errno.js';
import { MODULE, MODULE_STATE_COMING, MODULE_STATE_GOING } from '../kernel/module.js';
import { printk } from '../kernel/printk.js';
import { warnOn } from '../kernel/warn.js';
import type { Cpu } from '../memory/cpu.js';
import { NULL, type Addr } from '../memory/struct.js';
import { klpFreeObjectLoaded } from './core-free.js';
import { klpInitObjectLoaded } from './core-init.js';
import { klpForEachObject, klpForEachPatch } from './for-each.js';
import { KLP_OBJECT, type KlpObjectRef, type KlpPatchRef } from './layout.js';
import {
  APPLY_MODULE_FAILED,
  APPLYING,
  INIT_MODULE_FAILED,
  INVALID_MODULE_NAME,
  PRE_PATCH_FAILED,
  REFUSING_MODULE,
  REVERTING,
} from './messages.js';
import {
  klpMutexLock,
  klpMutexUnlock,
  klpPostPatchCallback,
  klpPostUnpatchCallback,
  klpPrePatchCallback,
  klpPreUnpatchCallback,
  patchName,
} from './object.js';
import { klpPatchObject, klpUnpatchObject } from './patch.js';
import { WARN_COMING_STATE, WARN_GOING_STATE } from './warn-sites.js';

/** The object of `patch` for a module, or `NULL`. */
function objectOfModule(cpu: Cpu, patch: KlpPatchRef, name: number): KlpObjectRef {
  let obj = NULL;
  while ((obj = klpForEachObject(cpu, patch, obj)) !== NULL) {
    if (cpu.get(obj + KLP_OBJECT.name) === name) return obj;
  }
  return NULL;
}

/** Make an object's relocations zero again, so that they can be written when its module comes back.
 * @kernel klp_clear_object_relocs, kernel/livepatch/core.c:850 (v6.12)
 * @versions 6.5, 6.12, 7.3 */
function klpClearObjectRelocs(cpu: Cpu, obj: KlpObjectRef): void {
  cpu.set(obj + KLP_OBJECT.relocated, 0);
}

/** Take the listed patches up to `limit` off a module, oldest first although the stacks are newest first.
 * @kernel klp_cleanup_module_patches_limited, kernel/livepatch/core.c:1153 (v6.1)
 * @param limit the first patch to leave alone, `NULL` for none */
function klpCleanupModulePatchesLimited(cpu: Cpu, mod: Addr, limit: KlpPatchRef): void {
  const { klp } = cpu.ctx;
  const name = cpu.read(mod + MODULE.name);
  let patch = NULL;
  while ((patch = klpForEachPatch(cpu, patch)) !== NULL) {
    if (patch === limit) break;
    const obj = objectOfModule(cpu, patch, name);
    if (obj === NULL) continue;

    if (patch !== cpu.read(klp.transitionPatch)) klpPreUnpatchCallback(cpu, obj);
    const objMod = cpu.get(obj + KLP_OBJECT.mod);
    printk(cpu, REVERTING, patchName(cpu, patch), cpu.read(objMod + MODULE.name));
    klpUnpatchObject(cpu, obj);
    klpPostUnpatchCallback(cpu, obj);
    if (klp.facts.clearsRelocations) klpClearObjectRelocs(cpu, obj);
    klpFreeObjectLoaded(cpu, obj);
  }
}

/** Apply one patch to its object whose module is coming. 0 or a negative errno. */
function applyToComing(cpu: Cpu, patch: KlpPatchRef, obj: KlpObjectRef, name: number): number {
  let ret = klpInitObjectLoaded(cpu, obj);
  if (ret !== 0) {
    printk(cpu, INIT_MODULE_FAILED, patchName(cpu, patch), name, ret);
    return ret;
  }

  printk(cpu, APPLYING, patchName(cpu, patch), name);
  ret = klpPrePatchCallback(cpu, obj);
  if (ret !== 0) {
    printk(cpu, PRE_PATCH_FAILED, cpu.get(obj + KLP_OBJECT.name));
    return ret;
  }

  ret = klpPatchObject(cpu, obj);
  if (ret !== 0) {
    printk(cpu, APPLY_MODULE_FAILED, patchName(cpu, patch), name, ret);
    klpPostUnpatchCallback(cpu, obj);
    return ret;
  }

  if (patch !== cpu.read(cpu.ctx.klp.transitionPatch)) klpPostPatchCallback(cpu, obj);
  return 0;
}

/** From the module loader, before a module's init function: apply all patches to it. 0, or the load fails.
 * @kernel klp_module_coming, kernel/livepatch/core.c:1182 (v6.1) */
export function klpModuleComing(cpu: Cpu, mod: Addr): number {
  const { klp } = cpu.ctx;
  const wrongState = cpu.read(mod + MODULE.state) !== MODULE_STATE_COMING;
  if (warnOn(cpu, wrongState, WARN_COMING_STATE)) return -EINVAL;
  const name = cpu.read(mod + MODULE.name);
  if (name === klp.names.vmlinux) {
    printk(cpu, INVALID_MODULE_NAME);
    return -EINVAL;
  }

  klpMutexLock(cpu);
  // From here on a new patch finds this module by itself (O-25 with klpFindObjectModule()).
  cpu.write(mod + MODULE.klpAlive, 1);

  let patch = NULL;
  while ((patch = klpForEachPatch(cpu, patch)) !== NULL) {
    const obj = objectOfModule(cpu, patch, name);
    if (obj === NULL) continue;
    cpu.set(obj + KLP_OBJECT.mod, mod);
    const ret = applyToComing(cpu, patch, obj, name);
    if (ret === 0) continue;

    printk(cpu, REFUSING_MODULE, patchName(cpu, patch), name, name);
    cpu.write(mod + MODULE.klpAlive, 0);
    cpu.set(obj + KLP_OBJECT.mod, NULL);
    klpCleanupModulePatchesLimited(cpu, mod, patch);
    klpMutexUnlock(cpu);
    return ret;
  }

  klpMutexUnlock(cpu);
  return 0;
}

/** From the module loader, after a module's exit function: take all patches off it.
 * @kernel klp_module_going, kernel/livepatch/core.c:1263 (v6.1) */
export function klpModuleGoing(cpu: Cpu, mod: Addr): void {
  const state = cpu.read(mod + MODULE.state);
  const wrongState = state !== MODULE_STATE_GOING && state !== MODULE_STATE_COMING;
  if (warnOn(cpu, wrongState, WARN_GOING_STATE)) return;

  klpMutexLock(cpu);
  // No new patch finds this module any more (O-25 with klpFindObjectModule()).
  cpu.write(mod + MODULE.klpAlive, 0);
  klpCleanupModulePatchesLimited(cpu, mod, NULL);
  klpMutexUnlock(cpu);
}
