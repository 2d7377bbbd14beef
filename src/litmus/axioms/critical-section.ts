/** Read-side critical sections of RCU and SRCU. */
import type { Rules } from '../model.js';
import { INITIAL, type Candidate } from './candidate.js';
import { EV, type Trace } from './event.js';

/** A read-side critical section: the event indices of a lock and the unlock it is matched with. */
export interface CriticalSection {
  readonly lock: number;
  readonly unlock: number;
}

/** The critical sections of one trace, and the locks and unlocks without a partner. */
export interface CriticalSections {
  readonly rcu: readonly CriticalSection[];
  /** Empty where values match locks with unlocks: see {@link srcuSections}. */
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

/** Match SRCU locks with unlocks as linux-kernel.bell of 6.12 does: by the value that goes from one to the other, through
 * registers or through stores that are no unlocks and reads of them, in whatever thread. */
export function srcuSections(candidate: Candidate): CriticalSection[] {
  const sections: CriticalSection[] = [];
  const { location } = candidate;
  for (const { rcuEvents } of candidate.threads) {
    for (const unlock of rcuEvents) {
      if (!candidate.is(unlock, EV.srcuUnlock)) continue;
      for (const lock of origins(candidate, unlock)) {
        if (location[lock] === location[unlock]) sections.push({ lock, unlock });
      }
    }
  }
  return sections;
}

/** The SRCU locks whose value `store` may pass on. */
function origins(candidate: Candidate, store: number): Set<number> {
  const locks = new Set<number>();
  const seen = new Set<number>();
  const follow = (write: number): void => {
    const offset = candidate.offsets[candidate.threadOf[write] ?? 0] ?? 0;
    for (const d of candidate.event(write).data) {
      const read = offset + d;
      if (seen.has(read)) continue;
      seen.add(read);
      if (candidate.is(read, EV.srcuLock)) locks.add(read);
      const source = candidate.sourceOf(read);
      if (source > INITIAL && !candidate.is(source, EV.srcuUnlock)) follow(source);
    }
  };
  follow(store);
  return locks;
}

/** The critical sections of a candidate, by domain kind. */
export interface Sections {
  readonly rcu: readonly CriticalSection[];
  readonly srcu: readonly CriticalSection[];
}

/** All critical sections of a candidate. */
export function sectionsOf(candidate: Candidate, { srcuByValue }: Rules): Sections {
  const rcu = candidate.threads.flatMap(({ sections }) => sections.rcu);
  const srcu = srcuByValue
    ? srcuSections(candidate)
    : candidate.threads.flatMap(({ sections }) => sections.srcu);
  return { rcu, srcu };
}
