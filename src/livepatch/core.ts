/** Enabling and disabling a patch: the middle of kernel/livepatch/core.c. */

import { EBUSY, EINVAL, ENODEV } from '../kernel/errno.js';
import { MODULE, tryModuleGet } from '../kernel/module.js';
import { printk } from '../kernel/printk.js';
import { haveReliableStack } from '../kernel/stacktrace.js';
import { warnOn } from '../kernel/warn.js';
import type { Cpu } from '../memory/cpu.js';
import { O_03, O_04 } from '../memory/sites.js';
import { NULL } from '../memory/struct.js';
import { klpFreePatchFinish, klpFreePatchStart } from './core-free.js';
import { klpInitialized, klpInitPatch, klpInitPatchEarly } from './core-init.js';
import { klpForEachFuncStatic, klpForEachObject, klpForEachObjectStatic } from './for-each.js';
import {
  KLP_FUNC,
  KLP_OBJECT,
  KLP_PATCH,
  KLP_PATCHED,
  KLP_UNPATCHED,
  type KlpObjectRef,
  type KlpPatchRef,
} from './layout.js';
import {
  ENABLE_FAILED,
  ENABLING_PATCH,
  INCOMPATIBLE,
  MAY_NEVER_COMPLETE,
  NO_RELIABLE_STACKS,
  NOT_A_LIVEPATCH,
  PATCH_OBJECT_FAILED,
  PRE_PATCH_FAILED,
} from './messages.js';
import {
  klpIsObjectLoaded,
  klpMutexLock,
  klpMutexUnlock,
  klpPrePatchCallback,
  klpPreUnpatchCallback,
  objectName,
  patchName,
} from './object.js';
import { klpPatchObject } from './patch.js';
import { klpIsPatchCompatible } from './state.js';
import { TRACE_KLP_MODULE_GET } from './trace.js';
import {
  klpCancelTransition,
  klpInitTransition,
  klpStartTransition,
  klpTryCompleteTransition,
} from './transition.js';
import { WARN_DISABLE_DISABLED, WARN_ENABLE_ENABLED } from './warn-sites.js';

/** Start the transition of an enabled patch to unpatched; under klp_mutex. 0, -EBUSY during another one, -EINVAL.
 * @kernel __klp_disable_patch, kernel/livepatch/core.c:931 (v6.1) */
export function __klpDisablePatch(cpu: Cpu, patch: KlpPatchRef): number {
  const disabled = cpu.read(patch + KLP_PATCH.enabled) === 0;
  if (warnOn(cpu, disabled, WARN_DISABLE_DISABLED)) return -EINVAL;
  if (cpu.read(cpu.ctx.klp.transitionPatch) !== NULL) return -EBUSY;

  klpInitTransition(cpu, patch, KLP_UNPATCHED);

  let obj = NULL;
  while ((obj = klpForEachObject(cpu, patch, obj)) !== NULL) {
    if (cpu.read(obj + KLP_OBJECT.patched) !== 0) klpPreUnpatchCallback(cpu, obj);
  }

  // func->transition before TIF_PATCH_PENDING: pairs with the test-and-clear of klpUpdatePatchState() (O-04 with O-07)
  // and the smpRmb() of __klpSchedTrySwitch() (O-08). A task that switched must see the flag in klpFtraceHandler().
  cpu.smpWmb(O_04);

  klpStartTransition(cpu);
  cpu.write(patch + KLP_PATCH.enabled, 0);
  klpTryCompleteTransition(cpu);
  return 0;
}

/** Run pre_patch and redirect the functions, object by object. 0 or a negative errno. */
export function patchObjects(cpu: Cpu, patch: KlpPatchRef): number {
  let obj = NULL;
  while ((obj = klpForEachObject(cpu, patch, obj)) !== NULL) {
    if (!klpIsObjectLoaded(cpu, obj)) continue;
    let ret = klpPrePatchCallback(cpu, obj);
    if (ret !== 0) {
      printk(cpu, PRE_PATCH_FAILED, objectName(cpu, obj));
      return ret;
    }
    ret = klpPatchObject(cpu, obj);
    if (ret !== 0) {
      printk(cpu, PATCH_OBJECT_FAILED, objectName(cpu, obj));
      return ret;
    }
  }
  return 0;
}

