/** What a weak CPU does to its accesses: when loads and stores are really carried out. The rules are told in weak.ts. */

import type { CpuContext } from './cpu.js';
import { EarlyLoads } from './early-loads.js';
import { CPU_LOCAL } from './local.js';
import { NativeCpu } from './native.js';
import type { NativeBoot } from './native-boot.js';
import { Random, threshold } from './random.js';
import { StoreBuffer } from './store-buffer.js';
import { FIRST_VALID_ADDR, type Addr, type CpuId } from './struct.js';

/** Operations after which a pending store lands in any case. */
const MAX_STORE_AGE = 64;
/** Events of the CPU's clock after which an early load is too old to be used. */
const MAX_LOAD_AGE = 512;
/** Probability that one pending store lands at an operation, … */
const DRAIN = threshold(0.2);
/** … and on a CPU with an ablation: what was stored a little before an order that is gone is to be pending still when it gets there. */
const DRAIN_ABLATED = threshold(0.04);
const DEFAULT_REORDER = 0.5;
const DEFAULT_STALL = 1 / 256;
/** A stall takes 1 to 2^12 loads of a word that nobody else writes, each power of two as likely as the others, … */
const STALL_DOUBLINGS = 13;
/** … or gives up the processor for this long, in milliseconds, so that other CPUs get ahead even where processors are few. */
const STALL_SLEEP_MS = 0.02;
/** How many times more likely than elsewhere a stall is between an early load and the access that it overtakes. */
const EARLY_STALL = 4;

/** Operations for which stores are held back after an ablated order of stores at the most, and how often the CPU dozes meanwhile. */
const HOLD = 4096;
const HOLD_DOZE = threshold(1 / 64);
/** How often loads are carried out ahead of one whose order was ablated. */
const EXPOSED_LOAD = threshold(1 / 24);

/** A load that orders nothing after itself. */
export const INDEPENDENT = 0;
/** A load that orders the loads through its value after itself. */
export const DEPENDENT = 1;
/** A load that orders every later access after itself. */
export const ACQUIRE = 2;

