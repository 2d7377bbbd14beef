/** Read-side critical sections of a whole candidate: those of SRCU may be matched by values that cross threads. */
import type { Rules } from '../model.js';
import { INITIAL, type Candidate } from './candidate.js';
import type { CriticalSection } from './critical-section.js';
import { EV } from './event.js';

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
