/** The vocabulary of kernel code: what a CPU can do with shared memory, in the terms of the Linux memory model. */

import type { SiteId } from './sites.js';
import type { Addr, CpuId } from './struct.js';

/**
 * What the rooms below attach to a CPU: layout of the machine, hooks, configuration. Each room adds its members by
 * declaration merging; all of them are immutable after boot.
 */
// eslint-disable-next-line @typescript-eslint/no-empty-object-type
export interface CpuContext {}

/**
 * One simulated CPU. Kernel code receives it as its first parameter, named `cpu`, and touches shared memory through it
 * alone. Every method is a scheduling point in the explorer, except `get`, `set`, `peek`, `kick`, the hints for
 * rounds and rest, `syncCore`, `trace` and `ablates`.
 *
 * Addresses are word indices; values are signed 32-bit words. An operation that carries a `site` is one of the places
 * that the subsystem's ordering argument rests on: ablating the site removes or weakens it.
 */
export abstract class Cpu {
  readonly id: CpuId;
  readonly ctx: CpuContext;
  /** The task this CPU executes: the `current` register, written by the scheduler's context switch only. */
  current: Addr = 0;

  constructor(id: CpuId, ctx: CpuContext) {
    this.id = id;
    this.ctx = ctx;
  }

  /** Plain C load. */
  abstract read(addr: Addr): number;
  /** Plain C store. */
  abstract write(addr: Addr, value: number): void;
  /** `READ_ONCE()`: relaxed. */
  abstract readOnce(addr: Addr): number;
  /** `WRITE_ONCE()`: relaxed. */
  abstract writeOnce(addr: Addr, value: number): void;

  /** `smp_mb()`: strong fence. */
  abstract smpMb(site?: SiteId): void;
  /** `smp_rmb()`: earlier loads before later loads. */
  abstract smpRmb(site?: SiteId): void;
  /** `smp_wmb()`: earlier stores before later stores. */
  abstract smpWmb(site?: SiteId): void;
  /** `smp_load_acquire()`. */
  abstract loadAcquire(addr: Addr, site?: SiteId): number;
  /** `smp_store_release()`. */
  abstract storeRelease(addr: Addr, value: number, site?: SiteId): void;

  /** `xchg()`: fully ordered; returns the old value. */
  abstract xchg(addr: Addr, value: number, site?: SiteId): number;
  /** `xchg_relaxed()`: no ordering; returns the old value. */
  abstract xchgRelaxed(addr: Addr, value: number): number;
  /** `xchg_acquire()`: later accesses stay behind its load; returns the old value. */
  abstract xchgAcquire(addr: Addr, value: number, site?: SiteId): number;
  /** `xchg_release()`: earlier accesses stay before its store; returns the old value. */
  abstract xchgRelease(addr: Addr, value: number, site?: SiteId): number;
  /** `cmpxchg()`: fully ordered when it succeeds, relaxed when it fails; returns the value found. */
  abstract cmpxchg(addr: Addr, expected: number, value: number, site?: SiteId): number;
  /** `cmpxchg_relaxed()`: no ordering; returns the value found. */
  abstract cmpxchgRelaxed(addr: Addr, expected: number, value: number): number;
  /** `cmpxchg_acquire()`: later accesses stay behind its load when it succeeds; returns the value found. */
  abstract cmpxchgAcquire(addr: Addr, expected: number, value: number, site?: SiteId): number;
  /** `cmpxchg_release()`: earlier accesses stay before its store when it succeeds; returns the value found. */
  abstract cmpxchgRelease(addr: Addr, expected: number, value: number, site?: SiteId): number;
  /** `atomic_fetch_add()`: fully ordered; returns the old value. */
  abstract fetchAdd(addr: Addr, delta: number, site?: SiteId): number;
  /** `atomic_fetch_add_relaxed()`: no ordering; returns the old value. */
  abstract fetchAddRelaxed(addr: Addr, delta: number): number;
  /** `atomic_fetch_add_acquire()`: later accesses stay behind its load; returns the old value. */
  abstract fetchAddAcquire(addr: Addr, delta: number, site?: SiteId): number;
  /** `atomic_fetch_add_release()`: earlier accesses stay before its store; returns the old value. */
  abstract fetchAddRelease(addr: Addr, delta: number, site?: SiteId): number;
  /** `atomic_add()`: no value, no ordering. */
  abstract atomicAdd(addr: Addr, delta: number): void;
  /** `set_bit()`: atomic, unordered. */
  abstract setBit(addr: Addr, bit: number): void;
  /** `clear_bit()`: atomic, unordered. */
  abstract clearBit(addr: Addr, bit: number): void;
  /** `test_bit()`: a relaxed load. */
  abstract testBit(addr: Addr, bit: number): boolean;
  /** `test_and_set_bit()`: fully ordered; returns the old bit. */
  abstract testAndSetBit(addr: Addr, bit: number, site?: SiteId): boolean;
  /** `test_and_clear_bit()`: fully ordered; returns the old bit. */
  abstract testAndClearBit(addr: Addr, bit: number, site?: SiteId): boolean;

  /** `rcu_assign_pointer()`: a release store. */
  abstract rcuAssignPointer(addr: Addr, value: Addr, site?: SiteId): void;
  /** `rcu_dereference()`: a relaxed load with an address dependency to accesses through the result. */
  abstract rcuDereference(addr: Addr, site?: SiteId): Addr;

