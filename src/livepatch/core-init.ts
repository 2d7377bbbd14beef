/** The beginning of a patch: lookups, nops for atomic replace, and initialisation, from kernel/livepatch/core.c. */

import { kzalloc } from '../kernel/alloc.js';
import { initCompletion } from '../kernel/completion.js';
import { EINVAL, ENOENT, ENOMEM, ENOEXEC } from '../kernel/errno.js';
import { kallsymsLookupSize, kallsymsNthSymbol } from '../kernel/kallsyms.js';
import { kobjectAdd, kobjectInit } from '../kernel/kobject.js';
import { initListHead, listAddTail } from '../kernel/list.js';
import { NONZERO_RELOCATION, SKIPPING_NONZERO_RELOCATION } from '../kernel/messages.js';
import { findModule, MODULE } from '../kernel/module.js';
import { printk } from '../kernel/printk.js';
import { initWork } from '../kernel/workqueue.js';
import type { Cpu } from '../memory/cpu.js';
import { O_25 } from '../memory/sites.js';
import { NULL, type Addr } from '../memory/struct.js';
import {
  klpForEachFunc,
  klpForEachFuncStatic,
  klpForEachObject,
  klpForEachObjectStatic,
  klpForEachPatch,
} from './for-each.js';
import {
  KLP_FUNC,
  KLP_KTYPE_FUNC,
  KLP_KTYPE_OBJECT,
  KLP_KTYPE_PATCH,
  KLP_OBJECT,
  KLP_PATCH,
  KLP_WORK_FREE_PATCH,
  KSYM_NAME_LEN,
  MODULE_NAME_LEN,
  type KlpFuncRef,
  type KlpObjectRef,
  type KlpPatchRef,
} from './layout.js';
import {
  NEW_SIZE_FAILED,
  OLD_SIZE_FAILED,
  SYMBOL_AMBIGUOUS,
  SYMBOL_NOT_FOUND,
  SYMBOL_POSITION_NOT_FOUND,
} from './messages.js';
import { klpIsModule, klpIsObjectLoaded, objectName, patchName } from './object.js';

/** Set the object's module if it is loaded and between its coming and going hooks.
 * @kernel klp_find_object_module, kernel/livepatch/core.c:54 (v6.1)
 * @differs 7.3 has a plain RCU guard; here each read section of RCU holds preemption off */
function klpFindObjectModule(cpu: Cpu, obj: KlpObjectRef): void {
  if (!klpIsModule(cpu, obj)) return;
  cpu.preemptDisable(); // rcu_read_lock_sched()
  const mod = findModule(cpu, cpu.get(obj + KLP_OBJECT.name));
  // Not before klpModuleComing() and not after klpModuleGoing(), which do their part under klp_mutex (O-25).
  if (mod !== NULL && (cpu.read(mod + MODULE.klpAlive) !== 0 || cpu.ablates(O_25))) {
    cpu.set(obj + KLP_OBJECT.mod, mod);
  }
  cpu.preemptEnable();
}

/** @kernel klp_initialized, kernel/livepatch/core.c:81 (v6.1) */
export function klpInitialized(cpu: Cpu): boolean {
  return cpu.get(cpu.ctx.klp.rootKobj) !== NULL;
}

/** The function of `obj` that replaces the same original as `oldFunc`, or `NULL`.
 * @kernel klp_find_func, kernel/livepatch/core.c:86 (v6.1)
 * @differs position 0 equals 1 from 6.19 on and in late stable releases, see KlpFacts.sympos */
function klpFindFunc(cpu: Cpu, obj: KlpObjectRef, oldFunc: KlpFuncRef): KlpFuncRef {
  const name = cpu.read(oldFunc + KLP_FUNC.oldName);
  const first = cpu.ctx.klp.facts.sympos === '0 is 1' ? 1 : 0;
  const sympos = cpu.get(oldFunc + KLP_FUNC.oldSympos) || first;
  let func = NULL;
  while ((func = klpForEachFunc(cpu, obj, func)) !== NULL) {
    if (cpu.read(func + KLP_FUNC.oldName) !== name) continue;
    if ((cpu.get(func + KLP_FUNC.oldSympos) || first) === sympos) return func;
  }
  return NULL;
}

