/**
 * Weak memory on real threads: store buffers and early loads that reorder what the Linux kernel memory model lets
 * hardware reorder.
 *
 * Every access is carried out on the one shared memory at some moment: a load no later than the program asks for its
 * value, a store no earlier than the program makes it. The orders of the model are orders of these moments:
 *
 * - a load may be carried out early, back to the floor: the moment of the last load before `smp_rmb()`, of an acquire,
 *   of a full barrier, or of the load that returned the address it goes through;
 * - a store may be carried out late: stores to different words land in any order, except across `smp_wmb()`; a release
 *   or an unlock lands after everything before it, a full barrier, and a lock after an unlock, waits for all;
 * - a load is never carried out after a later store, so control, data and address dependencies to stores hold.
 *
 * All CPUs agree on one order of these moments, so the emulation is multi-copy atomic and shows no load buffering: it is
 * stronger than the model there, and nowhere weaker.
 */

import { ACQUIRE, DEPENDENT, INDEPENDENT, ReorderingCpu } from './reordering.js';
import type { SiteId } from './sites.js';
import {
  PENDING_ADD,
  PENDING_AND,
  PENDING_OR,
  PENDING_RELEASE,
  PENDING_STORE,
  PENDING_UNLOCK,
} from './store-buffer.js';
import type { Addr } from './struct.js';

/** A CPU that reorders. With `reorder: 0` it executes in program order. */
export class WeakCpu extends ReorderingCpu {
  override read(addr: Addr): number {
    return this.loadWord(this.check(addr), DEPENDENT);
  }
  override write(addr: Addr, value: number): void {
    this.storeWord(this.check(addr), value, PENDING_STORE);
  }
  override readOnce(addr: Addr): number {
    return this.loadWord(this.check(addr), DEPENDENT);
  }
  override writeOnce(addr: Addr, value: number): void {
    this.storeWord(this.check(addr), value, PENDING_STORE);
  }
  override readIndependent(addr: Addr): number {
    return this.loadWord(this.check(addr), INDEPENDENT);
  }

  override smpMb(_site?: SiteId): void {
    this.barrier();
  }
  override smpRmb(_site?: SiteId): void {
    this.orderLoads();
  }
  override smpWmb(_site?: SiteId): void {
    this.buffer.cut();
  }
  override loadAcquire(addr: Addr, _site?: SiteId): number {
    return this.loadWord(this.check(addr), ACQUIRE);
  }
  override storeRelease(addr: Addr, value: number, _site?: SiteId): void {
    this.storeWord(this.check(addr), value, PENDING_RELEASE);
  }

  override xchg(addr: Addr, value: number, _site?: SiteId): number {
    this.beforeRelease(addr);
    return this.acquired(addr, Atomics.exchange(this.words, addr, value));
  }
  override xchgRelaxed(addr: Addr, value: number): number {
    this.beforeRmw(addr);
    return this.afterRmw(addr, Atomics.exchange(this.words, addr, value));
  }
  override xchgAcquire(addr: Addr, value: number, _site?: SiteId): number {
    this.beforeRmw(addr);
    return this.acquired(addr, Atomics.exchange(this.words, addr, value));
  }
  override xchgRelease(addr: Addr, value: number, _site?: SiteId): number {
    this.beforeRelease(addr);
    return this.afterRmw(addr, Atomics.exchange(this.words, addr, value));
  }
  override cmpxchg(addr: Addr, expected: number, value: number, _site?: SiteId): number {
    this.beforeRelease(addr);
    const old = Atomics.compareExchange(this.words, addr, expected, value);
    return old === expected ? this.acquired(addr, old) : this.afterRmw(addr, old);
  }
  override cmpxchgRelaxed(addr: Addr, expected: number, value: number): number {
    this.beforeRmw(addr);
    return this.afterRmw(addr, Atomics.compareExchange(this.words, addr, expected, value));
  }
  override cmpxchgAcquire(addr: Addr, expected: number, value: number, _site?: SiteId): number {
    this.beforeRmw(addr);
    const old = Atomics.compareExchange(this.words, addr, expected, value);
    return old === expected ? this.acquired(addr, old) : this.afterRmw(addr, old);
  }
  override cmpxchgRelease(addr: Addr, expected: number, value: number, _site?: SiteId): number {
    this.beforeRelease(addr);
    return this.afterRmw(addr, Atomics.compareExchange(this.words, addr, expected, value));
  }
  override fetchAdd(addr: Addr, delta: number, _site?: SiteId): number {
    this.beforeRelease(addr);
    return this.acquired(addr, Atomics.add(this.words, addr, delta));
  }
  override fetchAddRelaxed(addr: Addr, delta: number): number {
    this.beforeRmw(addr);
    return this.afterRmw(addr, Atomics.add(this.words, addr, delta));
  }
  override fetchAddAcquire(addr: Addr, delta: number, _site?: SiteId): number {
    this.beforeRmw(addr);
    return this.acquired(addr, Atomics.add(this.words, addr, delta));
  }
  override fetchAddRelease(addr: Addr, delta: number, _site?: SiteId): number {
    this.beforeRelease(addr);
    return this.afterRmw(addr, Atomics.add(this.words, addr, delta));
  }
  override atomicAdd(addr: Addr, delta: number): void {
    this.storeWord(this.check(addr), delta, PENDING_ADD);
  }
  override setBit(addr: Addr, bit: number): void {
    this.storeWord(this.check(addr), 1 << bit, PENDING_OR);
  }
  override clearBit(addr: Addr, bit: number): void {
    this.storeWord(this.check(addr), ~(1 << bit), PENDING_AND);
  }
  override testBit(addr: Addr, bit: number): boolean {
    return (this.loadWord(this.check(addr), INDEPENDENT) & (1 << bit)) !== 0;
  }
  override testAndSetBit(addr: Addr, bit: number, _site?: SiteId): boolean {
    this.beforeRelease(addr);
    return (this.acquired(addr, Atomics.or(this.words, addr, 1 << bit)) & (1 << bit)) !== 0;
  }
  override testAndClearBit(addr: Addr, bit: number, _site?: SiteId): boolean {
    this.beforeRelease(addr);
    return (this.acquired(addr, Atomics.and(this.words, addr, ~(1 << bit))) & (1 << bit)) !== 0;
  }
  override testAndSetBitRelaxed(addr: Addr, bit: number): boolean {
    this.beforeRmw(addr);
    return (this.afterRmw(addr, Atomics.or(this.words, addr, 1 << bit)) & (1 << bit)) !== 0;
  }
  override testAndClearBitRelaxed(addr: Addr, bit: number): boolean {
    this.beforeRmw(addr);
    return (this.afterRmw(addr, Atomics.and(this.words, addr, ~(1 << bit))) & (1 << bit)) !== 0;
  }