  /** `spin_lock()`. The lock word is 0 when free; nothing but these three may touch it. */
  abstract spinLock(lock: Addr, site?: SiteId): void;
  /** `spin_trylock()`. */
  abstract spinTrylock(lock: Addr): boolean;
  /** `spin_unlock()`. */
  abstract spinUnlock(lock: Addr, site?: SiteId): void;

  /** `preempt_disable()`: from here to the matching enable, no synchronisation of all CPUs can complete. */
  abstract preemptDisable(site?: SiteId): void;
  /** `preempt_enable()`. */
  abstract preemptEnable(site?: SiteId): void;

  /**
   * `might_sleep()`: what follows may sleep. No memory access, no scheduling point, orders nothing. {@link halt} and {@link wait} do
   * it by themselves.
   *
   * @param _what the call that may sleep, as reports name it
   * @throws AtomicSleep if the CPU holds a spin lock or has preemption disabled
   */
  mightSleep(_what: string): void {
    // A CPU that does not count what it holds cannot tell.
  }

  /** Spin-wait hint: returns at once, or after the word at `addr` stopped being `seen`. The caller re-checks. */
  abstract relax(addr: Addr, seen: number): void;
  /** Idle until the word at `addr` stops being `seen`, as `monitor` and `mwait` do: like {@link relax}, with nothing else to do. */
  abstract mwait(addr: Addr, seen: number): void;
  /** Let the CPUs that {@link relax} or {@link mwait} on `addr` look at it at once: a hint, for speed. Orders nothing. */
  abstract kick(addr: Addr): void;

  /** A round begins in which this CPU waits for an answer from every other CPU: a hint, for speed. Orders nothing. */
  roundBegins(): void {
    // CPUs that share no processor need not know.
  }
  /** The round that this CPU began is over. */
  roundEnds(): void {
    // As above.
  }
  /**
   * This CPU has answered: others that have not may go first, until all rounds are over or the word at `interrupts` is
   * not 0. A hint, for speed: it may return at once. Orders nothing.
   */
  giveWay(_interrupts: Addr): void {
    // A CPU that shares no processor delays no other CPU.
  }
  /**
   * After the next operation all state of this CPU is in the memory, unless kernel code that called the scheduler is
   * suspended on it: an engine may end the CPU's code there and restart it. A hint. Orders nothing.
   */
  mayRest(): void {
    // An engine that takes no snapshots does not need this.
  }
  /**
   * Answer for CPU `n` if it sleeps in {@link mwait}, holds no lock and has preemption enabled. When this says true, both CPUs
   * are ordered as if `n` had taken an interrupt: what was visible here before is visible there when it wakes, it does
   * {@link syncCore} then, and what it did before it slept is visible here. False where that is not known.
   */
  answersAsleep(_n: number): boolean {
    return false;
  }

  /**
   * Sleep on the word at `addr` if it holds `seen`, as `futex_wait()`: looking and going to sleep are one step. Ends by a {@link wake} or
   * {@link wakeAll} of that word, by the time-out, or for no reason at all; a change of the word alone does not end it.
   * The caller looks again, and waits again if it has to. Orders nothing.
   *
   * @param timeoutMs milliseconds, default for ever
   * @returns 0, -EAGAIN when the word did not hold `seen`, -ETIMEDOUT
   */
  abstract halt(addr: Addr, seen: number, timeoutMs?: number): number;
  /** As {@link halt}, but it never ends for no reason, like `Atomics.wait()`: it returns 0 only after a wake-up. */
  abstract wait(addr: Addr, seen: number, timeoutMs?: number): number;
  /**
   * Wake up to `count` of the CPUs that sleep on `addr`, any of them, as `futex_wake()`. Orders nothing.
   *
   * @param count default 1, as `wake_up()` wakes one exclusive waiter
   * @returns how many were woken
   */
  abstract wake(addr: Addr, count?: number): number;
  /** Wake all CPUs that sleep on `addr`. Orders nothing. @returns how many were woken */
  abstract wakeAll(addr: Addr): number;

  /** Load of substrate data that a lock or hand-over orders: no ordering, no scheduling point; race-checked. */
  abstract get(addr: Addr): number;
  /** Store of substrate data, the counterpart of {@link get}. */
  abstract set(addr: Addr, value: number): void;
  /** Hint read of a word that others write at any time: no ordering, not race-checked. The caller re-checks. */
  abstract peek(addr: Addr): number;

  /** Fetch of kernel text: coherent once the text is published, never race-checked. */
  fetch(addr: Addr): number {
    return this.get(addr);
  }

  /**
   * `sync_core()`: from here on this CPU executes kernel text as it now is in memory. Not a memory access; nothing to do on
   * a CPU that fetches every instruction from there.
   */
  syncCore(): void {
    // A CPU that caches text, for instance as functions compiled to JavaScript, refreshes its cache.
  }

  /** Record an event for the flight recorder and the checks. Not a memory access. */
  abstract trace(event: number, a?: number, b?: number, c?: number): void;
  /** Whether an ordering site that is not a single operation (an order of statements, a lock) is ablated. */
  abstract ablates(site: SiteId): boolean;
}