/** Start the transition of an initialised patch to patched; under klp_mutex. 0, -EBUSY, -EINVAL, or what failed.
 * @kernel __klp_enable_patch, kernel/livepatch/core.c:963 (v6.1) */
export function __klpEnablePatch(cpu: Cpu, patch: KlpPatchRef): number {
  if (cpu.read(cpu.ctx.klp.transitionPatch) !== NULL) return -EBUSY;
  const enabled = cpu.read(patch + KLP_PATCH.enabled) !== 0;
  if (warnOn(cpu, enabled, WARN_ENABLE_ENABLED)) return -EINVAL;

  printk(cpu, ENABLING_PATCH, patchName(cpu, patch));
  klpInitTransition(cpu, patch, KLP_PATCHED);

  // func->transition before the stacks: pairs with the first smpRmb() of klpFtraceHandler() (O-03 with O-09).
  cpu.smpWmb(O_03);

  const ret = patchObjects(cpu, patch);
  if (ret !== 0) {
    printk(cpu, ENABLE_FAILED, patchName(cpu, patch));
    klpCancelTransition(cpu);
    return ret;
  }

  // The function stacks before TIF_PATCH_PENDING: nothing but the printk() of klpStartTransition() orders them (O-38, L-9).
  klpStartTransition(cpu);
  cpu.write(patch + KLP_PATCH.enabled, 1);
  klpTryCompleteTransition(cpu);
  return 0;
}

/** Whether the functions of an object all have a name. */
function isNamed(cpu: Cpu, obj: KlpObjectRef): boolean {
  let func = NULL;
  while ((func = klpForEachFuncStatic(cpu, obj, func)) !== NULL) {
    if (cpu.read(func + KLP_FUNC.oldName) === NULL) return false;
  }
  return true;
}

/** Whether a patch description is complete. Before 7.x names are checked later, when the patch is partly built.
 * @kernel klp_check_patch, kernel/livepatch/core.c (v7.0)
 * @differs before that klp_enable_patch() looks itself, and klp_init_func() at the name */
function klpCheckPatch(cpu: Cpu, patch: KlpPatchRef): boolean {
  if (patch === NULL) return false;
  if (cpu.get(patch + KLP_PATCH.mod) === NULL || cpu.get(patch + KLP_PATCH.objs) === NULL) {
    return false;
  }
  let obj = NULL;
  while ((obj = klpForEachObjectStatic(cpu, patch, obj)) !== NULL) {
    if (cpu.get(obj + KLP_OBJECT.funcs) === NULL) return false;
    if (cpu.ctx.klp.facts.checksUpFront && !isNamed(cpu, obj)) return false;
  }
  return true;
}

/** Enable a patch; what the init function of a livepatch module calls.
 * @kernel klp_enable_patch, kernel/livepatch/core.c:1031 (v6.1)
 * @returns 0, or a negative errno, with which the loading of the module fails */
export function klpEnablePatch(cpu: Cpu, patch: KlpPatchRef): number {
  if (!klpCheckPatch(cpu, patch)) return -EINVAL;
  const mod = cpu.get(patch + KLP_PATCH.mod);
  if (cpu.get(mod + MODULE.klp) === 0) {
    printk(cpu, NOT_A_LIVEPATCH, patchName(cpu, patch));
    return -EINVAL;
  }
  if (!klpInitialized(cpu)) return -ENODEV;
  if (!haveReliableStack(cpu)) {
    printk(cpu, NO_RELIABLE_STACKS);
    printk(cpu, MAY_NEVER_COMPLETE);
  }

  klpMutexLock(cpu);
  if (!klpIsPatchCompatible(cpu, patch)) {
    printk(cpu, INCOMPATIBLE, patchName(cpu, patch));
    klpMutexUnlock(cpu);
    return -EINVAL;
  }
  if (!tryModuleGet(cpu, mod)) {
    klpMutexUnlock(cpu);
    return -ENODEV;
  }
  cpu.trace(TRACE_KLP_MODULE_GET, patch, mod);

  klpInitPatchEarly(cpu, patch);
  let ret = klpInitPatch(cpu, patch);
  if (ret === 0) ret = __klpEnablePatch(cpu, patch);
  if (ret === 0) {
    klpMutexUnlock(cpu);
    return 0;
  }

  klpFreePatchStart(cpu, patch);
  klpMutexUnlock(cpu);
  klpFreePatchFinish(cpu, patch);
  return ret;
}
