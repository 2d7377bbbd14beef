/** Questions about a `struct klp_object`, its four callbacks, and klp_mutex: the inline functions of core.h. */

import { mutexLock, mutexUnlock } from '../kernel/mutex.js';
import { MODULE } from '../kernel/module.js';
import type { Cpu } from '../memory/cpu.js';
import { O_24 } from '../memory/sites.js';
import { NULL } from '../memory/struct.js';
import {
  KLP_CALLBACKS,
  KLP_OBJECT,
  KLP_PATCH,
  type KlpObjectRef,
  type KlpPatchRef,
} from './layout.js';
import {
  CALLBACK_POST_PATCH,
  CALLBACK_POST_UNPATCH,
  CALLBACK_PRE_PATCH,
  CALLBACK_PRE_UNPATCH,
  TRACE_KLP_CALLBACK,
  TRACE_KLP_STABLE,
} from './trace.js';

/** `mutex_lock(&klp_mutex)` (O-24). */
export function klpMutexLock(cpu: Cpu): void {
  mutexLock(cpu, cpu.ctx.klp.mutex, O_24);
}

/** `mutex_unlock(&klp_mutex)` (O-24): the moment to look at what the mutex protects. */
export function klpMutexUnlock(cpu: Cpu): void {
  cpu.trace(TRACE_KLP_STABLE);
  mutexUnlock(cpu, cpu.ctx.klp.mutex, O_24);
}

/** Name of a patch: that of its module, as an index of the name table. */
export function patchName(cpu: Cpu, patch: KlpPatchRef): number {
  return cpu.read(cpu.get(patch + KLP_PATCH.mod) + MODULE.name);
}

/** Name of an object for a message or a directory, `vmlinux` when it is no module. */
export function objectName(cpu: Cpu, obj: KlpObjectRef): number {
  const name = cpu.get(obj + KLP_OBJECT.name);
  return name === NULL ? cpu.ctx.klp.names.vmlinux : name;
}

/** @kernel klp_is_module, kernel/livepatch/core.c:48 (v6.1) */
export function klpIsModule(cpu: Cpu, obj: KlpObjectRef): boolean {
  return cpu.get(obj + KLP_OBJECT.name) !== NULL;
}

/** @kernel klp_is_object_loaded, kernel/livepatch/core.h:21 (v6.1) */
export function klpIsObjectLoaded(cpu: Cpu, obj: KlpObjectRef): boolean {
  return cpu.get(obj + KLP_OBJECT.name) === NULL || cpu.get(obj + KLP_OBJECT.mod) !== NULL;
}

/** Run callback `id` of an object, if there is one; its value, or 0. */
function callback(cpu: Cpu, obj: KlpObjectRef, id: number, kind: number): number {
  const fn = cpu.ctx.klp.callbacks[id];
  if (fn === undefined) return 0;
  cpu.trace(TRACE_KLP_CALLBACK, obj, id, kind);
  return fn(cpu, obj);
}

/** Returns what the callback returns, 0 without one, and remembers whether post_unpatch is owed.
 * @kernel klp_pre_patch_callback, kernel/livepatch/core.h:26 (v6.1) */
export function klpPrePatchCallback(cpu: Cpu, obj: KlpObjectRef): number {
  const callbacks = obj + KLP_OBJECT.callbacks;
  const ret = callback(cpu, obj, cpu.get(callbacks + KLP_CALLBACKS.prePatch), CALLBACK_PRE_PATCH);
  cpu.set(callbacks + KLP_CALLBACKS.postUnpatchEnabled, ret === 0 ? 1 : 0);
  return ret;
}

/** @kernel klp_post_patch_callback, kernel/livepatch/core.h:38 (v6.1) */
export function klpPostPatchCallback(cpu: Cpu, obj: KlpObjectRef): void {
  const id = cpu.get(obj + KLP_OBJECT.callbacks + KLP_CALLBACKS.postPatch);
  callback(cpu, obj, id, CALLBACK_POST_PATCH);
}

/** @kernel klp_pre_unpatch_callback, kernel/livepatch/core.h:44 (v6.1) */
export function klpPreUnpatchCallback(cpu: Cpu, obj: KlpObjectRef): void {
  const id = cpu.get(obj + KLP_OBJECT.callbacks + KLP_CALLBACKS.preUnpatch);
  callback(cpu, obj, id, CALLBACK_PRE_UNPATCH);
}

/** @kernel klp_post_unpatch_callback, kernel/livepatch/core.h:50 (v6.1) */
export function klpPostUnpatchCallback(cpu: Cpu, obj: KlpObjectRef): void {
  const callbacks = obj + KLP_OBJECT.callbacks;
  if (cpu.get(callbacks + KLP_CALLBACKS.postUnpatchEnabled) !== 0) {
    const id = cpu.get(callbacks + KLP_CALLBACKS.postUnpatch);
    callback(cpu, obj, id, CALLBACK_POST_UNPATCH);
  }
  cpu.set(callbacks + KLP_CALLBACKS.postUnpatchEnabled, 0);
}
