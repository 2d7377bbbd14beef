/** Faults of kernel code that end its CPU: accesses that no kernel survives, and sleeps where code must not sleep. */

import { inspect } from 'node:util';
import { InvariantViolated, SimulatorBug, UsageError } from '../errors.js';
import { FIRST_VALID_ADDR, isUnheld, POISON, type Addr, type CpuId } from './struct.js';

/** A fault of the simulated kernel's code: a finding that ends the CPU. */
export class KernelFault extends InvariantViolated {}

/** A kernel oops: thrown out of the access that cannot be carried out. */
export class KernelOops extends KernelFault {
  readonly addr: Addr;

  constructor(cpu: CpuId, addr: Addr, what: string) {
    super({ invariant: 'oops', detail: `CPU ${cpu}: ${what} at address ${describe(addr)}` });
    this.addr = addr;
  }
}

/** What findings of {@link AtomicSleep} are counted by. */
export const ATOMIC_SLEEP = 'atomic sleep';

/** What keeps a CPU from sleeping. */
export interface AtomicContext {
  /** Spin locks held. */
  readonly locks: number;
  /** Depth of sections with preemption disabled, apart from those of spin locks; RCU readers are among them. */
  readonly disabled: number;
  readonly isInterrupt?: boolean;
}

/** Code that may sleep was called where nothing must sleep. CONFIG_DEBUG_ATOMIC_SLEEP reports it whether the code sleeps or not. */
export class AtomicSleep extends KernelFault {
  /** @param what the call that may sleep, for instance `mutex_lock()` */
  constructor(cpu: CpuId, what: string, { locks, disabled, isInterrupt = false }: AtomicContext) {
    const held = locks === 1 ? 'a spin lock held' : `${locks} spin locks held`;
    const why = [
      ...(locks > 0 ? [held] : []),
      ...(disabled > 0 ? ['preemption disabled'] : []),
      ...(isInterrupt ? ['an interrupt under way'] : []),
    ];
    const bug = what === SCHEDULE ? 'scheduling while atomic' : INVALID_CONTEXT;
    const detail = `CPU ${cpu}: ${bug}: ${what} with ${why.join(' and ')}`;
    super({ invariant: ATOMIC_SLEEP, detail });
  }
}

/** Throw what no kernel code can catch again: a fault, a mistake of the code, an error of ours. */
export function rethrowFault(error: unknown): void {
  const isOurs = error instanceof UsageError || error instanceof SimulatorBug;
  if (isOurs || error instanceof InvariantViolated) throw error;
}

/** Throw the {@link AtomicSleep} of the call `what` if something keeps the CPU from sleeping. */
export function checkMaySleep(cpu: CpuId, what: string, context: AtomicContext): void {
  const { locks, disabled, isInterrupt } = context;
  if (locks > 0 || disabled > 0 || isInterrupt === true) throw new AtomicSleep(cpu, what, context);
}

const SCHEDULE = 'schedule()';
const INVALID_CONTEXT = 'sleeping function called from invalid context';

function describe(addr: Addr): string {
  return `0x${(addr >>> 0).toString(16)}`;
}

/** Refuse a value that no word of the memory can hold. */
function badValue(value: unknown): never {
  const shown = typeof value === 'string' ? `'${value}'` : String(value);
  throw new UsageError(`${shown} is no value of a word: words hold integers of 32 bits`);
}

/** A value as a word holds it. @throws UsageError for what is no integer of 32 bits, signed or not */
export function wordOf(value: number): number {
  const word = value | 0;
  if (word !== value && value >>> 0 !== value) badValue(value);
  return word;
}

/** Refuse a number of a bit that no word has. */
function badBit(bit: unknown): never {
  throw new UsageError(`${String(bit)} is no bit of a word: bits are numbered from 0 to 31`);
}

/** A word with one bit set. @throws UsageError for what is no number of a bit */
export function maskOf(bit: number): number {
  if ((bit & 31) !== bit) badBit(bit);
  return 1 << bit;
}