/** The object of `patch` for the same module as `oldObj`, or `NULL`.
 * @kernel klp_find_object, kernel/livepatch/core.c:101 (v6.1) */
function klpFindObject(cpu: Cpu, patch: KlpPatchRef, oldObj: KlpObjectRef): KlpObjectRef {
  const name = cpu.get(oldObj + KLP_OBJECT.name);
  let obj = NULL;
  while ((obj = klpForEachObject(cpu, patch, obj)) !== NULL) {
    if (cpu.get(obj + KLP_OBJECT.name) === name) return obj;
  }
  return NULL;
}

/** Store the address of a function to patch at `addr`: 0, or -EINVAL with 0 stored.
 * @kernel klp_find_object_symbol, kernel/livepatch/core.c:156 (v6.1)
 * @param objname name of the module, 0 = vmlinux
 * @param sympos 0: the name must be unique in the object; n: the n-th of that name */
function klpFindObjectSymbol(
  cpu: Cpu,
  objname: number,
  name: number,
  sympos: number,
  addr: Addr,
): number {
  let found: Addr = NULL;
  let count = 0;
  for (;;) {
    const symbol = kallsymsNthSymbol(cpu, objname, name, count + 1);
    if (symbol === NULL) break;
    found = symbol;
    count++;
    if (sympos !== 0 ? count === sympos : count > 1) break;
  }

  const { names } = cpu.ctx.klp;
  if (found === NULL) {
    printk(cpu, SYMBOL_NOT_FOUND, name);
  } else if (count > 1 && sympos === 0) {
    printk(cpu, SYMBOL_AMBIGUOUS, name, objname);
  } else if (sympos !== count && sympos > 0) {
    const where = objname === NULL ? names.vmlinux : objname;
    printk(cpu, SYMBOL_POSITION_NOT_FOUND, sympos, name, where);
  } else {
    cpu.write(addr, found);
    return 0;
  }
  cpu.write(addr, NULL);
  return -EINVAL;
}

/** An object that only holds nops, or `NULL` without memory.
 * @kernel klp_alloc_object_dynamic, kernel/livepatch/core.c:462 (v6.1) */
function klpAllocObjectDynamic(cpu: Cpu, name: number, patch: KlpPatchRef): KlpObjectRef {
  const obj = kzalloc(cpu, cpu.ctx.klp.objectCache);
  if (obj === NULL) return NULL;
  cpu.set(obj + KLP_OBJECT.name, name);
  klpInitObjectEarly(cpu, patch, obj);
  cpu.set(obj + KLP_OBJECT.dynamic, 1);
  return obj;
}

/** A function that stands for the original of `oldFunc`, or `NULL` without memory.
 * @kernel klp_alloc_func_nop, kernel/livepatch/core.c:491 (v6.1) */
function klpAllocFuncNop(cpu: Cpu, oldFunc: KlpFuncRef, obj: KlpObjectRef): KlpFuncRef {
  const func = kzalloc(cpu, cpu.ctx.klp.funcCache);
  if (func === NULL) return NULL;
  cpu.write(func + KLP_FUNC.oldName, cpu.read(oldFunc + KLP_FUNC.oldName));
  klpInitFuncEarly(cpu, obj, func);
  // newFunc stays NULL until the object is loaded.
  cpu.set(func + KLP_FUNC.oldSympos, cpu.get(oldFunc + KLP_FUNC.oldSympos));
  cpu.write(func + KLP_FUNC.nop, 1);
  return func;
}

/** @kernel klp_add_object_nops, kernel/livepatch/core.c:519 (v6.1) */
export function klpAddObjectNops(cpu: Cpu, patch: KlpPatchRef, oldObj: KlpObjectRef): number {
  let obj = klpFindObject(cpu, patch, oldObj);
  if (obj === NULL) {
    obj = klpAllocObjectDynamic(cpu, cpu.get(oldObj + KLP_OBJECT.name), patch);
    if (obj === NULL) return -ENOMEM;
  }
  let old = NULL;
  while ((old = klpForEachFunc(cpu, oldObj, old)) !== NULL) {
    if (klpFindFunc(cpu, obj, old) !== NULL) continue;
    if (klpAllocFuncNop(cpu, old, obj) === NULL) return -ENOMEM;
  }
  return 0;
}

