/** Shadow variables: data that patches attach to existing objects, a port of kernel/livepatch/shadow.c. */

import { kfree, kzalloc } from '../kernel/alloc.js';
import { LIST_POISON2 } from '../kernel/list.js';
import { SHADOW_DUPLICATE } from '../kernel/messages.js';
import { printk } from '../kernel/printk.js';
import { kfreeRcu, rcuReadLock, rcuReadUnlock } from '../kernel/rcu.js';
import { warnOn } from '../kernel/warn.js';
import type { Cpu } from '../memory/cpu.js';
import { O_30 } from '../memory/sites.js';
import { NULL, type Addr } from '../memory/struct.js';
import { KLP_SHADOW, KLP_SHADOW_DATA_WORDS } from './layout.js';
import { SHADOW_CONSTRUCT_FAILED } from './messages.js';
import { WARN_SHADOW_DUPLICATE } from './warn-sites.js';

/** Fills new shadow data, under klp_shadow_lock: 0, or a negative errno that makes the allocation fail. */
export type KlpShadowCtor = (cpu: Cpu, obj: Addr, data: Addr, ctorData: number) => number;
/** Releases what shadow data refers to, under klp_shadow_lock. */
export type KlpShadowDtor = (cpu: Cpu, obj: Addr, data: Addr) => void;

const GOLDEN_RATIO_32 = 0x61c88647;

/** Address of the bucket of an object. */
function bucketOf(cpu: Cpu, obj: Addr): Addr {
  const { shadowHash, shadowBits } = cpu.ctx.klp;
  return shadowHash + ((Math.imul(obj, GOLDEN_RATIO_32) >>> 16) & ((1 << shadowBits) - 1));
}

/** `hash_for_each_possible()`: the shadow after `shadow` in the bucket of `obj`, the first after `NULL`, `NULL` after the last. */
function hashForEachPossible(cpu: Cpu, obj: Addr, shadow: Addr): Addr {
  return cpu.read(shadow === NULL ? bucketOf(cpu, obj) : shadow + KLP_SHADOW.next);
}

/** `hash_for_each_possible_rcu()`: each link is dereferenced inside the reader's section (O-30). */
function hashForEachPossibleRcu(cpu: Cpu, obj: Addr, shadow: Addr): Addr {
  const link = shadow === NULL ? bucketOf(cpu, obj) : shadow + KLP_SHADOW.next;
  return cpu.rcuDereference(link, O_30);
}

/** `hlist_for_each_entry_safe()`, of which `hash_for_each_safe()` is made: the shadow after `shadow` in a bucket, the first after
 * `NULL`, `NULL` after the last. */
function hlistForEachEntrySafe(cpu: Cpu, bucket: Addr, shadow: Addr): Addr {
  return cpu.read(shadow === NULL ? bucket : shadow + KLP_SHADOW.next);
}

/** `hash_add_rcu()`: publish at the front of the bucket. */
function hashAddRcu(cpu: Cpu, bucket: Addr, shadow: Addr): void {
  const first = cpu.read(bucket);
  cpu.write(shadow + KLP_SHADOW.next, first);
  cpu.write(shadow + KLP_SHADOW.pprev, bucket);
  // Release: the data before the link. Pairs with the dependent load of klpShadowGet() (O-30).
  cpu.rcuAssignPointer(bucket, shadow, O_30);
  if (first !== NULL) cpu.write(first + KLP_SHADOW.pprev, shadow + KLP_SHADOW.next);
}

/** `hash_del_rcu()`: unlink, but keep `next` for the readers. */
function hashDelRcu(cpu: Cpu, shadow: Addr): void {
  const next = cpu.read(shadow + KLP_SHADOW.next);
  const pprev = cpu.read(shadow + KLP_SHADOW.pprev);
  cpu.writeOnce(pprev, next);
  if (next !== NULL) cpu.write(next + KLP_SHADOW.pprev, pprev);
  cpu.write(shadow + KLP_SHADOW.pprev, LIST_POISON2);
}

/** @kernel klp_shadow_match, kernel/livepatch/shadow.c:70 (v6.1) */
function klpShadowMatch(cpu: Cpu, shadow: Addr, obj: Addr, id: number): boolean {
  return cpu.read(shadow + KLP_SHADOW.obj) === obj && cpu.read(shadow + KLP_SHADOW.id) === id;
}

/** Address of the data attached to `obj` under `id`, or `NULL`. The caller keeps it from being freed.
 * @kernel klp_shadow_get, kernel/livepatch/shadow.c:83 (v6.1) */
export function klpShadowGet(cpu: Cpu, obj: Addr, id: number): Addr {
  rcuReadLock(cpu);
  let shadow = NULL;
  while ((shadow = hashForEachPossibleRcu(cpu, obj, shadow)) !== NULL) {
    if (klpShadowMatch(cpu, shadow, obj, id)) break;
  }
  rcuReadUnlock(cpu);
  return shadow === NULL ? NULL : shadow + KLP_SHADOW.data;
}

/** What is returned for a variable that exists already. */
function exists(cpu: Cpu, data: Addr, warnOnExist: boolean, obj: Addr, id: number): Addr {
  if (!warnOn(cpu, warnOnExist, WARN_SHADOW_DUPLICATE)) return data;
  printk(cpu, SHADOW_DUPLICATE, obj, id);
  return NULL;
}

/** @kernel __klp_shadow_get_or_alloc, kernel/livepatch/shadow.c:104 (v6.1)
 * @differs the size is in words, and more than KLP_SHADOW_DATA_WORDS counts as out of memory */
