/** kobjects as livepatch needs them: reference counts, names that must be unique, and sysfs's active references. */

import { struct } from '../memory/struct.js';
import { COMPLETION, complete, initCompletion, waitForCompletion } from './completion.js';
import { EEXIST } from './errno.js';
import { KERNEL } from './layout.js';
import { DUPLICATE_FILENAME, KOBJECT_ADD_FAILED, KOBJECT_ADD_FAILED_PREFIXED } from './messages.js';
import { printk } from './printk.js';
import { NULL, type Addr, type Cpu } from './types.js';

/** `struct kobject`. */
export const KOBJECT = struct('kobject', {
  refcount: 1,
  /** Release function by id. */
  ktype: 1,
  parent: 1,
  /** Name id and, for functions, the number behind the comma. */
  name: 1,
  sympos: 1,
  inSysfs: 1,
  /** Children: first, and the sibling links. */
  child: 1,
  next: 1,
  prev: 1,
  /** Sysfs operations in progress; negative once removal has begun. */
  active: 1,
  drained: COMPLETION.size,
});

/** Added to `active` when removal begins. */
const DEACTIVATED = -0x40000000;

/** `kobject_init()`: one reference, not yet visible. */
export function kobjectInit(cpu: Cpu, kobj: Addr, ktype: number): void {
  for (let i = 0; i < KOBJECT.size; i++) cpu.set(kobj + i, 0);
  cpu.writeOnce(kobj + KOBJECT.refcount, 1);
  cpu.writeOnce(kobj + KOBJECT.active, 0);
  cpu.set(kobj + KOBJECT.ktype, ktype);
  initCompletion(cpu, kobj + KOBJECT.drained);
}

/** One step of a walk over what stands below a kobject, under the kobject lock: the child after `kobj`, the first after `NULL`,
 * `NULL` after the last. */
export function forEachChild(cpu: Cpu, parent: Addr, kobj: Addr): Addr {
  return cpu.get(kobj === NULL ? parent + KOBJECT.child : kobj + KOBJECT.next);
}

/** Make a kobject visible under its parent, whose reference it takes.
 * @returns 0, or -EEXIST when the parent has a child of that name
 * @kernel kobject_add, lib/kobject.c:430 (v6.1) */
export function kobjectAdd(
  cpu: Cpu,
  kobj: Addr,
  parent: Addr,
  name: number,
  sympos: number,
): number {
  const lock = cpu.ctx.kernel.globals + KERNEL.kobjectLock;
  cpu.spinLock(lock);
  let sibling = NULL;
  let taken = false;
  while ((sibling = forEachChild(cpu, parent, sibling)) !== NULL) {
    const sameName = cpu.get(sibling + KOBJECT.name) === name;
    if (sameName && cpu.get(sibling + KOBJECT.sympos) === sympos) taken = true;
  }
  if (!taken) link(cpu, kobj, parent, name, sympos);
  cpu.spinUnlock(lock);
  if (taken) {
    complainAboutDuplicate(cpu, parent, name, sympos);
    return -EEXIST;
  }
  kobjectGet(cpu, parent);
  return 0;
}

/** Say that a directory of that name exists, as sysfs, which shows the stack, and the kobject code do. */
function complainAboutDuplicate(cpu: Cpu, parent: Addr, name: number, sympos: number): void {
  const named = [name];
  for (let up = parent; cpu.get(up + KOBJECT.parent) !== NULL; up = cpu.get(up + KOBJECT.parent)) {
    named.unshift(cpu.get(up + KOBJECT.name));
  }
  const [first = 0, second = 0, third = 0] = named;
  const path = DUPLICATE_FILENAME[named.length - 1];
  if (path !== undefined) printk(cpu, path, first, second, third, sympos);
  cpu.ctx.hooks.dumpStack?.(cpu, 'sysfs_warn_dup');
  const hasPrefix = cpu.ctx.kernel.facts.kobjectPrefix !== '';
  const failed = (hasPrefix ? KOBJECT_ADD_FAILED_PREFIXED : KOBJECT_ADD_FAILED)[
    sympos === 0 ? 0 : 1
  ];
  if (failed !== undefined) printk(cpu, failed, name, sympos);
}

