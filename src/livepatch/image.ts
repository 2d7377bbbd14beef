/** What the author of a livepatch module writes: a declarative description, and the structs a loaded module holds. */

import { kfree, kzalloc } from '../kernel/alloc.js';
import { kallsymsNthSymbol } from '../kernel/kallsyms.js';
import { MODULE } from '../kernel/module.js';
import type { Cpu } from '../memory/cpu.js';
import { NULL, type Addr } from '../memory/struct.js';
import { klpForEachFuncStatic, klpForEachObjectStatic, klpForEachState } from './for-each.js';
import {
  EMPTY_ARRAY,
  KLP_CALLBACKS,
  KLP_FUNC,
  KLP_OBJECT,
  KLP_PATCH,
  KLP_STATE,
  type KlpObjectRef,
  type KlpPatchRef,
} from './layout.js';

/** One function to replace. Names are numbers of the machine's name table. */
export interface FuncSpec {
  readonly oldName: number;
  /** Name of the replacement among the livepatch module's own functions; 0: none, which klp_init_func() refuses. */
  readonly newName: number;
  /** 0 (default): the name must be unique in its object; n: the n-th symbol of that name. */
  readonly oldSympos?: number;
}

/** Numbers of `KlpContext.callbacks`. */
export interface CallbacksSpec {
  readonly prePatch?: number;
  readonly postPatch?: number;
  readonly preUnpatch?: number;
  readonly postUnpatch?: number;
}

/** The functions to replace in vmlinux or in one module. */
export interface ObjectSpec {
  /** Name of the module; left out: vmlinux. */
  readonly name?: number;
  /** Left out: the pointer is NULL, which klp_enable_patch() refuses. */
  readonly funcs?: readonly FuncSpec[];
  readonly callbacks?: CallbacksSpec;
  /** Relocations of the livepatch's code that refer to symbols of this module. Default 0. */
  readonly relocations?: number;
}

/** One system state. */
export interface StateSpec {
  /** Not 0. */
  readonly id: number;
  readonly version: number;
}

/** A `struct klp_patch` as its author writes it; the module that holds it gives it its name. */
export interface PatchSpec {
  /** Default false. */
  readonly replace?: boolean | number;
  /** Left out: the pointer is NULL, which klp_enable_patch() refuses. */
  readonly objects?: readonly ObjectSpec[];
  readonly states?: readonly StateSpec[];
}

function freeFuncs(cpu: Cpu, obj: KlpObjectRef): void {
  let next = klpForEachFuncStatic(cpu, obj, NULL);
  for (let func = next; func !== NULL; func = next) {
    next = klpForEachFuncStatic(cpu, obj, func);
    kfree(cpu, cpu.ctx.klp.funcCache, func);
  }
}

function freeObjects(cpu: Cpu, patch: KlpPatchRef): void {
  let next = klpForEachObjectStatic(cpu, patch, NULL);
  for (let obj = next; obj !== NULL; obj = next) {
    next = klpForEachObjectStatic(cpu, patch, obj);
    freeFuncs(cpu, obj);
    kfree(cpu, cpu.ctx.klp.objectCache, obj);
  }
}

/** Free and poison the structs that {@link klpBuildImage} made; they go with the module's memory. */
export function klpFreeImage(cpu: Cpu, patch: KlpPatchRef): void {
  if (patch === NULL) return;
  freeObjects(cpu, patch);
  let next = klpForEachState(cpu, patch, NULL);
  for (let state = next; state !== NULL; state = next) {
    next = klpForEachState(cpu, patch, state);
    kfree(cpu, cpu.ctx.klp.stateCache, state);
  }
  kfree(cpu, cpu.ctx.klp.patchCache, patch);
}

