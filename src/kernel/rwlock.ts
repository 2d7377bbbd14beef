/** rwlock_t: spinning readers and one writer, fair enough that a waiting writer stops new readers. */

import { struct } from '../memory/struct.js';
import type { Addr, Cpu, SiteId } from './types.js';

/** Words of a reader-writer spinlock. */
export const RWLOCK = struct('rwlock', {
  /** Readers inside, plus {@link WRITER} while a writer is inside. */
  count: 1,
  /** Writers that wait; new readers stand back. */
  waiting: 1,
});

const WRITER = 0x10000;

/** `read_lock()`; with an ablated site the lock is not taken.
 * @kernel queued_read_lock, include/asm-generic/qrwlock.h:74 (v6.1) */
export function readLock(cpu: Cpu, lock: Addr, site?: SiteId): void {
  if (site !== undefined && cpu.ablates(site)) return;
  if (!cpu.ctx.kernel.preemptRt) cpu.preemptDisable();
  for (;;) {
    const waiting = cpu.readOnce(lock + RWLOCK.waiting);
    if (waiting !== 0) {
      cpu.relax(lock + RWLOCK.waiting, waiting);
      continue;
    }
    const count = cpu.fetchAddAcquire(lock + RWLOCK.count, 1) + 1;
    if (count < WRITER) return;
    const left = cpu.fetchAddRelaxed(lock + RWLOCK.count, -1) - 1;
    // The writer may be gone by now: nothing would end the wait for a free lock.
    if (left >= WRITER) cpu.relax(lock + RWLOCK.count, left);
  }
}

/** `read_unlock()`. */
export function readUnlock(cpu: Cpu, lock: Addr, site?: SiteId): void {
  if (site !== undefined && cpu.ablates(site)) return;
  cpu.fetchAddRelease(lock + RWLOCK.count, -1);
  cpu.kick(lock + RWLOCK.count);
  if (!cpu.ctx.kernel.preemptRt) cpu.preemptEnable();
}

/** `write_lock()`. */
export function writeLock(cpu: Cpu, lock: Addr, site?: SiteId): void {
  if (site !== undefined && cpu.ablates(site)) return;
  if (!cpu.ctx.kernel.preemptRt) cpu.preemptDisable();
  cpu.atomicAdd(lock + RWLOCK.waiting, 1);
  for (;;) {
    const found = cpu.cmpxchgAcquire(lock + RWLOCK.count, 0, WRITER);
    if (found === 0) break;
    cpu.relax(lock + RWLOCK.count, found);
  }
}

/** `write_unlock()`. */
export function writeUnlock(cpu: Cpu, lock: Addr, site?: SiteId): void {
  if (site !== undefined && cpu.ablates(site)) return;
  cpu.atomicAdd(lock + RWLOCK.waiting, -1);
  cpu.fetchAddRelease(lock + RWLOCK.count, -WRITER);
  cpu.kick(lock + RWLOCK.count);
  cpu.kick(lock + RWLOCK.waiting);
  if (!cpu.ctx.kernel.preemptRt) cpu.preemptEnable();
}
