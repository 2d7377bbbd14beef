/** The flags that the kernel model raises on executions: data races and misuse of locks and RCU. */
import type { Axioms } from './axioms.js';
import type { Candidate } from './candidate.js';
import { srcuSections } from './srcu-sections.js';
import type { Rules } from '../model.js';
import { EV } from './event.js';
import { findDataRace } from './plain.js';
import type { PlacedTrace, TraceFlags } from './placed-trace.js';

const LOCK_EVENTS =
  EV.lockRead | EV.lockWrite | EV.unlock | EV.lockFail | EV.isLocked | EV.isUnlocked;

const NO_FLAGS: readonly string[] = [];

function flagsOfTrace(placed: PlacedTrace, rules: Rules): TraceFlags {
  if (placed.flags !== null) return placed.flags;
  const flags = [
    ...rcuFlags(placed, rules),
    ...(placed.hasStrayUnlock ? ['unmatched-unlock'] : []),
    ...(hasMixedAccesses(placed, rules) ? ['mixed-accesses'] : []),
  ];
  const { locks, others } = accessesOf(placed, rules);
  const isQuiet = flags.length === 0 && locks.length === 0 && !placed.hasPlain;
  return (placed.flags = { flags, locks, others, isQuiet });
}

/** Name of the flag on a mark without partner. */
function unmatchedFlag(classes: number, { flagNames }: Rules): string {
  const kind = (classes & (EV.rcuLock | EV.rcuUnlock)) !== 0 ? 'rcu' : 'srcu';
  if (!flagNames) return `unbalanced-${kind}-locking`;
  const side = (classes & (EV.rcuLock | EV.srcuLock)) !== 0 ? 'lock' : 'unlock';
  return `unmatched-${kind}-${side}`;
}

function badValueFlag({ flagNames }: Rules): string {
  return flagNames ? 'srcu-bad-value-match' : 'srcu-bad-nesting';
}

function* rcuFlags(
  { trace, offset, sections, rcuEvents }: PlacedTrace,
  rules: Rules,
): Generator<string> {
  if (rcuEvents.length === 0) return;
  const { rcu, srcu, unmatched } = sections;
  const { events } = trace;
  for (const e of unmatched) yield unmatchedFlag(events[e - offset]?.classes ?? 0, rules);
  const value = (e: number): number | undefined => events[e - offset]?.value;
  if (srcu.some(({ lock, unlock }) => value(lock) !== value(unlock))) yield badValueFlag(rules);
  const sleeps = events.flatMap((e, i) => ((e.classes & EV.srcuSync) !== 0 ? [offset + i] : []));
  if (rcu.some(({ lock, unlock }) => sleeps.some((s) => lock < s && s < unlock))) {
    yield 'invalid-sleep';
  }
}

/** Flags on SRCU sections that values match: they may differ from candidate to candidate. */
function* srcuValueFlags(candidate: Candidate, rules: Rules): Generator<string> {
  const marks = candidate.threads.flatMap(({ rcuEvents }) =>
    rcuEvents.filter((e) => candidate.is(e, EV.srcuLock | EV.srcuUnlock)),
  );
  if (marks.length === 0) return;
  const sections = srcuSections(candidate);
  for (const e of marks) {
    const own = sections.filter(({ lock, unlock }) => e === lock || e === unlock);
    if (own.length === 0) yield unmatchedFlag(candidate.classes[e] ?? 0, rules);
    if (own.length > 1 && candidate.is(e, EV.srcuLock)) yield 'multiple-srcu-matches';
  }
  const { value } = candidate;
  if (sections.some(({ lock, unlock }) => value[lock] !== value[unlock])) yield badValueFlag(rules);
}

/** ALL-LOCKS of lock.cat. */
function lockEvents({ lockedStructs }: Rules): number {
  return lockedStructs ? LOCK_EVENTS | EV.srcuLock | EV.srcuUnlock | EV.srcuSync : LOCK_EVENTS;
}