/** Build one array from its last element to its first; `link` receives the first. False when a cache is exhausted. */
function buildFuncs(cpu: Cpu, link: Addr, specs: readonly FuncSpec[], modName: number): boolean {
  for (let i = specs.length - 1; i >= 0; i--) {
    const spec = specs[i];
    if (spec === undefined) continue;
    const func = kzalloc(cpu, cpu.ctx.klp.funcCache);
    if (func === NULL) return false;
    cpu.write(func + KLP_FUNC.oldName, spec.oldName);
    cpu.set(func + KLP_FUNC.oldSympos, spec.oldSympos ?? 0);
    if (spec.newName !== 0) {
      const newFunc = kallsymsNthSymbol(cpu, modName, spec.newName, 1);
      cpu.write(func + KLP_FUNC.newFunc, newFunc);
    }
    const next = cpu.get(link);
    cpu.set(func + KLP_FUNC.next, next === EMPTY_ARRAY ? NULL : next);
    cpu.set(link, func);
  }
  return true;
}

function buildCallbacks(cpu: Cpu, obj: KlpObjectRef, spec: CallbacksSpec): void {
  const callbacks = obj + KLP_OBJECT.callbacks;
  cpu.set(callbacks + KLP_CALLBACKS.prePatch, spec.prePatch ?? 0);
  cpu.set(callbacks + KLP_CALLBACKS.postPatch, spec.postPatch ?? 0);
  cpu.set(callbacks + KLP_CALLBACKS.preUnpatch, spec.preUnpatch ?? 0);
  cpu.set(callbacks + KLP_CALLBACKS.postUnpatch, spec.postUnpatch ?? 0);
}

function buildObjects(cpu: Cpu, patch: KlpPatchRef, specs: readonly ObjectSpec[]): boolean {
  const modName = cpu.read(cpu.get(patch + KLP_PATCH.mod) + MODULE.name);
  const link = patch + KLP_PATCH.objs;
  for (let i = specs.length - 1; i >= 0; i--) {
    const spec = specs[i];
    if (spec === undefined) continue;
    const obj = kzalloc(cpu, cpu.ctx.klp.objectCache);
    if (obj === NULL) return false;
    cpu.set(obj + KLP_OBJECT.name, spec.name ?? 0);
    cpu.set(obj + KLP_OBJECT.relocs, spec.relocations ?? 0);
    if (spec.callbacks !== undefined) buildCallbacks(cpu, obj, spec.callbacks);
    const next = cpu.get(link);
    cpu.set(obj + KLP_OBJECT.next, next === EMPTY_ARRAY ? NULL : next);
    cpu.set(link, obj);
    if (spec.funcs === undefined) continue;
    cpu.set(obj + KLP_OBJECT.funcs, EMPTY_ARRAY);
    if (!buildFuncs(cpu, obj + KLP_OBJECT.funcs, spec.funcs, modName)) return false;
  }
  return true;
}

function buildStates(cpu: Cpu, patch: KlpPatchRef, specs: readonly StateSpec[]): boolean {
  for (let i = specs.length - 1; i >= 0; i--) {
    const spec = specs[i];
    if (spec === undefined) continue;
    const state = kzalloc(cpu, cpu.ctx.klp.stateCache);
    if (state === NULL) return false;
    cpu.set(state + KLP_STATE.id, spec.id);
    cpu.set(state + KLP_STATE.version, spec.version);
    cpu.set(state + KLP_STATE.next, cpu.get(patch + KLP_PATCH.states));
    cpu.set(patch + KLP_PATCH.states, state);
  }
  return true;
}

/**
 * Build a livepatch module's `klp_patch`, as it stands in the module's memory after loading.
 *
 * @param mod the module, whose functions have their symbols already
 * @returns the patch, or `NULL` when a cache is exhausted; nothing is leaked then
 */
export function klpBuildImage(cpu: Cpu, mod: Addr, spec: PatchSpec): KlpPatchRef {
  const patch = kzalloc(cpu, cpu.ctx.klp.patchCache);
  if (patch === NULL) return NULL;
  cpu.set(patch + KLP_PATCH.mod, mod);
  cpu.set(patch + KLP_PATCH.replace, Number(spec.replace ?? 0));
  if (spec.objects !== undefined) {
    cpu.set(patch + KLP_PATCH.objs, EMPTY_ARRAY);
    if (!buildObjects(cpu, patch, spec.objects)) {
      klpFreeImage(cpu, patch);
      return NULL;
    }
  }
  if (!buildStates(cpu, patch, spec.states ?? [])) {
    klpFreeImage(cpu, patch);
    return NULL;
  }
  return patch;
}