/** The reordering part of a weak CPU; its subclass says what each operation of the vocabulary orders. */
export abstract class ReorderingCpu extends NativeCpu {
  protected readonly random: Random;
  protected readonly buffer: StoreBuffer;
  protected readonly early: EarlyLoads;
  readonly #reorder: number;
  readonly #stall: number;
  readonly #drain: number;
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
    this.random = new Random(seed, id);
    this.early = new EarlyLoads(boot.words, this.random);
    this.buffer = new StoreBuffer(boot.words, this.random, (addr) => this.early.forget(addr));
    this.#reorder = threshold(reorder);
    this.#stall = threshold(stall);
    this.#drain = (boot.ablation?.sites.length ?? 0) > 0 ? DRAIN_ABLATED : DRAIN;
  }

  override get statistics(): Readonly<Record<string, number>> {
    return {
      storesBuffered: this.#buffered,
      storesOvertaken: this.buffer.overtakes,
      loadsBeforeOwnStores: this.#loadsBeforeStores,
      loadsForwarded: this.#forwarded,
      loadsEarly: this.#earlyLoads,
      loadsStale: this.#staleLoads,
    };
  }

  override quiesce(): void {
    this.landAll();
  }

  /** Every store lands. What is held back lands last, after a moment in which other CPUs see all the rest. */
  protected landAll(): void {
    if (this.#holdUntil > 0) {
      this.#holdUntil = 0;
      this.buffer.drainYounger();
      if (this.buffer.size > 0) this.doze();
    }
    this.buffer.drainAll();
  }

  /** Full barrier: every store has landed, no later load was carried out before. */
  protected barrier(): void {
    this.landAll();
    this.freshen();
  }

  /** No later load was carried out before now. */
  protected freshen(): void {
    this.#floor = this.#latest = ++this.#clock;
  }

  /** What time does to a CPU between two operations: stores land, and sometimes it stalls. */
  protected pass(): void {
    this.#clock++;
    if (this.buffer.size > 0) this.#drainSome();
    if (this.#holdUntil > 0) this.#holdBack();
    if (this.random.chance(this.#stall)) this.#idle();
  }

  /** What time does to a CPU that makes no access of its own: stores land. */
  protected tick(): void {
    if (this.buffer.size === 0) return;
    this.#clock++;
    this.#drainSome();
    if (this.#holdUntil > 0) this.#letGoInTime();
  }

  #drainSome(): void {
    if (this.random.chance(this.#drain)) this.buffer.drainOne();
    this.buffer.expire(this.#clock - MAX_STORE_AGE);
  }

  /** Between a store that is held back and those that overtake it: give the other CPUs time to look. */
  #holdBack(): void {
    this.#letGoInTime();
    if (this.#holdUntil > 0 && this.random.chance(HOLD_DOZE)) this.doze();
  }

  #letGoInTime(): void {
    if (this.#clock < this.#holdUntil) return;
    this.buffer.letGo();
    this.#holdUntil = 0;
  }

  /** An order of stores is gone: some of what is pending stays pending while the others and younger stores land. */
  override exposeStores(): void {
    if (this.buffer.size === 0) return;
    this.buffer.hold();
    this.#holdUntil = this.#clock + HOLD;
  }

  /** An order of loads is gone: from now on, load what follows ahead of what was loaded last. */
  override exposeLoads(): void {
    this.early.expose();
  }

  #idle(): void {
    const doublings = this.random.below(STALL_DOUBLINGS + 1);
    if (doublings === STALL_DOUBLINGS) {
      Atomics.wait(this.words, this.local + CPU_LOCAL.fence, 0, STALL_SLEEP_MS);
      return;
    }
    let turns = this.random.below(1 << doublings) + 1;
    while (turns-- > 0) Atomics.load(this.words, this.local);
  }

  /** Load a word now or earlier; `order` says what the load orders after itself. */
  protected loadWord(addr: Addr, order: number): number {
    this.pass();
    this.early.learn(addr, this.current);
    const pending = this.buffer.newest(addr);
    if (pending >= 0) {
      if (this.buffer.forwards(pending)) return this.#forward(pending, order);
      this.landAll();
    }
    const slot = this.early.find(addr);
    if (slot >= 0 && this.#usable(slot)) return this.#loadEarly(addr, slot, order);
    return this.#loadNow(addr, order);
  }

  #forward(pending: number, order: number): number {
    this.#forwarded++;
    return this.#carriedOut(this.buffer.valueAt(pending), ++this.#clock, order);
  }

  #usable(slot: number): boolean {
    const time = this.early.timeAt(slot);
    if (time < this.#floor || this.#clock - time > MAX_LOAD_AGE) return false;
    return this.random.chance(this.#reorder);
  }

  #loadEarly(addr: Addr, slot: number, order: number): number {
    const value = this.early.valueAt(slot);
    this.#earlyLoads++;
    if (value !== this.words[addr]) this.#staleLoads++;
    return this.#carriedOut(value, this.early.timeAt(slot), order);
  }

  #loadNow(addr: Addr, order: number): number {
    if (this.random.chance(this.#reorder)) {
      this.early.fetchAhead(addr, this.current, ++this.#clock, this.#floor);
      if (this.random.chance(this.#stall * EARLY_STALL)) this.#idle();
    }
    if (this.early.isExposed(addr) && this.random.chance(EXPOSED_LOAD)) {
      this.early.fetchExposed(addr, this.current, ++this.#clock, this.#floor);
      this.doze();
    }
    if (this.buffer.size > 0) this.#loadsBeforeStores++;
    const value = Atomics.load(this.words, addr);
    this.early.keep(addr, value, ++this.#clock);
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

  /** Store to a word now or later; `kind` is one of the `PENDING_*` constants. */
  protected storeWord(addr: Addr, value: number, kind: number): void {
    this.pass();
    this.#buffered++;
    this.buffer.push(addr, value, kind, this.#clock);
    if (this.buffer.size === 1 && !this.random.chance(this.#reorder)) this.buffer.drainOldest();
  }

  /** Before a read-modify-write with release semantics. */
  protected beforeRelease(addr: Addr): void {
    this.check(addr);
    this.pass();
    this.landAll();
  }

  /** Before a read-modify-write without release semantics: let land what it must not overtake. */
  protected beforeRmw(addr: Addr): void {
    this.pass();
    this.buffer.drainBefore(this.check(addr));
  }

  /** After a read-modify-write without acquire semantics, which was carried out now. */
  protected afterRmw(addr: Addr, old: number): number {
    this.early.forget(addr);
    return this.#carriedOut(old, ++this.#clock, DEPENDENT);
  }

  /** After a read-modify-write with acquire semantics. */
  protected acquired(addr: Addr, old: number): number {
    this.early.forget(addr);
    this.freshen();
    return old;
  }

  /** Later loads are carried out after all earlier ones. */
  protected orderLoads(): void {
    if (this.#latest > this.#floor) this.#floor = this.#latest;
  }
}
