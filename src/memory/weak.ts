/**
 * Weak memory on real threads: store buffers and early loads that reorder what the Linux kernel memory model lets
 * hardware reorder.
 *
 * Every access is carried out on the one shared memory at some moment: a load no later than the program asks for its
 * value, a store no earlier than the program makes it. The model's orders are orders of those moments:
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

import type { CpuContext } from './cpu.js';
import { EarlyLoads } from './early-loads.js';
import { FIRST_VALID_ADDR } from './fault.js';
import { CPU_LOCAL } from './local.js';
import { NativeCpu, type NativeBoot } from './native.js';
import { Random, threshold } from './random.js';
import type { SiteId } from './sites.js';
import {
  PENDING_ADD,
  PENDING_AND,
  PENDING_OR,
  PENDING_RELEASE,
  PENDING_STORE,
  PENDING_UNLOCK,
  StoreBuffer,
} from './store-buffer.js';
import type { Addr, CpuId } from './struct.js';

/** Operations after which a pending store lands in any case. */
const MAX_STORE_AGE = 64;
/** Events of the CPU's clock after which an early load is too old to be used. */
const MAX_LOAD_AGE = 512;
/** Probability that one pending store lands at an operation. */
const DRAIN = threshold(0.2);
const DEFAULT_REORDER = 0.5;
const DEFAULT_STALL = 1 / 256;
/** A stall is of 1 to 2^12 loads of a word that nobody else writes, each power of two as likely as the others, … */
const STALL_DOUBLINGS = 13;
/** … or gives up the processor for this long, in milliseconds, so that other CPUs get ahead even where processors are few. */
const STALL_SLEEP_MS = 0.02;
/** How much likelier than elsewhere a stall is between an early load and what it overtakes. */
const EARLY_STALL = 4;

/** Operations for which stores are held back after an ablated order of stores, and how often the CPU dozes meanwhile. */
const HOLD = 400;
const HOLD_DOZE = threshold(1 / 24);
/** How often loads are carried out ahead of one whose order was ablated. */
const EXPOSED_LOAD = threshold(1 / 24);

/** What a load orders after itself: nothing, the loads through its value, or every access. */
const INDEPENDENT = 0;
const DEPENDENT = 1;
const ACQUIRE = 2;

/** A CPU that reorders. With `reorder: 0` it executes in program order. */
export class WeakCpu extends NativeCpu {
  readonly #random: Random;
  readonly #buffer: StoreBuffer;
  readonly #early: EarlyLoads;
  readonly #reorder: number;
  readonly #stall: number;
  /** Counts the CPU's events: every load, sample and barrier has its own moment. */
  #clock = 0;
  /** No load from here on may have been carried out before this moment. */
  #floor = 0;
  /** The latest moment at which a load was carried out. */
  #latest = 0;
  /** Until when stores are held back after an order of stores that is gone. */
  #holdUntil = 0;
  #buffered = 0;
  #forwarded = 0;
  #earlyLoads = 0;
  #staleLoads = 0;
  #loadsBeforeStores = 0;

  constructor(id: CpuId, ctx: CpuContext, boot: NativeBoot) {
    super(id, ctx, boot);
    const { seed = 1, reorder = DEFAULT_REORDER, stall = DEFAULT_STALL } = boot.weak ?? {};
    this.#random = new Random(seed, id);
    this.#early = new EarlyLoads(boot.words, this.#random);
    this.#buffer = new StoreBuffer(boot.words, this.#random, (addr) => this.#early.forget(addr));
    this.#reorder = threshold(reorder);
    this.#stall = threshold(stall);
  }

  override get statistics(): Readonly<Record<string, number>> {
    return {
      storesBuffered: this.#buffered,
      storesOvertaken: this.#buffer.overtakes,
      loadsBeforeOwnStores: this.#loadsBeforeStores,
      loadsForwarded: this.#forwarded,
      loadsEarly: this.#earlyLoads,
      loadsStale: this.#staleLoads,
    };
  }

  override quiesce(): void {
    this.#buffer.drainAll();
  }