/** Give a patch that replaces a nop for every function that only the listed patches replace.
 * @kernel klp_add_nops, kernel/livepatch/core.c:551 (v6.1) */
function klpAddNops(cpu: Cpu, patch: KlpPatchRef): number {
  let old = NULL;
  while ((old = klpForEachPatch(cpu, old)) !== NULL) {
    let obj = NULL;
    while ((obj = klpForEachObject(cpu, old, obj)) !== NULL) {
      const err = klpAddObjectNops(cpu, patch, obj);
      if (err !== 0) return err;
    }
  }
  return 0;
}

/** Length of a name in characters. */
function nameLength(cpu: Cpu, name: number): number {
  return (cpu.ctx.kernel.names[name] ?? '').length;
}

/** @kernel klp_init_func, kernel/livepatch/core.c:736 (v6.1) */
function klpInitFunc(cpu: Cpu, obj: KlpObjectRef, func: KlpFuncRef): number {
  const oldName = cpu.read(func + KLP_FUNC.oldName);
  if (oldName === NULL) return -EINVAL;
  if (cpu.read(func + KLP_FUNC.newFunc) === NULL && cpu.read(func + KLP_FUNC.nop) === 0) {
    return -EINVAL;
  }
  if (nameLength(cpu, oldName) >= KSYM_NAME_LEN) return -EINVAL;

  initListHead(cpu, func + KLP_FUNC.stackNode);
  cpu.write(func + KLP_FUNC.patched, 0);
  cpu.write(func + KLP_FUNC.transition, 0);

  const sympos = cpu.get(func + KLP_FUNC.oldSympos) || 1;
  return kobjectAdd(cpu, func + KLP_FUNC.kobj, obj + KLP_OBJECT.kobj, oldName, sympos);
}

/** Write the relocations of the livepatch that refer to an object's symbols: 0, or -ENOEXEC where one is written already.
 * @kernel klp_apply_object_relocs, kernel/livepatch/core.c:775 (v6.1)
 * @differs simulated text refers to other text by name; only whether relocations are written is kept */
function klpApplyObjectRelocs(cpu: Cpu, obj: KlpObjectRef): number {
  if (cpu.get(obj + KLP_OBJECT.relocs) === 0) return 0;
  if (cpu.get(obj + KLP_OBJECT.relocated) !== 0) {
    const clears = cpu.ctx.klp.facts.clearsRelocations;
    printk(cpu, clears ? NONZERO_RELOCATION : SKIPPING_NONZERO_RELOCATION);
    return -ENOEXEC;
  }
  cpu.set(obj + KLP_OBJECT.relocated, 1);
  return 0;
}

/** What can only be initialised once the patched object is loaded: the addresses and sizes of its functions.
 * @kernel klp_init_object_loaded, kernel/livepatch/core.c:789 (v6.1) */
export function klpInitObjectLoaded(cpu: Cpu, obj: KlpObjectRef): number {
  if (klpIsModule(cpu, obj)) {
    const err = klpApplyObjectRelocs(cpu, obj);
    if (err !== 0) return err;
  }
  const objname = cpu.get(obj + KLP_OBJECT.name);
  let func = NULL;
  while ((func = klpForEachFunc(cpu, obj, func)) !== NULL) {
    const oldName = cpu.read(func + KLP_FUNC.oldName);
    const sympos = cpu.get(func + KLP_FUNC.oldSympos);
    const ret = klpFindObjectSymbol(cpu, objname, oldName, sympos, func + KLP_FUNC.oldFunc);
    if (ret !== 0) return ret;

    const oldFunc = cpu.read(func + KLP_FUNC.oldFunc);
    const oldSize = kallsymsLookupSize(cpu, oldFunc);
    cpu.write(func + KLP_FUNC.oldSize, oldSize);
    if (oldSize === 0) {
      printk(cpu, OLD_SIZE_FAILED, oldName);
      return -ENOENT;
    }

    if (cpu.read(func + KLP_FUNC.nop) !== 0) cpu.write(func + KLP_FUNC.newFunc, oldFunc);

    const newSize = kallsymsLookupSize(cpu, cpu.read(func + KLP_FUNC.newFunc));
    cpu.write(func + KLP_FUNC.newSize, newSize);
    if (newSize === 0) {
      printk(cpu, NEW_SIZE_FAILED, oldName);
      return -ENOENT;
    }
  }
  return 0;
}

