/** Read-side critical sections of RCU and SRCU. */
import { EV, type Trace } from './event.js';

/** A read-side critical section: the event indices of a lock and the unlock it is matched with. */
export interface CriticalSection {
  readonly lock: number;
  readonly unlock: number;
}

/** The critical sections of one trace. */
export interface CriticalSections {
  readonly rcu: readonly CriticalSection[];
  readonly srcu: readonly CriticalSection[];
  /** True if some lock or unlock has no partner. */
  readonly unmatched: boolean;
}

const NONE: CriticalSections = { rcu: [], srcu: [], unmatched: false };
const LOCKS = EV.rcuLock | EV.srcuLock;
const UNLOCKS = EV.rcuUnlock | EV.srcuUnlock;

/** Match locks with unlocks as linux-kernel.bell does: like brackets, SRCU per domain.
 * @param offset index of the trace's first event */
export function criticalSections({ events }: Trace, offset: number): CriticalSections {
  if (!events.some(({ classes }) => (classes & (LOCKS | UNLOCKS)) !== 0)) return NONE;
  const rcu: CriticalSection[] = [];
  const srcu: CriticalSection[] = [];
  const open = new Map<number, number[]>();
  let unmatched = false;
  events.forEach(({ classes, location }, i) => {
    if ((classes & (LOCKS | UNLOCKS)) === 0) return;
    const stack = open.get(location) ?? [];
    open.set(location, stack);
    if ((classes & LOCKS) !== 0) {
      stack.push(offset + i);
      return;
    }
    const lock = stack.pop();
    const sections = (classes & EV.rcuUnlock) !== 0 ? rcu : srcu;
    if (lock === undefined) unmatched = true;
    else sections.push({ lock, unlock: offset + i });
  });
  for (const stack of open.values()) if (stack.length > 0) unmatched = true;
  return { rcu, srcu, unmatched };
}
