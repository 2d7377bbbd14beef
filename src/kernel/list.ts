/** Doubly linked lists of include/linux/list.h and rculist.h, on words. */

import { NULL, struct } from '../memory/struct.js';
import { O_13 } from '../memory/sites.js';
import type { Addr, Cpu, SiteId } from './types.js';

/** `struct list_head`. */
export const LIST = struct('list_head', { next: 1, prev: 1 });

/** What list_del() leaves in `next`: no valid address. */
export const LIST_POISON1 = 0x7ead0100;
/** What list_del() and list_del_rcu() leave in `prev`. */
export const LIST_POISON2 = 0x7ead0122;

/** @kernel INIT_LIST_HEAD, include/linux/list.h:35 (v6.1) */
export function initListHead(cpu: Cpu, head: Addr): void {
  cpu.writeOnce(head + LIST.next, head);
  cpu.writeOnce(head + LIST.prev, head);
}

/** @kernel list_empty, include/linux/list.h:290 (v6.1) */
export function listEmpty(cpu: Cpu, head: Addr): boolean {
  return cpu.readOnce(head + LIST.next) === head;
}

/** @kernel list_is_singular, include/linux/list.h:349 (v6.1) */
export function listIsSingular(cpu: Cpu, head: Addr): boolean {
  return !listEmpty(cpu, head) && cpu.read(head + LIST.next) === cpu.read(head + LIST.prev);
}

function insertBetween(cpu: Cpu, entry: Addr, prev: Addr, next: Addr): void {
  cpu.write(next + LIST.prev, entry);
  cpu.write(entry + LIST.next, next);
  cpu.write(entry + LIST.prev, prev);
  cpu.writeOnce(prev + LIST.next, entry);
}

/** @kernel list_add, include/linux/list.h:79 (v6.1) */
export function listAdd(cpu: Cpu, entry: Addr, head: Addr): void {
  insertBetween(cpu, entry, head, cpu.read(head + LIST.next));
}

/** @kernel list_add_tail, include/linux/list.h:93 (v6.1) */
export function listAddTail(cpu: Cpu, entry: Addr, head: Addr): void {
  insertBetween(cpu, entry, cpu.read(head + LIST.prev), head);
}

function unlink(cpu: Cpu, entry: Addr): void {
  const next = cpu.read(entry + LIST.next);
  const prev = cpu.read(entry + LIST.prev);
  cpu.write(next + LIST.prev, prev);
  cpu.writeOnce(prev + LIST.next, next);
}

/** @kernel list_del, include/linux/list.h:143 (v6.1) */
export function listDel(cpu: Cpu, entry: Addr): void {
  unlink(cpu, entry);
  cpu.write(entry + LIST.next, LIST_POISON1);
  cpu.write(entry + LIST.prev, LIST_POISON2);
}

/** @kernel list_del_init, include/linux/list.h:200 (v6.1) */
export function listDelInit(cpu: Cpu, entry: Addr): void {
  unlink(cpu, entry);
  initListHead(cpu, entry);
}

/** Publish `entry` at the front of `head`: its own links are written before the release store of the head.
 * @kernel list_add_rcu, include/linux/rculist.h:104 (v6.1) */
export function listAddRcu(cpu: Cpu, entry: Addr, head: Addr, site?: SiteId): void {
  const next = cpu.read(head + LIST.next);
  cpu.write(entry + LIST.next, next);
  cpu.write(entry + LIST.prev, head);
  // Pairs with the dependent load of the head in the readers (O-12 with O-11).
  cpu.rcuAssignPointer(head + LIST.next, entry, site);
  cpu.write(next + LIST.prev, entry);
}

/** Unlink `entry` but keep its `next`, which a reader may still be about to follow (O-13).
 * @kernel list_del_rcu, include/linux/rculist.h:157 (v6.1) */
export function listDelRcu(cpu: Cpu, entry: Addr, site: SiteId = O_13): void {
  unlink(cpu, entry);
  if (cpu.ablates(site)) cpu.write(entry + LIST.next, LIST_POISON1);
  cpu.write(entry + LIST.prev, LIST_POISON2);
}

/**
 * One step of `list_for_each_entry()` for entries whose link comes first: the entry after `pos`, `NULL` after the last.
 * The body may not unlink the entry that it stands on. Kernel code cannot be a generator, so a walk is a loop:
 * `while ((pos = listForEachEntry(cpu, head, pos)) !== NULL)`.
 *
 * @param pos the entry that was visited last, `NULL` before the first
 */
export function listForEachEntry(cpu: Cpu, head: Addr, pos: Addr): Addr {
  const next = cpu.read((pos === NULL ? head : pos) + LIST.next);
  return next === head ? NULL : next;
}