/** @kernel klp_init_object, kernel/livepatch/core.c:837 (v6.1) */
function klpInitObject(cpu: Cpu, patch: KlpPatchRef, obj: KlpObjectRef): number {
  if (klpIsModule(cpu, obj)) {
    if (nameLength(cpu, cpu.get(obj + KLP_OBJECT.name)) >= MODULE_NAME_LEN) return -EINVAL;
  }
  cpu.write(obj + KLP_OBJECT.patched, 0);
  cpu.set(obj + KLP_OBJECT.mod, NULL);
  klpFindObjectModule(cpu, obj);

  const name = objectName(cpu, obj);
  const added = kobjectAdd(cpu, obj + KLP_OBJECT.kobj, patch + KLP_PATCH.kobj, name, 0);
  if (added !== 0) return added;

  let func = NULL;
  while ((func = klpForEachFunc(cpu, obj, func)) !== NULL) {
    const ret = klpInitFunc(cpu, obj, func);
    if (ret !== 0) return ret;
  }
  return klpIsObjectLoaded(cpu, obj) ? klpInitObjectLoaded(cpu, obj) : 0;
}

/** @kernel klp_init_func_early, kernel/livepatch/core.c:868 (v6.1) */
function klpInitFuncEarly(cpu: Cpu, obj: KlpObjectRef, func: KlpFuncRef): void {
  kobjectInit(cpu, func + KLP_FUNC.kobj, KLP_KTYPE_FUNC);
  listAddTail(cpu, func + KLP_FUNC.node, obj + KLP_OBJECT.funcList);
}

/** @kernel klp_init_object_early, kernel/livepatch/core.c:875 (v6.1) */
function klpInitObjectEarly(cpu: Cpu, patch: KlpPatchRef, obj: KlpObjectRef): void {
  initListHead(cpu, obj + KLP_OBJECT.funcList);
  kobjectInit(cpu, obj + KLP_OBJECT.kobj, KLP_KTYPE_OBJECT);
  listAddTail(cpu, obj + KLP_OBJECT.node, patch + KLP_PATCH.objList);
}

/** The part of the initialisation that cannot fail: afterwards the patch can be freed at any point.
 * @kernel klp_init_patch_early, kernel/livepatch/core.c:883 (v6.1) */
export function klpInitPatchEarly(cpu: Cpu, patch: KlpPatchRef): void {
  initListHead(cpu, patch + KLP_PATCH.list);
  initListHead(cpu, patch + KLP_PATCH.objList);
  kobjectInit(cpu, patch + KLP_PATCH.kobj, KLP_KTYPE_PATCH);
  cpu.write(patch + KLP_PATCH.enabled, 0);
  cpu.set(patch + KLP_PATCH.forced, 0);
  initWork(cpu, patch + KLP_PATCH.freeWork, KLP_WORK_FREE_PATCH);
  initCompletion(cpu, patch + KLP_PATCH.finish);

  let obj = NULL;
  while ((obj = klpForEachObjectStatic(cpu, patch, obj)) !== NULL) {
    klpInitObjectEarly(cpu, patch, obj);
    let func = NULL;
    while ((func = klpForEachFuncStatic(cpu, obj, func)) !== NULL) {
      klpInitFuncEarly(cpu, obj, func);
    }
  }
}

/** Make a patch known: sysfs, nops, addresses, and its place at the end of the list. 0 or a negative errno.
 * @kernel klp_init_patch, kernel/livepatch/core.c:905 (v6.1) */
export function klpInitPatch(cpu: Cpu, patch: KlpPatchRef): number {
  const { klp } = cpu.ctx;
  const added = kobjectAdd(cpu, patch + KLP_PATCH.kobj, klp.root, patchName(cpu, patch), 0);
  if (added !== 0) return added;

  if (cpu.get(patch + KLP_PATCH.replace) !== 0) {
    const ret = klpAddNops(cpu, patch);
    if (ret !== 0) return ret;
  }

  let obj = NULL;
  while ((obj = klpForEachObject(cpu, patch, obj)) !== NULL) {
    const ret = klpInitObject(cpu, patch, obj);
    if (ret !== 0) return ret;
  }

  listAddTail(cpu, patch + KLP_PATCH.list, klp.patches);
  return 0;
}
