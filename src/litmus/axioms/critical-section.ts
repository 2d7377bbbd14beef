/** Read-side critical sections of RCU and SRCU, as one thread alone shows them. */
import type { Rules } from '../model.js';
import { EV, type Trace } from './event.js';

/** A read-side critical section: the event indices of a lock and the unlock it is matched with. */
export interface CriticalSection {
  readonly lock: number;
  readonly unlock: number;
}

/** The critical sections of one trace, and the locks and unlocks without a partner. */
export interface CriticalSections {
  readonly rcu: readonly CriticalSection[];
  /** Empty where values match locks with unlocks: see `srcuSections`. */
  readonly srcu: readonly CriticalSection[];
  /** Event indices. */
  readonly unmatched: readonly number[];
}

const NONE: CriticalSections = { rcu: [], srcu: [], unmatched: [] };
const LOCKS = EV.rcuLock | EV.srcuLock;
const UNLOCKS = EV.rcuUnlock | EV.srcuUnlock;

/** Match locks with unlocks as linux-kernel.bell of 6.1 does: like brackets, SRCU per domain.
 * @param offset index of the trace's first event */
export function criticalSections(
  { events }: Trace,
  offset: number,
  { srcuByValue }: Rules,
): CriticalSections {
  const marks = srcuByValue ? EV.rcuLock | EV.rcuUnlock : LOCKS | UNLOCKS;
  if (!events.some(({ classes }) => (classes & marks) !== 0)) return NONE;
  const rcu: CriticalSection[] = [];
  const srcu: CriticalSection[] = [];
  const unmatched: number[] = [];
  const open = new Map<number, number[]>();
  events.forEach(({ classes, location }, i) => {
    if ((classes & marks) === 0) return;
    const stack = open.get(location) ?? [];
    open.set(location, stack);
    if ((classes & LOCKS) !== 0) {
      stack.push(offset + i);
      return;
    }
    const lock = stack.pop();
    const sections = (classes & EV.rcuUnlock) !== 0 ? rcu : srcu;
    if (lock === undefined) unmatched.push(offset + i);
    else sections.push({ lock, unlock: offset + i });
  });
  for (const stack of open.values()) unmatched.push(...stack);
  return { rcu, srcu, unmatched };
}