function link(cpu: Cpu, kobj: Addr, parent: Addr, name: number, sympos: number): void {
  const first = cpu.get(parent + KOBJECT.child);
  cpu.set(kobj + KOBJECT.parent, parent);
  cpu.set(kobj + KOBJECT.name, name);
  cpu.set(kobj + KOBJECT.sympos, sympos);
  cpu.set(kobj + KOBJECT.next, first);
  cpu.set(kobj + KOBJECT.prev, NULL);
  if (first !== NULL) cpu.set(first + KOBJECT.prev, kobj);
  cpu.set(parent + KOBJECT.child, kobj);
  cpu.set(kobj + KOBJECT.inSysfs, 1);
}

function unlink(cpu: Cpu, kobj: Addr): void {
  const lock = cpu.ctx.kernel.globals + KERNEL.kobjectLock;
  cpu.spinLock(lock);
  const next = cpu.get(kobj + KOBJECT.next);
  const prev = cpu.get(kobj + KOBJECT.prev);
  if (next !== NULL) cpu.set(next + KOBJECT.prev, prev);
  if (prev !== NULL) cpu.set(prev + KOBJECT.next, next);
  else cpu.set(cpu.get(kobj + KOBJECT.parent) + KOBJECT.child, next);
  cpu.set(kobj + KOBJECT.inSysfs, 0);
  cpu.spinUnlock(lock);
}

/** `kobject_get()`. */
export function kobjectGet(cpu: Cpu, kobj: Addr): void {
  cpu.fetchAddRelaxed(kobj + KOBJECT.refcount, 1);
}

/**
 * Drop a reference. The last one removes the kobject from sysfs, waits for the operations in progress (sleeps), and
 * calls its release function, after which nothing of it may be touched.
 *
 * @kernel kobject_put, lib/kobject.c:700 (v6.1)
 */
export function kobjectPut(cpu: Cpu, kobj: Addr): void {
  // refcount_dec_and_test(): the CPU that drops the last reference sees what others did before they dropped theirs.
  if (cpu.fetchAddRelease(kobj + KOBJECT.refcount, -1) !== 1) return;
  cpu.smpRmb(); // smp_acquire__after_ctrl_dep(); pairs with the release of the others.
  const visible = cpu.get(kobj + KOBJECT.inSysfs) !== 0;
  const parent = cpu.get(kobj + KOBJECT.parent);
  if (visible) {
    drain(cpu, kobj);
    unlink(cpu, kobj);
  }
  cpu.ctx.kernel.ktypes[cpu.get(kobj + KOBJECT.ktype)]?.(cpu, kobj);
  if (visible) kobjectPut(cpu, parent);
}

/** Begin removal: new operations fail, running ones are waited for.
 * @kernel kernfs_drain, fs/kernfs/dir.c:480 (v6.1) */
function drain(cpu: Cpu, kobj: Addr): void {
  if (cpu.fetchAdd(kobj + KOBJECT.active, DEACTIVATED) === 0) return;
  waitForCompletion(cpu, kobj + KOBJECT.drained);
}

/** Begin a sysfs operation on a kobject; false once it is being removed.
 * @kernel kernfs_get_active, fs/kernfs/dir.c:420 (v6.1) */
export function kobjectGetActive(cpu: Cpu, kobj: Addr): boolean {
  for (;;) {
    const active = cpu.readOnce(kobj + KOBJECT.active);
    if (active < 0) return false;
    // atomic_inc_unless_negative(): fully ordered when it succeeds; pairs with that of drain().
    if (cpu.cmpxchg(kobj + KOBJECT.active, active, active + 1) === active) return true;
  }
}

/** End a sysfs operation.
 * @kernel kernfs_put_active, fs/kernfs/dir.c:440 (v6.1) */
export function kobjectPutActive(cpu: Cpu, kobj: Addr): void {
  if (cpu.fetchAdd(kobj + KOBJECT.active, -1) !== DEACTIVATED + 1) return;
  complete(cpu, kobj + KOBJECT.drained);
}
