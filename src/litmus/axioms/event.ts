/** Events of candidate executions: the accesses and RCU marks of one path through one thread, with values guessed for its reads. */
import type { FenceKind, Instruction, RmwOrder, SourceSpan } from '../syntax/ast.js';

/** Classes of events, as bits: an event may be in several. Names follow the model's sets. */
export const EV = {
  read: 1 << 0,
  write: 1 << 1,
  plain: 1 << 2,
  acquire: 1 << 3,
  release: 1 << 4,
  noReturn: 1 << 5,
  /** RMW: either half of a read-modify-write (not of a lock), and the read of one that failed. */
  rmw: 1 << 6,
  /** LKR: the read half of taking a lock. */
  lockRead: 1 << 7,
  /** LKW: the write half of taking a lock. */
  lockWrite: 1 << 8,
  /** UL. */
  unlock: 1 << 9,
  /** LF: a failed trylock. */
  lockFail: 1 << 10,
  /** RL, RU: spin_is_locked() that says yes, or no. */
  isLocked: 1 << 11,
  isUnlocked: 1 << 12,
  rcuLock: 1 << 13,
  rcuUnlock: 1 << 14,
  rcuSync: 1 << 15,
  srcuLock: 1 << 16,
  srcuUnlock: 1 << 17,
  srcuSync: 1 << 18,
  /** Either half of a successful read-modify-write with full ordering: what the Mb tag marks. */
  mb: 1 << 19,
} as const;

/** Classes of the read half of a read-modify-write, by its order. */
export function readClass(order: RmwOrder): number {
  if (order === 'acquire') return EV.acquire;
  if (order === 'full') return EV.mb;
  return order === 'void' ? EV.noReturn : 0;
}

/** Classes of its write half. */
export function writeClass(order: RmwOrder): number {
  if (order === 'release') return EV.release;
  return order === 'full' ? EV.mb : 0;
}

/** Writes of a lock, which only lock operations read. */
export const LOCK_WRITES = EV.lockWrite | EV.unlock;

/** Is this a write that an ordinary read may read from? */
export function isOrdinaryWrite(classes: number): boolean {
  return (classes & EV.write) !== 0 && (classes & LOCK_WRITES) === 0;
}

/** Events of the RCU axiom. */
export const RCU_EVENTS =
  EV.rcuLock | EV.rcuUnlock | EV.rcuSync | EV.srcuLock | EV.srcuUnlock | EV.srcuSync;

/** Grace periods. */
export const SYNC_EVENTS = EV.rcuSync | EV.srcuSync;

/** One event of a trace. Dependencies are indices of earlier reads of the same trace, ascending. */
export interface TraceEvent {
  /** Bits of {@link EV}. */
  readonly classes: number;
  /** Location, or SRCU domain; -1 for RCU marks. */
  readonly location: number;
  /** Value read or written; the cookie of an SRCU mark. */
  readonly value: number;
  readonly addr: readonly number[];
  readonly data: readonly number[];
  readonly ctrl: readonly number[];
  /** Of a write: the reads whose values its own is computed from. Of the read of a compare-and-exchange that succeeds: those
   * that the value which it had to find is computed from; null for other reads. */
  readonly needs: readonly number[] | null;
  readonly at: SourceSpan;
  /** For a write: the event before it is the read half of the same operation. */
  readonly closesRmw: boolean;
  /** The instruction whose write this is; null for reads, locks and marks. */
  readonly writer: Instruction | null;
}

/** A fence: it stands between events `before - 1` and `before` of its trace. */
export interface TraceFence {
  readonly kind: FenceKind;
  readonly before: number;
  readonly at: SourceSpan;
  /** True for the two that stand for the full ordering of a read-modify-write. */
  readonly ofRmw?: boolean;
}

/** One path through one thread with one choice of values read. */
export interface Trace {
  readonly thread: number;
  readonly events: readonly TraceEvent[];
  readonly fences: readonly TraceFence[];
  /** Final values of the thread's registers. */
  readonly registers: readonly number[];
}
