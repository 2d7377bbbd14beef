/** The reference backend: JavaScript `Atomics` on real threads, with an emulated fence. */

import { CPU_LOCAL } from './local.js';
import { NativeCpu } from './native.js';
import type { SiteId } from './sites.js';
import type { Addr } from './struct.js';

/**
 * A CPU over JavaScript `Atomics`. Marked accesses are sequentially consistent, since JavaScript has nothing weaker;
 * plain accesses are plain typed-array accesses. Every fence is one read-modify-write on a word of the CPU's own.
 */
export class AtomicsCpu extends NativeCpu {
  override read(addr: Addr): number {
    return this.words[this.check(addr)] as number;
  }
  override write(addr: Addr, value: number): void {
    this.words[this.check(addr)] = value;
  }
  override readOnce(addr: Addr): number {
    return Atomics.load(this.words, this.check(addr));
  }
  override writeOnce(addr: Addr, value: number): void {
    Atomics.store(this.words, this.check(addr), value);
  }
  override readIndependent(addr: Addr): number {
    return Atomics.load(this.words, this.check(addr));
  }

  override smpMb(_site?: SiteId): void {
    Atomics.add(this.words, this.local + CPU_LOCAL.fence, 1);
  }
  override smpRmb(_site?: SiteId): void {
    Atomics.add(this.words, this.local + CPU_LOCAL.fence, 1);
  }
  override smpWmb(_site?: SiteId): void {
    Atomics.add(this.words, this.local + CPU_LOCAL.fence, 1);
  }
  override loadAcquire(addr: Addr, _site?: SiteId): number {
    return Atomics.load(this.words, this.check(addr));
  }
  override storeRelease(addr: Addr, value: number, _site?: SiteId): void {
    Atomics.store(this.words, this.check(addr), value);
  }

  override xchg(addr: Addr, value: number, _site?: SiteId): number {
    return Atomics.exchange(this.words, this.check(addr), value);
  }
  override xchgRelaxed(addr: Addr, value: number): number {
    return Atomics.exchange(this.words, this.check(addr), value);
  }
  override xchgAcquire(addr: Addr, value: number, _site?: SiteId): number {
    return Atomics.exchange(this.words, this.check(addr), value);
  }
  override xchgRelease(addr: Addr, value: number, _site?: SiteId): number {
    return Atomics.exchange(this.words, this.check(addr), value);
  }
  override cmpxchg(addr: Addr, expected: number, value: number, _site?: SiteId): number {
    return Atomics.compareExchange(this.words, this.check(addr), expected, value);
  }
  override cmpxchgRelaxed(addr: Addr, expected: number, value: number): number {
    return Atomics.compareExchange(this.words, this.check(addr), expected, value);
  }
  override cmpxchgAcquire(addr: Addr, expected: number, value: number, _site?: SiteId): number {
    return Atomics.compareExchange(this.words, this.check(addr), expected, value);
  }
  override cmpxchgRelease(addr: Addr, expected: number, value: number, _site?: SiteId): number {
    return Atomics.compareExchange(this.words, this.check(addr), expected, value);
  }
  override fetchAdd(addr: Addr, delta: number, _site?: SiteId): number {
    return Atomics.add(this.words, this.check(addr), delta);
  }
  override fetchAddRelaxed(addr: Addr, delta: number): number {
    return Atomics.add(this.words, this.check(addr), delta);
  }
  override fetchAddAcquire(addr: Addr, delta: number, _site?: SiteId): number {
    return Atomics.add(this.words, this.check(addr), delta);
  }
  override fetchAddRelease(addr: Addr, delta: number, _site?: SiteId): number {
    return Atomics.add(this.words, this.check(addr), delta);
  }
  override atomicAdd(addr: Addr, delta: number): void {
    Atomics.add(this.words, this.check(addr), delta);
  }
  override setBit(addr: Addr, bit: number): void {
    Atomics.or(this.words, this.check(addr), 1 << bit);
  }
  override clearBit(addr: Addr, bit: number): void {
    Atomics.and(this.words, this.check(addr), ~(1 << bit));
  }
  override testBit(addr: Addr, bit: number): boolean {
    return (Atomics.load(this.words, this.check(addr)) & (1 << bit)) !== 0;
  }
  override testAndSetBit(addr: Addr, bit: number, _site?: SiteId): boolean {
    return (Atomics.or(this.words, this.check(addr), 1 << bit) & (1 << bit)) !== 0;
  }
  override testAndClearBit(addr: Addr, bit: number, _site?: SiteId): boolean {
    return (Atomics.and(this.words, this.check(addr), ~(1 << bit)) & (1 << bit)) !== 0;
  }
  override testAndSetBitRelaxed(addr: Addr, bit: number): boolean {
    return (Atomics.or(this.words, this.check(addr), 1 << bit) & (1 << bit)) !== 0;
  }
  override testAndClearBitRelaxed(addr: Addr, bit: number): boolean {
    return (Atomics.and(this.words, this.check(addr), ~(1 << bit)) & (1 << bit)) !== 0;
  }

  override rcuAssignPointer(addr: Addr, value: Addr, _site?: SiteId): void {
    Atomics.store(this.words, this.check(addr), value);
  }
  override rcuDereference(addr: Addr, _site?: SiteId): Addr {
    return Atomics.load(this.words, this.check(addr));
  }
}