  /** Full barrier: every store has landed, no later load was carried out before. */
  #barrier(): void {
    this.#buffer.drainAll();
    this.#freshen();
  }

  #freshen(): void {
    this.#floor = this.#latest = ++this.#clock;
  }

  /** What time does to a CPU between two operations: stores land, and sometimes it stalls. */
  #pass(): void {
    this.#clock++;
    if (this.#buffer.size > 0) this.#drainSome();
    if (this.#clock < this.#holdUntil) this.#holdBack();
    if (this.#random.chance(this.#stall)) this.#idle();
  }

  #tick(): void {
    if (this.#buffer.size === 0) return;
    this.#clock++;
    this.#drainSome();
    if (this.#clock > this.#holdUntil) this.#buffer.letGo();
  }

  #drainSome(): void {
    if (this.#random.chance(DRAIN)) this.#buffer.drainOne();
    this.#buffer.expire(this.#clock - MAX_STORE_AGE);
  }

  /** Between a store that is held back and those that overtake it: give the other CPUs time to look. */
  #holdBack(): void {
    if (this.#clock === this.#holdUntil - 1) this.#buffer.letGo();
    else if (this.#random.chance(HOLD_DOZE)) this.doze();
  }

  /** An order of stores is gone: what is pending stays so while younger stores land. */
  override exposeStores(): void {
    if (this.#buffer.size === 0) return;
    this.#buffer.hold();
    this.#holdUntil = this.#clock + HOLD;
  }

  /** An order of loads is gone: from now on, load what follows ahead of what was loaded last. */
  override exposeLoads(): void {
    this.#early.expose();
  }

  #idle(): void {
    const doublings = this.#random.below(STALL_DOUBLINGS + 1);
    if (doublings === STALL_DOUBLINGS) {
      Atomics.wait(this.words, this.local + CPU_LOCAL.fence, 0, STALL_SLEEP_MS);
      return;
    }
    let turns = this.#random.below(1 << doublings) + 1;
    while (turns-- > 0) Atomics.load(this.words, this.local);
  }

  #load(addr: Addr, order: number): number {
    this.#pass();
    this.#early.learn(addr, this.current);
    const pending = this.#buffer.newest(addr);
    if (pending >= 0) {
      if (this.#buffer.forwards(pending)) return this.#forward(pending, order);
      this.#buffer.drainAll();
    }
    const slot = this.#early.find(addr);
    if (slot >= 0 && this.#usable(slot)) return this.#loadEarly(addr, slot, order);
    return this.#loadNow(addr, order);
  }

  #forward(pending: number, order: number): number {
    this.#forwarded++;
    return this.#carriedOut(this.#buffer.valueAt(pending), ++this.#clock, order);
  }

  #usable(slot: number): boolean {
    const time = this.#early.timeAt(slot);
    if (time < this.#floor || this.#clock - time > MAX_LOAD_AGE) return false;
    return this.#random.chance(this.#reorder);
  }

  #loadEarly(addr: Addr, slot: number, order: number): number {
    const value = this.#early.valueAt(slot);
    this.#earlyLoads++;
    if (value !== this.words[addr]) this.#staleLoads++;
    return this.#carriedOut(value, this.#early.timeAt(slot), order);
  }

  #loadNow(addr: Addr, order: number): number {
    if (this.#random.chance(this.#reorder)) {
      this.#early.fetchAhead(addr, this.current, ++this.#clock, this.#floor);
      if (this.#random.chance(this.#stall * EARLY_STALL)) this.#idle();
    }
    if (this.#early.isExposed(addr) && this.#random.chance(EXPOSED_LOAD)) {
      this.#early.fetchExposed(addr, this.current, ++this.#clock, this.#floor);
      this.doze();
    }
    if (this.#buffer.size > 0) this.#loadsBeforeStores++;
    const value = Atomics.load(this.words, addr);
    this.#early.keep(addr, value, ++this.#clock);
    return this.#carriedOut(value, this.#clock, order);
  }

  /**
   * A load was carried out at `time`. If its value can be an address, later loads may go through it, so none of them
   * may be older: the address dependency, rounded up to every later load.
   */
  #carriedOut(value: number, time: number, order: number): number {
    if (time > this.#latest) this.#latest = time;
    const isAddress = (value - FIRST_VALID_ADDR) >>> 0 < this.limit;
    const orders = order === ACQUIRE || (order === DEPENDENT && isAddress);
    if (orders && time > this.#floor) this.#floor = time;
    return value;
  }

  #store(addr: Addr, value: number, kind: number): void {
    this.#pass();
    this.#buffered++;
    this.#buffer.push(addr, value, kind, this.#clock);
    if (this.#buffer.size === 1 && !this.#random.chance(this.#reorder)) this.#buffer.drainOldest();
  }

  /** Before a read-modify-write with release semantics. */
  #beforeFull(addr: Addr): void {
    this.check(addr);
    this.#pass();
    this.#buffer.drainAll();
  }

  /** Before a read-modify-write without release semantics: let land what it must not overtake. */
  #beforeRmw(addr: Addr): void {
    this.#pass();
    if (this.#buffer.holdsBack(this.check(addr))) this.#buffer.drainAll();
  }

  /** After a read-modify-write without acquire semantics, which was carried out now. */
  #afterRmw(addr: Addr, old: number): number {
    this.#early.forget(addr);
    return this.#carriedOut(old, ++this.#clock, DEPENDENT);
  }

  /** After a read-modify-write with acquire semantics. */
  #acquired(addr: Addr, old: number): number {
    this.#early.forget(addr);
    this.#freshen();
    return old;
  }

  override read(addr: Addr): number {
    return this.#load(this.check(addr), DEPENDENT);
  }
  override write(addr: Addr, value: number): void {
    this.#store(this.check(addr), value, PENDING_STORE);
  }
  override readOnce(addr: Addr): number {
    return this.#load(this.check(addr), DEPENDENT);
  }
  override writeOnce(addr: Addr, value: number): void {
    this.#store(this.check(addr), value, PENDING_STORE);
  }
  override readIndependent(addr: Addr): number {
    return this.#load(this.check(addr), INDEPENDENT);
  }

  override smpMb(_site?: SiteId): void {
    this.#barrier();
  }
  override smpRmb(_site?: SiteId): void {
    if (this.#latest > this.#floor) this.#floor = this.#latest;
  }
  override smpWmb(_site?: SiteId): void {
    this.#buffer.cut();
  }
  override loadAcquire(addr: Addr, _site?: SiteId): number {
    return this.#load(this.check(addr), ACQUIRE);
  }
  override storeRelease(addr: Addr, value: number, _site?: SiteId): void {
    this.#store(this.check(addr), value, PENDING_RELEASE);
  }

  override xchg(addr: Addr, value: number, _site?: SiteId): number {
    this.#beforeFull(addr);
    return this.#acquired(addr, Atomics.exchange(this.words, addr, value));
  }
  override xchgRelaxed(addr: Addr, value: number): number {
    this.#beforeRmw(addr);
    return this.#afterRmw(addr, Atomics.exchange(this.words, addr, value));
  }
  override xchgAcquire(addr: Addr, value: number, _site?: SiteId): number {
    this.#beforeRmw(addr);
    return this.#acquired(addr, Atomics.exchange(this.words, addr, value));
  }
  override xchgRelease(addr: Addr, value: number, _site?: SiteId): number {
    this.#beforeFull(addr);
    return this.#afterRmw(addr, Atomics.exchange(this.words, addr, value));
  }
  override cmpxchg(addr: Addr, expected: number, value: number, _site?: SiteId): number {
    this.#beforeFull(addr);
    const old = Atomics.compareExchange(this.words, addr, expected, value);
    return old === expected ? this.#acquired(addr, old) : this.#afterRmw(addr, old);
  }
  override cmpxchgRelaxed(addr: Addr, expected: number, value: number): number {
    this.#beforeRmw(addr);
    return this.#afterRmw(addr, Atomics.compareExchange(this.words, addr, expected, value));
  }
  override cmpxchgAcquire(addr: Addr, expected: number, value: number, _site?: SiteId): number {
    this.#beforeRmw(addr);
    const old = Atomics.compareExchange(this.words, addr, expected, value);
    return old === expected ? this.#acquired(addr, old) : this.#afterRmw(addr, old);
  }
  override cmpxchgRelease(addr: Addr, expected: number, value: number, _site?: SiteId): number {
    this.#beforeFull(addr);
    return this.#afterRmw(addr, Atomics.compareExchange(this.words, addr, expected, value));
  }
  override fetchAdd(addr: Addr, delta: number, _site?: SiteId): number {
    this.#beforeFull(addr);
    return this.#acquired(addr, Atomics.add(this.words, addr, delta));
  }
  override fetchAddRelaxed(addr: Addr, delta: number): number {
    this.#beforeRmw(addr);
    return this.#afterRmw(addr, Atomics.add(this.words, addr, delta));
  }
  override fetchAddAcquire(addr: Addr, delta: number, _site?: SiteId): number {
    this.#beforeRmw(addr);
    return this.#acquired(addr, Atomics.add(this.words, addr, delta));
  }
  override fetchAddRelease(addr: Addr, delta: number, _site?: SiteId): number {
    this.#beforeFull(addr);
    return this.#afterRmw(addr, Atomics.add(this.words, addr, delta));
  }
  override atomicAdd(addr: Addr, delta: number): void {
    this.#store(this.check(addr), delta, PENDING_ADD);
  }
  override setBit(addr: Addr, bit: number): void {
    this.#store(this.check(addr), 1 << bit, PENDING_OR);
  }
  override clearBit(addr: Addr, bit: number): void {
    this.#store(this.check(addr), ~(1 << bit), PENDING_AND);
  }
  override testBit(addr: Addr, bit: number): boolean {
    return (this.#load(this.check(addr), INDEPENDENT) & (1 << bit)) !== 0;
  }
  override testAndSetBit(addr: Addr, bit: number, _site?: SiteId): boolean {
    this.#beforeFull(addr);
    return (this.#acquired(addr, Atomics.or(this.words, addr, 1 << bit)) & (1 << bit)) !== 0;
  }
  override testAndClearBit(addr: Addr, bit: number, _site?: SiteId): boolean {
    this.#beforeFull(addr);
    return (this.#acquired(addr, Atomics.and(this.words, addr, ~(1 << bit))) & (1 << bit)) !== 0;
  }
  override testAndSetBitRelaxed(addr: Addr, bit: number): boolean {
    this.#beforeRmw(addr);
    return (this.#afterRmw(addr, Atomics.or(this.words, addr, 1 << bit)) & (1 << bit)) !== 0;
  }
  override testAndClearBitRelaxed(addr: Addr, bit: number): boolean {
    this.#beforeRmw(addr);
    return (this.#afterRmw(addr, Atomics.and(this.words, addr, ~(1 << bit))) & (1 << bit)) !== 0;
  }

  override rcuAssignPointer(addr: Addr, value: Addr, _site?: SiteId): void {
    this.#store(this.check(addr), value, PENDING_RELEASE);
  }
  override rcuDereference(addr: Addr, _site?: SiteId): Addr {
    return this.#load(this.check(addr), DEPENDENT);
  }

  override spinLock(lock: Addr, _site?: SiteId): void {
    this.#beforeLock();
    if (!super.spinTrylock(lock)) {
      // The holder may be waiting for one of these stores.
      this.#buffer.drainAll();
      super.spinLock(lock);
    }
    this.#freshen();
  }
  override spinTrylock(lock: Addr): boolean {
    this.#beforeLock();
    const taken = super.spinTrylock(lock);
    if (taken) this.#freshen();
    return taken;
  }
  /** The lock is free for others once everything before the unlock has landed; what follows may land before. */
  override spinUnlock(lock: Addr, _site?: SiteId): void {
    this.#store(this.check(lock), 0, PENDING_UNLOCK);
  }

  /** An unlock and a later lock order what is before the one before what is after the other, whichever locks they are. */
  #beforeLock(): void {
    this.#pass();
    if (this.#buffer.unlocks > 0) this.#buffer.drainAll();
  }

  override relax(addr: Addr, seen: number): void {
    this.#barrier();
    super.relax(addr, seen);
    this.#freshen();
  }
  override halt(addr: Addr, seen: number): void {
    this.#barrier();
    super.halt(addr, seen);
    this.#freshen();
  }
  override wake(addr: Addr): void {
    const pending = this.#buffer.newest(this.check(addr));
    if (pending >= 0) this.#buffer.wakeAt(pending);
    else super.wake(addr);
  }

  // These order nothing and reorder nothing, but time passes here too: a CPU that only does this still lands its stores.
  override get(addr: Addr): number {
    return this.peek(addr);
  }
  override set(addr: Addr, value: number): void {
    this.#tick();
    if (this.#buffer.newest(this.check(addr)) >= 0) this.#buffer.drainAll();
    Atomics.store(this.words, addr, value);
    this.#early.forget(addr);
  }
  override peek(addr: Addr): number {
    this.#tick();
    const pending = this.#buffer.newest(this.check(addr));
    if (pending >= 0) {
      if (this.#buffer.forwards(pending)) return this.#buffer.valueAt(pending);
      this.#buffer.drainAll();
    }
    const value = Atomics.load(this.words, addr);
    this.#early.forget(addr);
    return value;
  }
}
