/** Object caches: a table of equal objects with a free list; freed objects are poisoned, so a use after free shows. */

import type { MemoryMap } from '../memory/map.js';
import { POISON, struct, NULL, type Addr, type AnyStruct } from '../memory/struct.js';
import type { Cpu } from './types.js';

/** Shared words of a cache. */
export const CACHE = struct('cache', {
  lock: 1,
  /** First and last object of the free list; an object's first word links to the next. Oldest first. */
  head: 1,
  tail: 1,
  inUse: 1,
  failing: 1,
});

/** A cache: addresses and sizes only, equal on every CPU. */
export interface Cache {
  readonly name: string;
  /** Address of the {@link CACHE} words. */
  readonly control: Addr;
  readonly base: Addr;
  readonly stride: number;
  readonly count: number;
}

/** Claim a cache of `count` objects; {@link initCache} must run before its first use. */
export function claimCache(map: MemoryMap, name: string, layout: AnyStruct, count: number): Cache {
  const control = map.claim(`${name}Cache`, CACHE);
  const base = map.claim(name, layout, count);
  return { name, control, base, stride: layout.size, count };
}

/** Put all objects of a cache on its free list; before any CPU runs. */
export function initCache(words: Int32Array, cache: Cache): void {
  const { control, base, stride, count } = cache;
  for (let i = 0; i < count; i++) {
    words.fill(POISON, base + i * stride, base + (i + 1) * stride);
    words[base + i * stride] = i + 1 < count ? base + (i + 1) * stride : NULL;
  }
  words[control + CACHE.head] = count > 0 ? base : NULL;
  words[control + CACHE.tail] = count > 0 ? base + (count - 1) * stride : NULL;
}

/** Allocate a zeroed object; `NULL` when the cache is exhausted (or told to fail).
 * @kernel kzalloc, include/linux/slab.h:717 (v6.1) */
export function kzalloc(cpu: Cpu, cache: Cache): Addr {
  const { control } = cache;
  cpu.spinLock(control + CACHE.lock);
  const obj = cpu.get(control + CACHE.failing) !== 0 ? NULL : cpu.get(control + CACHE.head);
  if (obj !== NULL) {
    const next = cpu.get(obj);
    cpu.set(control + CACHE.head, next);
    if (next === NULL) cpu.set(control + CACHE.tail, NULL);
    cpu.set(control + CACHE.inUse, cpu.get(control + CACHE.inUse) + 1);
    for (let i = 0; i < cache.stride; i++) cpu.set(obj + i, 0);
  }
  cpu.spinUnlock(control + CACHE.lock);
  return obj;
}

/** Free an object: poison it and put it at the end of the free list, so that it is reused as late as possible.
 * @kernel kfree, mm/slab_common.c:990 (v6.1) */
export function kfree(cpu: Cpu, cache: Cache, obj: Addr): void {
  if (obj === NULL) return;
  const { control } = cache;
  cpu.spinLock(control + CACHE.lock);
  for (let i = 1; i < cache.stride; i++) cpu.set(obj + i, POISON);
  cpu.set(obj, NULL);
  const tail = cpu.get(control + CACHE.tail);
  if (tail === NULL) cpu.set(control + CACHE.head, obj);
  else cpu.set(tail, obj);
  cpu.set(control + CACHE.tail, obj);
  cpu.set(control + CACHE.inUse, cpu.get(control + CACHE.inUse) - 1);
  cpu.spinUnlock(control + CACHE.lock);
}
