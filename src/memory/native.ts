/** What every backend on real threads shares: address checks, sleeping, spin locks, preemption, tracing. */

import { Cpu, type CpuContext } from './cpu.js';
import {
  badAddress,
  checkCount,
  checkEnable,
  checkMaySleep,
  checkTimeout,
  freedLock,
  MachineStopped,
  notHeld,
  unheldLock,
} from './fault.js';
import type { NativeBoot, SleepListener, TraceSink } from './native-boot.js';
import { ANSWERED, ASLEEP, AWAKE, CPU_LOCAL, MACHINE, MACHINE_BASE } from './local.js';
import { Random } from './random.js';
import { Ablation, SITE_COUNT, type SiteId } from './sites.js';
import { FIRST_VALID_ADDR, POISON, type Addr, type CpuId } from './struct.js';
import { EAGAIN, ETIMEDOUT, WaitQueue } from './wait-queue.js';

/** Turns of a spin wait before the thread sleeps on the word: the holder of the lock may not be on a processor. */
const SPIN_TURNS = 64;
/** Longest sleep of one wait, so that a stopping machine is noticed. */
const WAIT_MS = 20;
/** Longest sleep of a spin wait, since nothing guarantees that it is woken. */
const RELAX_MS = 1;

/** If all visits are to one site, a CPU lingers once in so many visits; at a rarer site proportionally more often … */
const LINGER_GAP = 512;
/** … but never more often than once in so many visits. */
const LINGER_ODDS = 3;
/** Number of the first stream of random numbers for lingering. */
const LINGER_STREAM = 1000;

/** A CPU gives way for at most so many slices of so many milliseconds, and looks for interrupts after each slice … */
const GIVE_WAY_SLICES = 4;
const GIVE_WAY_MS = 0.25;
/** … but once in so many times it goes on at once, so that others are late while it executes. */
const GIVE_WAY_ODDS = 32;
/** Number of the first stream of random numbers for giving way. */
const GIVE_WAY_STREAM = 2000;
/** A CPU that shares a processor executes for so many milliseconds, and for so many once in so many times, … */
const RUN_MS = 0.1;
const LONG_RUN_MS = 4;
const LONG_RUN_ODDS = 64;
/** … and then lets the others have it for so many. */
const REST_MS = 0.1;
const ROUNDS = MACHINE_BASE + MACHINE.rounds;
const COURTEOUS_LINES = MACHINE_BASE + MACHINE.courteousLines;

const UNLOCKED = 0;
const LOCKED = 1;
const CONTENDED = 2;

/** Free a spin lock, and wake one CPU that sleeps on it. Returns whether it was held. */
export function releaseLock(words: Int32Array, lock: Addr): boolean {
  const found = Atomics.exchange(words, lock, UNLOCKED);
  if (found === CONTENDED) Atomics.notify(words, lock, 1);
  return found === LOCKED || found === CONTENDED;
}

const ignore: TraceSink = () => undefined;

/** A CPU on a thread of its own. The subclasses say how memory is accessed; nothing here depends on that. */
export abstract class NativeCpu extends Cpu {
  protected readonly words: Int32Array;
  protected readonly limit: number;
  protected readonly local: Addr;
  readonly #ablation: Ablation;
  readonly #sink: TraceSink;
  readonly #visits = new Float64Array(SITE_COUNT + 1);
  readonly #lingers: Random;
  readonly #courtesy: Random;
  readonly #sharingClock: (() => number) | undefined;
  #runsUntil = 0;
  readonly #firstLine: Addr;
  #allVisits = 0;
  readonly #caches: (() => void)[] = [];
  /** Spin locks that this CPU holds, and words to be notified when it holds none. */
  readonly #held: Addr[] = [];
  readonly #standsForOthers: boolean;
  readonly #toWake: Addr[] = [];
  #preemptDepth = 0;
  readonly #queue: WaitQueue;
  /** Told when this CPU sleeps in {@link halt}, so that somebody notices when all do. */
  whileAsleep: SleepListener | undefined;