/** Locations that a thread uses as locks, and those that it accesses otherwise. */
function accessesOf(
  { trace }: PlacedTrace,
  rules: Rules,
): { locks: readonly number[]; others: ReadonlySet<number> } {
  const lockEvent = lockEvents(rules);
  const locks = new Set<number>();
  const others = new Set<number>();
  for (const { classes, location } of trace.events) {
    if ((classes & lockEvent) !== 0) locks.add(location);
    else if ((classes & (EV.read | EV.write)) !== 0) others.add(location);
  }
  return { locks: [...locks], others };
}

/** Events that end a compiler's region: what `barrier` of linux-kernel.cat takes fencerel of. */
function isBarrierBetween(placed: PlacedTrace, a: number, b: number, rules: Rules): boolean {
  const { trace } = placed;
  const compilerBarriers = EV.rcuLock | EV.rcuUnlock | EV.rcuSync;
  const srcu = EV.srcuLock | EV.srcuUnlock | EV.srcuSync;
  for (let i = a; i <= b; i++) {
    const classes = trace.events[i]?.classes ?? 0;
    const tags = rules.rmwTags ? EV.mb : 0;
    if (i > a && i < b && (classes & (compilerBarriers | srcu | tags)) !== 0) return true;
    if (i > a && (classes & EV.release) !== 0) return true;
    if (i < b && (classes & EV.acquire) !== 0) return true;
  }
  return trace.fences.some(
    ({ kind, before, ofRmw }) =>
      !(rules.rmwTags && ofRmw === true) &&
      a < before &&
      before <= b &&
      kind !== 'after-spinlock' &&
      kind !== 'after-unlock-lock' &&
      kind !== 'after-srcu-read-unlock',
  );
}

/** A plain write and a marked access of the same location with no barrier between. */
function hasMixedAccesses(placed: PlacedTrace, rules: Rules): boolean {
  if (!placed.hasPlain) return false;
  const { events } = placed.trace;
  return events.some((a, i) =>
    events.some((b, other) => {
      if (other <= i || a.location !== b.location || a.location < 0) return false;
      const plainWrite = EV.plain | EV.write;
      const writesPlain = [a, b].some((e) => (e.classes & plainWrite) === plainWrite);
      const marked = [a, b].some((e) => (e.classes & EV.plain) === 0);
      return writesPlain && marked && !isBarrierBetween(placed, i, other, rules);
    }),
  );
}

/** Flags of an allowed execution; those in `known` may be left out. `axioms` gives its relations, `finals` are the
 * locations whose final value the test asks for. */
export function flagsOf(
  candidate: Candidate,
  axioms: Axioms,
  known: ReadonlySet<string>,
  finals: ReadonlySet<number>,
): readonly string[] {
  const { rules } = axioms;
  if (!rules.srcuByValue && candidate.threads.every((t) => flagsOfTrace(t, rules).isQuiet)) {
    return NO_FLAGS;
  }
  const found: string[] = [];
  let hasPlain = false;
  for (const placed of candidate.threads) {
    const { flags, locks } = flagsOfTrace(placed, rules);
    for (const flag of flags) found.push(flag);
    for (const lock of locks) addLockFlags(found, lock, candidate, rules, finals);
    if (placed.hasPlain) hasPlain = true;
  }
  if (rules.srcuByValue) found.push(...srcuValueFlags(candidate, rules));
  if (!hasPlain || known.has('data-race')) return found;
  axioms.relate(candidate);
  if (findDataRace(candidate, axioms) !== null) found.push('data-race');
  return found;
}

/** Flags on a lock that no thread raises alone. */
function addLockFlags(
  found: string[],
  lock: number,
  { threads }: Candidate,
  rules: Rules,
  finals: ReadonlySet<number>,
): void {
  if (finals.has(lock)) found.push('lock-final');
  for (const placed of threads) {
    if (flagsOfTrace(placed, rules).others.has(lock)) found.push('mixed-lock-accesses');
  }
}