// eslint-disable-next-line @typescript-eslint/max-params -- as many as the C function has
function __klpShadowGetOrAlloc(
  cpu: Cpu,
  obj: Addr,
  id: number,
  size: number,
  ctor: KlpShadowCtor | undefined,
  ctorData: number,
  warnOnExist: boolean,
): Addr {
  const { shadowCache, shadowLock } = cpu.ctx.klp;
  let data = klpShadowGet(cpu, obj, id);
  if (data !== NULL) return exists(cpu, data, warnOnExist, obj, id);

  const shadow = size > KLP_SHADOW_DATA_WORDS ? NULL : kzalloc(cpu, shadowCache);
  if (shadow === NULL) return NULL;

  // Look again under the lock: another CPU may have been faster.
  cpu.spinLock(shadowLock);
  data = klpShadowGet(cpu, obj, id);
  if (data !== NULL) {
    cpu.spinUnlock(shadowLock);
    kfree(cpu, shadowCache, shadow);
    return exists(cpu, data, warnOnExist, obj, id);
  }

  cpu.write(shadow + KLP_SHADOW.obj, obj);
  cpu.write(shadow + KLP_SHADOW.id, id);
  // The constructor has to run before any reader can find the variable (O-30).
  if (cpu.ablates(O_30)) hashAddRcu(cpu, bucketOf(cpu, obj), shadow);
  if (ctor !== undefined) {
    const err = ctor(cpu, obj, shadow + KLP_SHADOW.data, ctorData);
    if (err !== 0) {
      if (cpu.ablates(O_30)) hashDelRcu(cpu, shadow);
      cpu.spinUnlock(shadowLock);
      kfree(cpu, shadowCache, shadow);
      printk(cpu, SHADOW_CONSTRUCT_FAILED, obj, id, err);
      return NULL;
    }
  }
  if (!cpu.ablates(O_30)) hashAddRcu(cpu, bucketOf(cpu, obj), shadow);
  cpu.spinUnlock(shadowLock);
  return shadow + KLP_SHADOW.data;
}

/** Attach new data to an object; `NULL` when it is there already (with a WARN), without memory, or if `ctor` fails.
 * @kernel klp_shadow_alloc, kernel/livepatch/shadow.c:196 (v6.1)
 * @param size words of data, zeroed before `ctor` runs
 * @param ctorData handed to `ctor` */
export function klpShadowAlloc(
  cpu: Cpu,
  obj: Addr,
  id: number,
  size: number,
  ctor?: KlpShadowCtor,
  ctorData = 0,
): Addr {
  return __klpShadowGetOrAlloc(cpu, obj, id, size, ctor, ctorData, true);
}

/** As {@link klpShadowAlloc}, but data that is there already is returned, without the constructor.
 * @kernel klp_shadow_get_or_alloc, kernel/livepatch/shadow.c:225 (v6.1) */
export function klpShadowGetOrAlloc(
  cpu: Cpu,
  obj: Addr,
  id: number,
  size: number,
  ctor?: KlpShadowCtor,
  ctorData = 0,
): Addr {
  return __klpShadowGetOrAlloc(cpu, obj, id, size, ctor, ctorData, false);
}

/** @kernel klp_shadow_free_struct, kernel/livepatch/shadow.c:234 (v6.1) */
function klpShadowFreeStruct(cpu: Cpu, shadow: Addr, dtor: KlpShadowDtor | undefined): void {
  const { shadowCache } = cpu.ctx.klp;
  hashDelRcu(cpu, shadow);
  if (dtor !== undefined) dtor(cpu, cpu.read(shadow + KLP_SHADOW.obj), shadow + KLP_SHADOW.data);
  // A reader may still be on it: pairs with the read section of klpShadowGet() (O-30).
  if (cpu.ablates(O_30)) kfree(cpu, shadowCache, shadow);
  else kfreeRcu(cpu, shadowCache, shadow);
}

/** Detach and free the data of `obj` under `id`, if there is any.
 * @kernel klp_shadow_free, kernel/livepatch/shadow.c:253 (v6.1) */
export function klpShadowFree(cpu: Cpu, obj: Addr, id: number, dtor?: KlpShadowDtor): void {
  const { shadowLock } = cpu.ctx.klp;
  cpu.spinLock(shadowLock);
  let shadow = NULL;
  while ((shadow = hashForEachPossible(cpu, obj, shadow)) !== NULL) {
    if (klpShadowMatch(cpu, shadow, obj, id)) break;
  }
  if (shadow !== NULL) klpShadowFreeStruct(cpu, shadow, dtor);
  cpu.spinUnlock(shadowLock);
}

/** Detach and free the data of all objects under `id`.
 * @kernel klp_shadow_free_all, kernel/livepatch/shadow.c:283 (v6.1) */
export function klpShadowFreeAll(cpu: Cpu, id: number, dtor?: KlpShadowDtor): void {
  const { shadowHash, shadowBits, shadowLock } = cpu.ctx.klp;
  cpu.spinLock(shadowLock);
  for (let bucket = shadowHash; bucket < shadowHash + (1 << shadowBits); bucket++) {
    let next = hlistForEachEntrySafe(cpu, bucket, NULL);
    for (let shadow = next; shadow !== NULL; shadow = next) {
      next = hlistForEachEntrySafe(cpu, bucket, shadow);
      if (cpu.read(shadow + KLP_SHADOW.id) === id) klpShadowFreeStruct(cpu, shadow, dtor);
    }
  }
  cpu.spinUnlock(shadowLock);
}