  constructor(id: CpuId, ctx: CpuContext, boot: NativeBoot) {
    super(id, ctx);
    this.words = boot.words;
    this.limit = boot.words.length - FIRST_VALID_ADDR;
    this.local = boot.localBase + id * CPU_LOCAL.size;
    this.#ablation = boot.ablation ?? new Ablation();
    this.#sink = boot.trace ?? ignore;
    this.#standsForOthers = boot.standsForOthers === true;
    this.#queue = new WaitQueue(this.words, boot.localBase, id);
    this.#firstLine = boot.localBase;
    this.#sharingClock = boot.sharingClock;
    this.#courtesy = new Random(boot.weak?.seed ?? 1, GIVE_WAY_STREAM + id);
    this.#lingers = new Random(boot.weak?.seed ?? 1, LINGER_STREAM + id);
  }

  /** `test_and_set_bit()` without its ordering: what the ablation of a fully ordered one leaves. */
  abstract testAndSetBitRelaxed(addr: Addr, bit: number): boolean;
  /** `test_and_clear_bit()` without its ordering: what the ablation of a fully ordered one leaves. */
  abstract testAndClearBitRelaxed(addr: Addr, bit: number): boolean;
  /** `rcu_dereference()` without its address dependency: what the ablation of one leaves. */
  abstract readIndependent(addr: Addr): number;

  /** Make every store of this CPU visible, for a thread that stops issuing operations. */
  quiesce(): void {
    // Nothing is held back unless a backend overrides this.
  }

  /** How often this CPU reordered what, by name; empty on a backend that reorders nothing by itself. */
  get statistics(): Readonly<Record<string, number>> {
    return {};
  }

  /** Called where an ablated site no longer orders earlier stores before later ones. */
  exposeStores(): void {
    // A backend that reorders by itself makes the most of it.
  }

  /** Called where an ablated site no longer orders the last load before later ones. */
  exposeLoads(): void {
    // A backend that reorders by itself makes the most of it.
  }

