/** The seam between the explorer's CPUs and a memory: what a deterministic memory model must be able to do. */

import type { Addr, CpuId } from './struct.js';

/**
 * A plain C load. It is as relaxed as a marked one and, as in LKMM, nothing later can rely on a dependency that starts
 * at it: this is what an ablated `rcu_dereference()` becomes.
 */
export const LOAD_PLAIN = 0;
/** `READ_ONCE()`: relaxed. LKMM orders it before a load whose address is computed from its result. */
export const LOAD_ONCE = 1;
/** `smp_load_acquire()`. */
export const LOAD_ACQUIRE = 2;
/** `rcu_dereference()`: relaxed, with an address dependency to what is accessed through the result. */
export const LOAD_DEPENDENT = 3;

/** How strongly a store is ordered. */
export const STORE_PLAIN = 0;
export const STORE_ONCE = 1;
export const STORE_RELEASE = 2;

/** How strongly a read-modify-write is ordered; `VOID` is one that returns no value. */
export const RMW_RELAXED = 0;
export const RMW_ACQUIRE = 1;
export const RMW_RELEASE = 2;
export const RMW_FULL = 3;
export const RMW_VOID = 4;

/** What a read-modify-write computes from the old value and the operand. */
export const RMW_XCHG = 0;
export const RMW_ADD = 1;
export const RMW_AND = 2;
export const RMW_OR = 3;
/** Compare and exchange: the operand is stored only if the old value is the expected one. */
export const RMW_CMPXCHG = 4;
/** `atomic_add_unless()`: the operand is added unless the old value is the expected one. */
export const RMW_ADD_UNLESS = 5;
export const RMW_XOR = 6;

/** Fences. The `smp_mb__*` family is a strong fence like `smp_mb()`. */
export const FENCE_MB = 0;
export const FENCE_RMB = 1;
export const FENCE_WMB = 2;

/** Where every nondeterministic answer of a memory model comes from. */
export interface ChoiceSource {
  /**
   * Choose one of `n` (at least 2) alternatives. 0 is always the sequentially consistent one.
   *
   * @param kind what is being chosen, one of the `CHOOSE_*` constants
   */
  choose(n: number, kind: number): number;
}

/** Which message a load reads: 0 is the newest. */
export const CHOOSE_READ = 1;
/** Where in the coherence order a store goes: 0 is the end. */
export const CHOOSE_WRITE = 2;
/** Whether an operation that may fail spuriously or late does so: 0 is no. */
export const CHOOSE_FAIL = 3;

/**
 * A memory for the explorer: one thread executes all CPUs, every answer comes from a {@link ChoiceSource}.
 * Operations return at once; blocking is expressed by `false`.
 */
export interface MemoryModel {
  /** Forget the execution: every word reads as in `initial`, which the model must not modify. */
  reset(initial: Int32Array, choices: ChoiceSource): void;
  load(cpu: CpuId, addr: Addr, order: number): number;
  store(cpu: CpuId, addr: Addr, value: number, order: number): void;
  /**
   * Read-modify-write; returns the old value. A `RMW_FULL` one executes its leading strong fence and the
   * read-modify-write; the caller owes {@link rmwEnd} before this CPU's next operation, with a scheduling point between.
   */
  rmw(cpu: CpuId, addr: Addr, op: number, operand: number, expected: number, order: number): number;
  /** The trailing strong fence of a fully ordered read-modify-write. */
  rmwEnd(cpu: CpuId): void;
  fence(cpu: CpuId, kind: number): void;
  /** `spin_lock()`: takes the lock, or returns false when it is held (the CPU is then blocked on `addr`). */
  lock(cpu: CpuId, addr: Addr): boolean;
  unlock(cpu: CpuId, addr: Addr): void;
  /** Whether this CPU holds the spin lock. */
  holds(cpu: CpuId, addr: Addr): boolean;
  /** `spin_trylock()`: may fail by choice even if the lock was just released. */
  trylock(cpu: CpuId, addr: Addr): boolean;
  /**
   * Enter a read-side section.
   *
   * @param domain 0 or left out for RCU, else the address of an `srcu_struct`: sections and grace periods of different
   *   domains do not wait for each other
   */
  rcuReadLock(cpu: CpuId, domain?: Addr): void;
  rcuReadUnlock(cpu: CpuId, domain?: Addr): void;
  /** First half of `synchronize_rcu()` or `synchronize_srcu()`; poll {@link rcuEnd} until it returns true. */
  rcuStart(cpu: CpuId, domain?: Addr): void;
  rcuEnd(cpu: CpuId): boolean;
  /** `call_rcu()` or `call_srcu()`: start a grace period nobody waits in. Returns its ticket. */
  callRcu(cpu: CpuId, domain?: Addr): number;
  /** Whether the callback of `ticket` may run: every section that its grace period waits for has ended. */
  callbackReady(ticket: number): boolean;
  /** `cpu` begins to run the callback of `ticket`, which is used up. The callback must be ready. */
  callbackBegin(cpu: CpuId, ticket: number): void;
  /** The newest value in coherence order: for checks, `peek`, and "has the watched word changed". */
  newest(addr: Addr): number;
  /** Substrate store: becomes the only value of the word; ordered by something else. */
  poke(addr: Addr, value: number): void;
}
