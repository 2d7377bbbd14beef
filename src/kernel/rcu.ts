/** RCU of a non-preemptible kernel: a reader is a CPU that has not scheduled. */

import { SimulatorBug } from '../errors.js';
import { struct } from '../memory/struct.js';
import { kfree, type Cache } from './alloc.js';
import { WORK_FN_NOP } from './ftrace.js';
import { KERNEL } from './layout.js';
import { queueWork, scheduleOnEachCpu } from './workqueue.js';
import type { Addr, Cpu } from './types.js';

/** Objects that wait for a grace period. */
export const RCU_PENDING = struct('rcuPending', { control: 1, stride: 1, obj: 1 });

/** How many objects can wait at once. */
export const RCU_PENDING_MAX = 256;

/** Id of the work function that frees them. */
export const WORK_FN_RCU = 3;

/** `rcu_read_lock()`. */
export function rcuReadLock(cpu: Cpu): void {
  cpu.preemptDisable();
}

/** `rcu_read_unlock()`. */
export function rcuReadUnlock(cpu: Cpu): void {
  cpu.preemptEnable();
}

/** Wait for a grace period: every CPU passes its scheduler. Sleeps.
 * @kernel synchronize_rcu, kernel/rcu/tree.c:3340 (v6.1) */
export function synchronizeRcu(cpu: Cpu): void {
  cpu.mightSleep('synchronize_rcu()');
  scheduleOnEachCpu(cpu, WORK_FN_NOP);
}

/** Free an object after a grace period; does not sleep.
 * @kernel kvfree_call_rcu, kernel/rcu/tree.c:3030 (v6.1) */
export function kfreeRcu(cpu: Cpu, cache: Cache, obj: Addr): void {
  const { globals, rcuPending } = cpu.ctx.kernel;
  cpu.spinLock(globals + KERNEL.rcuLock);
  const count = cpu.get(globals + KERNEL.rcuPending);
  if (count >= RCU_PENDING_MAX) throw new SimulatorBug(`more than ${RCU_PENDING_MAX} kfree_rcu()`);
  const entry = rcuPending + count * RCU_PENDING.size;
  cpu.set(entry + RCU_PENDING.control, cache.control);
  cpu.set(entry + RCU_PENDING.stride, cache.stride);
  cpu.set(entry + RCU_PENDING.obj, obj);
  cpu.set(globals + KERNEL.rcuPending, count + 1);
  cpu.spinUnlock(globals + KERNEL.rcuLock);
  queueWork(cpu, globals + KERNEL.rcuWork);
}

/** Work function: everything that was pending when the grace period began is freed. */
export function rcuWorkFn(cpu: Cpu, _work: Addr): void {
  const { globals } = cpu.ctx.kernel;
  cpu.spinLock(globals + KERNEL.rcuLock);
  const before = cpu.get(globals + KERNEL.rcuPending);
  cpu.spinUnlock(globals + KERNEL.rcuLock);
  if (before === 0) return;
  synchronizeRcu(cpu);
  freeOldest(cpu, before);
}

/** Free the first `count` pending objects; later ones move up. */
function freeOldest(cpu: Cpu, count: number): void {
  const { globals, rcuPending } = cpu.ctx.kernel;
  for (let i = 0; i < count; i++) {
    cpu.spinLock(globals + KERNEL.rcuLock);
    const left = cpu.get(globals + KERNEL.rcuPending) - 1;
    const control = cpu.get(rcuPending + RCU_PENDING.control);
    const stride = cpu.get(rcuPending + RCU_PENDING.stride);
    const obj = cpu.get(rcuPending + RCU_PENDING.obj);
    for (let w = 0; w < left * RCU_PENDING.size; w++) {
      cpu.set(rcuPending + w, cpu.get(rcuPending + w + RCU_PENDING.size));
    }
    cpu.set(globals + KERNEL.rcuPending, left);
    cpu.spinUnlock(globals + KERNEL.rcuLock);
    kfree(cpu, { name: '', control, base: 0, stride, count: 0 }, obj);
  }
}