  /**
   * Stay for a moment at an ordering site. Only CPUs with an ablation do: what it breaks shows when a CPU is late between
   * two accesses, and here is where that matters. Busy sites stay as rarely as others, measured in time.
   */
  linger(site: SiteId): void {
    const count = (this.#visits[site] ?? 0) + 1;
    this.#visits[site] = count;
    this.#allVisits++;
    const gap = Math.max(1, Math.round((LINGER_GAP * count) / this.#allVisits));
    if (this.#lingers.below(gap * LINGER_ODDS) === 0) this.doze();
  }

  /** Give up the processor for 50 µs to 3 ms. */
  protected doze(): void {
    Atomics.wait(this.words, this.local + CPU_LOCAL.pad, 0, 0.05 * 2 ** this.#lingers.below(7));
  }

  /** Returns the address itself; an address outside the memory is an oops. */
  protected check(addr: Addr): Addr {
    if ((addr - FIRST_VALID_ADDR) >>> 0 >= this.limit) badAddress(this.id, addr);
    return addr;
  }

  override spinLock(lock: Addr, _site?: SiteId): void {
    if (!this.#tryLock(lock)) this.#contend(lock);
    this.#held.push(lock);
  }
  override spinTrylock(lock: Addr): boolean {
    if (!this.#tryLock(lock)) return false;
    this.#held.push(lock);
    return true;
  }

  #tryLock(lock: Addr): boolean {
    const found = Atomics.compareExchange(this.words, this.check(lock), UNLOCKED, LOCKED);
    if (found === POISON) freedLock(this.id, lock);
    return found === UNLOCKED;
  }

  /** Take a lock that another CPU holds. Its memory may be freed meanwhile, which ends the wait as well. */
  #contend(lock: Addr): void {
    for (let turn = 1; turn < SPIN_TURNS; turn++) {
      if (this.#tryLock(lock)) return;
    }
    for (;;) {
      const found = Atomics.exchange(this.words, lock, CONTENDED);
      if (found === UNLOCKED) return;
      if (found === POISON) freedLock(this.id, lock);
      this.#sleepOn(lock, CONTENDED, WAIT_MS);
    }
  }
  override spinUnlock(lock: Addr, _site?: SiteId): void {
    this.checkHeld(lock);
    if (!releaseLock(this.words, this.check(lock))) unheldLock(this.id, lock);
    this.lockReleased(lock);
  }

  /** Only what this CPU holds can it release. */
  protected checkHeld(lock: Addr): void {
    if (this.#standsForOthers || this.#held.includes(lock)) return;
    notHeld(this.id, lock, Atomics.load(this.words, this.check(lock)));
  }

  /** A lock is free again: do the wake-ups that were postponed. */
  protected lockReleased(lock: Addr): void {
    const held = this.#held;
    const at = held.lastIndexOf(lock);
    // Locks are mostly released in the order opposite to that in which they were taken.
    if (at === held.length - 1) held.pop();
    else if (at >= 0) held.splice(at, 1);
    if (held.length === 0) this.#notifyWaiters();
  }
  #notifyWaiters(): void {
    let addr = this.#toWake.pop();
    while (addr !== undefined) {
      Atomics.notify(this.words, addr);
      addr = this.#toWake.pop();
    }
  }

  override preemptDisable(_site?: SiteId): void {
    this.words[this.local + CPU_LOCAL.preemptCount] = ++this.#preemptDepth;
  }
  override preemptEnable(_site?: SiteId): void {
    checkEnable(this.id, this.#preemptDepth);
    this.words[this.local + CPU_LOCAL.preemptCount] = --this.#preemptDepth;
  }

  override mightSleep(what: string): void {
    checkMaySleep(this.id, what, { locks: this.#held.length, disabled: this.#preemptDepth });
  }

  override relax(addr: Addr, seen: number): void {
    this.check(addr);
    for (let turn = 0; turn < SPIN_TURNS; turn++) {
      if (Atomics.load(this.words, addr) !== seen) return;
    }
    this.#sleepOn(addr, seen, RELAX_MS);
  }
  override mwait(addr: Addr, seen: number): void {
    this.check(addr);
    const resting = this.local + CPU_LOCAL.resting;
    if (this.#held.length === 0 && this.#preemptDepth === 0) {
      Atomics.store(this.words, resting, ASLEEP);
    }
    this.#sleepOn(addr, seen, WAIT_MS);
    // Pairs with the full exchange in answersAsleep().
    if (Atomics.exchange(this.words, resting, AWAKE) === ANSWERED) this.syncCore();
  }
  override answersAsleep(n: number): boolean {
    const resting = this.#firstLine + n * CPU_LOCAL.size + CPU_LOCAL.resting;
    const found = Atomics.compareExchange(this.words, resting, ASLEEP, ANSWERED);
    if (found !== ANSWERED) return found === ASLEEP;
    // Even a second answer has to write: the write orders what came before it.
    return Atomics.compareExchange(this.words, resting, ANSWERED, ANSWERED) === ANSWERED;
  }

  override roundBegins(): void {
    Atomics.add(this.words, ROUNDS, 1);
  }
  override roundEnds(): void {
    Atomics.sub(this.words, ROUNDS, 1);
    const lines = Atomics.load(this.words, COURTEOUS_LINES);
    for (let n = 0; n < lines; n++) {
      const line = this.#firstLine + n * CPU_LOCAL.size;
      const word = Atomics.load(this.words, line + CPU_LOCAL.givesWayOn);
      if (word !== 0) Atomics.notify(this.words, word);
    }
  }
  /** Let another thread have this processor, if that is due; an interrupt ends it. */
  #share(interrupts: Addr): void {
    const now = this.#sharingClock;
    if (now === undefined || now() < this.#runsUntil) return;
    this.#notifyWaiters();
    // Others would wait for stores that are held back, such as the store that frees a lock.
    this.quiesce();
    Atomics.wait(this.words, this.check(interrupts), 0, REST_MS);
    const isLong = this.#courtesy.below(LONG_RUN_ODDS) === 0;
    this.#runsUntil = now() + (isLong ? LONG_RUN_MS : RUN_MS);
  }
  override giveWay(interrupts: Addr): void {
    const { words } = this;
    if (Atomics.load(words, ROUNDS) === 0) {
      this.#share(interrupts);
      return;
    }
    if (this.#courtesy.below(GIVE_WAY_ODDS) === 0) return;
    const line = (this.local - this.#firstLine) / CPU_LOCAL.size + 1;
    if (Atomics.load(words, COURTEOUS_LINES) < line) Atomics.store(words, COURTEOUS_LINES, line);
    Atomics.store(words, this.local + CPU_LOCAL.givesWayOn, this.check(interrupts));
    this.#notifyWaiters();
    for (let slice = 0; slice < GIVE_WAY_SLICES; slice++) {
      if (Atomics.load(words, ROUNDS) === 0) break;
      if (Atomics.wait(words, interrupts, 0, GIVE_WAY_MS) === 'not-equal') break;
    }
    Atomics.store(words, this.local + CPU_LOCAL.givesWayOn, 0);
  }
  /**
   * Postpone the wake-up until this CPU holds no lock, or has to sleep itself: the woken CPU would probably try to take
   * the lock that is held here, and sleep again at once.
   */
  override kick(addr: Addr): void {
    this.check(addr);
    if (this.#held.length > 0) this.#toWake.push(addr);
    else Atomics.notify(this.words, addr);
  }

  override halt(addr: Addr, seen: number, timeoutMs = Infinity): number {
    this.mightSleep('halt()');
    return this.wait(addr, seen, timeoutMs);
  }
  override wait(addr: Addr, seen: number, timeoutMs = Infinity): number {
    checkTimeout(timeoutMs);
    this.mightSleep('wait()');
    this.#notifyWaiters();
    if (!this.#queue.enqueue(this.check(addr), seen | 0)) return -EAGAIN;
    this.whileAsleep?.fallsAsleep(timeoutMs < Infinity);
    const ret = this.#sleep(timeoutMs);
    this.whileAsleep?.isAwake();
    return ret;
  }
  override wake(addr: Addr, count = 1): number {
    checkCount(count);
    return this.#wake(addr, count);
  }
  override wakeAll(addr: Addr): number {
    return this.#wake(addr, Infinity);
  }

  #wake(addr: Addr, most: number): number {
    const woken = this.#queue.wake(this.check(addr), most);
    this.kick(addr);
    return woken;
  }

  /** Sleep in the wait queue until woken. The CPU stays queued while it looks whether the machine stops, so no wake-up is missed. */
  #sleep(timeoutMs: number): number {
    for (let left = timeoutMs; ; left -= WAIT_MS) {
      Atomics.add(this.words, this.local + CPU_LOCAL.heartbeat, 1);
      const ms = Math.min(left, this.whileAsleep === undefined ? WAIT_MS : RELAX_MS);
      if (this.#queue.sleep(ms)) return 0;
      this.#checkStop();
      if (left <= WAIT_MS) return this.#queue.leave() ? -ETIMEDOUT : 0;
      if (timeoutMs === Infinity) this.whileAsleep?.looksAround();
    }
  }

  #checkStop(): void {
    if (Atomics.load(this.words, MACHINE_BASE + MACHINE.stop) !== 0) throw new MachineStopped();
  }

  #sleepOn(addr: Addr, seen: number, ms: number): void {
    this.#notifyWaiters();
    Atomics.add(this.words, this.local + CPU_LOCAL.heartbeat, 1);
    Atomics.wait(this.words, addr, seen, ms);
    this.#checkStop();
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

  /** Let `refresh` be called whenever this CPU has to see kernel text as it is in memory: for caches of text. */
  onSyncCore(refresh: () => void): void {
    this.#caches.push(refresh);
  }
  override syncCore(): void {
    for (const refresh of this.#caches) refresh();
  }

  override trace(event: number, a = 0, b = 0, c = 0): void {
    this.#sink(event, a, b, c);
  }
  override ablates(site: SiteId): boolean {
    return this.#ablation.has(site);
  }
}