  override rcuAssignPointer(addr: Addr, value: Addr, _site?: SiteId): void {
    this.storeWord(this.check(addr), value, PENDING_RELEASE);
  }
  override rcuDereference(addr: Addr, _site?: SiteId): Addr {
    return this.loadWord(this.check(addr), DEPENDENT);
  }

  override spinLock(lock: Addr, _site?: SiteId): void {
    this.#beforeLock();
    if (!super.spinTrylock(lock)) {
      // The holder may be waiting for one of these stores.
      this.landAll();
      super.spinLock(lock);
    }
    this.freshen();
  }
  override spinTrylock(lock: Addr): boolean {
    this.#beforeLock();
    const taken = super.spinTrylock(lock);
    if (taken) this.freshen();
    return taken;
  }
  /** The lock is free for others once everything before the unlock has landed; what follows may land before. */
  override spinUnlock(lock: Addr, _site?: SiteId): void {
    this.checkHeld(lock);
    this.storeWord(lock, 0, PENDING_UNLOCK);
    this.lockReleased(lock);
  }

  /** What is before an unlock is ordered before what is after a later lock, even of another lock. */
  #beforeLock(): void {
    this.pass();
    if (this.buffer.unlocks > 0) this.landAll();
  }

  override relax(addr: Addr, seen: number): void {
    this.barrier();
    super.relax(addr, seen);
    this.freshen();
  }
  override mwait(addr: Addr, seen: number): void {
    this.barrier();
    super.mwait(addr, seen);
    this.freshen();
  }
  override answersAsleep(n: number): boolean {
    this.barrier();
    const isAnswered = super.answersAsleep(n);
    this.freshen();
    return isAnswered;
  }
  override kick(addr: Addr): void {
    const pending = this.buffer.newest(this.check(addr));
    if (pending >= 0) this.buffer.wakeAt(pending);
    else super.kick(addr);
  }
  // Both sides of a real wait queue contain a full barrier: a sleeper compares what was stored before.
  override wait(addr: Addr, seen: number, timeoutMs?: number): number {
    this.barrier();
    const ret = super.wait(addr, seen, timeoutMs);
    this.freshen();
    return ret;
  }
  override wake(addr: Addr, count?: number): number {
    this.landAll();
    return super.wake(addr, count);
  }
  override wakeAll(addr: Addr): number {
    this.landAll();
    return super.wakeAll(addr);
  }

  // These order nothing and reorder nothing, but time passes here too: a CPU that only does this still lands its stores.
  override get(addr: Addr): number {
    return this.peek(addr);
  }
  override set(addr: Addr, value: number): void {
    this.tick();
    if (this.buffer.newest(this.check(addr)) >= 0) this.landAll();
    Atomics.store(this.words, addr, value);
    this.early.forget(addr);
  }
  override peek(addr: Addr): number {
    this.tick();
    const pending = this.buffer.newest(this.check(addr));
    if (pending >= 0) {
      if (this.buffer.forwards(pending)) return this.buffer.valueAt(pending);
      this.landAll();
    }
    const value = Atomics.load(this.words, addr);
    this.early.forget(addr);
    return value;
  }
}
