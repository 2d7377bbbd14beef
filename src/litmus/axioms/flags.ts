/** The flags that the kernel model raises on executions: data races and misuse of locks and RCU. */
import type { Axioms } from './axioms.js';
import type { Candidate } from './candidate.js';
import { EV } from './event.js';
import { findDataRace } from './plain.js';
import type { PlacedTrace } from './placed-trace.js';

const LOCK_EVENTS =
  EV.lockRead | EV.lockWrite | EV.unlock | EV.lockFail | EV.isLocked | EV.isUnlocked;

/** Flags of one trace, which its thread fixes alone. */
const traceFlags = new WeakMap<PlacedTrace, readonly string[]>();

function flagsOfTrace(placed: PlacedTrace): readonly string[] {
  const known = traceFlags.get(placed);
  if (known !== undefined) return known;
  const flags = [
    ...rcuFlags(placed),
    ...lockFlags(placed),
    ...(hasMixedAccesses(placed) ? ['mixed-accesses'] : []),
  ];
  traceFlags.set(placed, flags);
  return flags;
}

function* rcuFlags({ trace, offset, sections, rcuEvents }: PlacedTrace): Generator<string> {
  if (rcuEvents.length === 0) return;
  const { rcu, srcu, unmatched } = sections;
  const { events } = trace;
  const has = (classes: number): boolean => events.some((e) => (e.classes & classes) !== 0);
  if (unmatched && has(EV.rcuLock | EV.rcuUnlock)) yield 'unbalanced-rcu-locking';
  if (unmatched && has(EV.srcuLock | EV.srcuUnlock)) yield 'unbalanced-srcu-locking';
  const value = (e: number): number | undefined => events[e - offset]?.value;
  if (srcu.some(({ lock, unlock }) => value(lock) !== value(unlock))) yield 'srcu-bad-nesting';
  const sleeps = events.flatMap((e, i) => ((e.classes & EV.srcuSync) !== 0 ? [offset + i] : []));
  if (rcu.some(({ lock, unlock }) => sleeps.some((s) => lock < s && s < unlock))) {
    yield 'invalid-sleep';
  }
}

function* lockFlags({ trace }: PlacedTrace): Generator<string> {
  const held = new Set<number>();
  const locks = new Set<number>();
  for (const { classes, location } of trace.events) {
    if ((classes & LOCK_EVENTS) !== 0) locks.add(location);
    if ((classes & EV.lockWrite) !== 0) held.add(location);
    if ((classes & EV.unlock) !== 0 && !held.delete(location)) yield 'unmatched-unlock';
  }
  const mixed = trace.events.some(
    ({ classes, location }) => (classes & LOCK_EVENTS) === 0 && locks.has(location),
  );
  if (mixed) yield 'mixed-lock-accesses';
}

/** Events that end a compiler's region: what `barrier` of linux-kernel.cat takes fencerel of. */
function isBarrierBetween(placed: PlacedTrace, a: number, b: number): boolean {
  const { trace } = placed;
  const compilerBarriers = EV.rcuLock | EV.rcuUnlock | EV.rcuSync;
  const srcu = EV.srcuLock | EV.srcuUnlock | EV.srcuSync;
  for (let i = a; i <= b; i++) {
    const classes = trace.events[i]?.classes ?? 0;
    if (i > a && i < b && (classes & (compilerBarriers | srcu)) !== 0) return true;
    if (i > a && (classes & EV.release) !== 0) return true;
    if (i < b && (classes & EV.acquire) !== 0) return true;
  }
  return trace.fences.some(
    ({ kind, before }) =>
      a < before &&
      before <= b &&
      kind !== 'after-spinlock' &&
      kind !== 'after-unlock-lock' &&
      kind !== 'after-atomic',
  );
}

/** A plain write and a marked access of the same location with no barrier between. */
function hasMixedAccesses(placed: PlacedTrace): boolean {
  const { events } = placed.trace;
  return events.some((a, i) =>
    events.some((b, j) => {
      if (j <= i || a.location !== b.location || a.location < 0) return false;
      const plainWrite = EV.plain | EV.write;
      const writesPlain = [a, b].some((e) => (e.classes & plainWrite) === plainWrite);
      const marked = [a, b].some((e) => (e.classes & EV.plain) === 0);
      return writesPlain && marked && !isBarrierBetween(placed, i, j);
    }),
  );
}

/** Flags of an allowed execution; those in `known` are not computed again. `axioms` holds its placed. */
export function* flagsOf(
  candidate: Candidate,
  axioms: Axioms,
  known: ReadonlySet<string>,
): Generator<string> {
  for (const placed of candidate.threads) yield* flagsOfTrace(placed);
  if (axioms.hasPlain && !known.has('data-race') && findDataRace(candidate, axioms) !== null) {
    yield 'data-race';
  }
}
