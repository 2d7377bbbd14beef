/** The reference backend: JavaScript `Atomics` on real threads, with an emulated fence. */

import { Cpu, type CpuContext } from './cpu.js';
import { badAddress, FIRST_VALID_ADDR, MachineStopped } from './fault.js';
import { CPU_LOCAL, MACHINE, MACHINE_BASE } from './local.js';
import { Ablation, type SiteId } from './sites.js';
import type { Addr, CpuId } from './struct.js';

/** Turns of a spin wait before the thread goes to sleep on the word: holders may be off the processor. */
const SPIN_TURNS = 64;
/** Longest sleep of one wait, so that a stopping machine is noticed. */
const WAIT_MS = 20;

const UNLOCKED = 0;
const LOCKED = 1;
const CONTENDED = 2;

/** Receives the trace events of one CPU. */
export type TraceSink = (event: number, a: number, b: number, c: number) => void;

/** What a native backend needs to boot. */
export interface NativeBoot {
  readonly words: Int32Array;
  /** Base of the {@link CPU_LOCAL} lines of all CPUs. */
  readonly localBase: Addr;
  readonly ablation?: Ablation;
  readonly trace?: TraceSink;
}

const ignore: TraceSink = () => undefined;

/**
 * A CPU over JavaScript `Atomics`. Marked accesses are sequentially consistent, since JavaScript has nothing weaker;
 * plain accesses are plain typed-array accesses. Every fence is one read-modify-write on a word of the CPU's own.
 */
export class AtomicsCpu extends Cpu {
  protected readonly words: Int32Array;
  protected readonly ablation: Ablation;
  protected readonly limit: number;
  readonly #local: Addr;
  readonly #sink: TraceSink;
  #preemptDepth = 0;

  constructor(id: CpuId, ctx: CpuContext, boot: NativeBoot) {
    super(id, ctx);
    this.words = boot.words;
    this.limit = boot.words.length - FIRST_VALID_ADDR;
    this.#local = boot.localBase + id * CPU_LOCAL.size;
    this.ablation = boot.ablation ?? new Ablation();
    this.#sink = boot.trace ?? ignore;
  }

  protected check(addr: Addr): Addr {
    if ((addr - FIRST_VALID_ADDR) >>> 0 >= this.limit) badAddress(this.id, addr);
    return addr;
  }

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

  override smpMb(_site?: SiteId): void {
    Atomics.add(this.words, this.#local + CPU_LOCAL.fence, 1);
  }
  override smpRmb(_site?: SiteId): void {
    Atomics.add(this.words, this.#local + CPU_LOCAL.fence, 1);
  }
  override smpWmb(_site?: SiteId): void {
    Atomics.add(this.words, this.#local + CPU_LOCAL.fence, 1);
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

  override rcuAssignPointer(addr: Addr, value: Addr, _site?: SiteId): void {
    Atomics.store(this.words, this.check(addr), value);
  }
  override rcuDereference(addr: Addr, _site?: SiteId): Addr {
    return Atomics.load(this.words, this.check(addr));
  }

  override spinLock(lock: Addr, _site?: SiteId): void {
    const { words } = this;
    this.check(lock);
    for (let turn = 0; turn < SPIN_TURNS; turn++) {
      if (Atomics.compareExchange(words, lock, UNLOCKED, LOCKED) === UNLOCKED) return;
    }
    while (Atomics.exchange(words, lock, CONTENDED) !== UNLOCKED) {
      this.#sleepOn(lock, CONTENDED);
    }
  }
  override spinTrylock(lock: Addr): boolean {
    return Atomics.compareExchange(this.words, this.check(lock), UNLOCKED, LOCKED) === UNLOCKED;
  }
  override spinUnlock(lock: Addr, _site?: SiteId): void {
    if (Atomics.exchange(this.words, lock, UNLOCKED) === CONTENDED) {
      Atomics.notify(this.words, lock, 1);
    }
  }

  override preemptDisable(_site?: SiteId): void {
    this.words[this.#local + CPU_LOCAL.preemptCount] = ++this.#preemptDepth;
  }
  override preemptEnable(_site?: SiteId): void {
    this.words[this.#local + CPU_LOCAL.preemptCount] = --this.#preemptDepth;
  }

  override relax(addr: Addr, seen: number): void {
    const { words } = this;
    this.check(addr);
    for (let turn = 0; turn < SPIN_TURNS; turn++) {
      if (Atomics.load(words, addr) !== seen) return;
    }
    // Nobody promises a wake() for a spin wait, so sleep in short steps.
    this.#sleepOn(addr, seen, 1);
  }
  override halt(addr: Addr, seen: number): void {
    this.#sleepOn(this.check(addr), seen);
  }
  override wake(addr: Addr): void {
    Atomics.notify(this.words, addr);
  }

  #sleepOn(addr: Addr, seen: number, ms = WAIT_MS): void {
    Atomics.add(this.words, this.#local + CPU_LOCAL.heartbeat, 1);
    Atomics.wait(this.words, addr, seen, ms);
    if (Atomics.load(this.words, MACHINE_BASE + MACHINE.stop) !== 0) throw new MachineStopped();
  }

  override get(addr: Addr): number {
    return this.words[this.check(addr)] as number;
  }
  override set(addr: Addr, value: number): void {
    this.words[this.check(addr)] = value;
  }
  override peek(addr: Addr): number {
    return Atomics.load(this.words, this.check(addr));
  }

  override trace(event: number, a = 0, b = 0, c = 0): void {
    this.#sink(event, a, b, c);
  }
  override ablates(site: SiteId): boolean {
    return this.ablation.has(site);
  }
}