/** Refuse what is no number of sleepers to wake. */
export function checkCount(count: unknown): void {
  if ((Number.isInteger(count) && (count as number) >= 0) || count === Infinity) return;
  throw new UsageError(
    `${inspect(count)} is no number of sleepers: wake() takes an integer from 0 on, and wakeAll() wakes all`,
  );
}

/** Refuse what is no time-out of a sleep. */
export function checkTimeout(ms: unknown): void {
  if (typeof ms === 'number' && ms >= 0) return;
  throw new UsageError(
    `${inspect(ms)} is no time-out: milliseconds from 0 on, or none to sleep for ever`,
  );
}

/**
 * Throw the {@link KernelOops} of an access to the invalid address `addr`; a number that cannot be an address is the
 * caller's mistake.
 */
export function badAddress(cpu: CpuId, addr: Addr): never {
  if (!Number.isInteger(addr)) {
    throw new UsageError(
      `${String(addr)} is no address: a field, a word or a base is misspelt or missing`,
    );
  }
  if (addr >= 0 && addr < FIRST_VALID_ADDR) throw new KernelOops(cpu, addr, 'null pointer access');
  const poisoned = Math.abs(addr - POISON) < 0x10000;
  throw new KernelOops(
    cpu,
    addr,
    poisoned ? 'use after free: access through a poisoned pointer' : 'access outside memory',
  );
}

/** Throw the {@link KernelOops} of taking a spin lock in freed memory: it would never become free. */
export function freedLock(cpu: CpuId, lock: Addr): never {
  throw new KernelOops(cpu, lock, 'use after free: spin lock in freed memory');
}

/** Throw the {@link KernelOops} of releasing a spin lock that nobody holds. */
export function unheldLock(cpu: CpuId, lock: Addr): never {
  throw new KernelOops(cpu, lock, 'release of a spin lock that is not held, or in freed memory');
}

/**
 * Throw the {@link KernelOops} of releasing a spin lock that `cpu` does not hold: nobody does, or another CPU, as
 * CONFIG_DEBUG_SPINLOCK reports it. `word` is what the lock's word holds.
 */
export function notHeld(cpu: CpuId, lock: Addr, word: number): never {
  if (isUnheld(word)) unheldLock(cpu, lock);
  throw new KernelOops(cpu, lock, 'release of a spin lock that another CPU holds');
}

/** What tells who holds a spin lock. */
interface Holders {
  holds(cpu: CpuId, lock: Addr): boolean;
  newest(addr: Addr): number;
}

/** Throw the {@link KernelOops} of releasing a spin lock that `cpu` does not hold. */
export function checkRelease(memory: Holders, cpu: CpuId, lock: Addr): void {
  if (!memory.holds(cpu, lock)) notHeld(cpu, lock, memory.newest(lock));
}

/** What findings of {@link UnbalancedSection} are counted by. */
const UNBALANCED = 'unbalanced section';

/** Preemption was enabled more often than disabled. CONFIG_DEBUG_PREEMPT reports it; without it, later sections protect nothing. */
class UnbalancedSection extends KernelFault {
  constructor(cpu: CpuId) {
    const what = 'preempt_enable() or rcu_read_unlock() of a section that was not begun';
    super({ invariant: UNBALANCED, detail: `CPU ${cpu}: ${what}` });
  }
}

/** Throw the {@link UnbalancedSection} of enabling preemption at a depth of `disabled` sections, apart from spin locks. */
export function checkEnable(cpu: CpuId, disabled: number): void {
  if (disabled <= 0) throw new UnbalancedSection(cpu);
}

/** Thrown on every CPU when the machine is being stopped; ends the CPU without a finding of its own. */
export class MachineStopped extends Error {
  readonly code = 'ERR_MACHINE_STOPPED';
  override readonly name = 'MachineStopped';
}
