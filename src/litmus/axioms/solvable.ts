/** Values that rest on themselves: an execution whose values cannot be computed one after the other has a solution only if they
 * are copies of one another, and then any value would do. */
import { FREE_VALUE } from '../syntax/values.js';
import type { Candidate } from './candidate.js';
import { EV, type Trace } from './event.js';

/** Could a value go round in some execution: from a read to a write elsewhere that is computed from it, and on? At one location
 * coherence forbids that. */
export function mayGoRound(traces: readonly (readonly Trace[])[]): boolean {
  const next = new Map<number, Set<number>>();
  for (const { events } of traces.flat()) {
    for (const { classes, location, needs } of events) {
      if ((classes & EV.write) === 0) continue;
      for (const read of needs ?? []) {
        const from = events[read]?.location ?? location;
        if (from === location) continue;
        const targets = next.get(from) ?? new Set();
        next.set(from, targets.add(location));
      }
    }
  }
  // What is on no circle loses its last target, step by step.
  for (let before = -1; before !== next.size;) {
    before = next.size;
    for (const [from, targets] of next) {
      for (const target of targets) if (!next.has(target)) targets.delete(target);
      if (targets.size === 0) next.delete(from);
    }
  }
  return next.size > 0;
}

/** Does every value of a complete candidate come from somewhere? One that does not has to be the free value. */
export function isSolvable(candidate: Candidate): boolean {
  const open = new Set(candidate.placed());
  for (let before = -1; before !== open.size;) {
    before = open.size;
    for (const e of open) if (isKnown(candidate, e, open)) open.delete(e);
  }
  for (const e of open) if (candidate.value[e] !== FREE_VALUE) return false;
  return true;
}

function isKnown(candidate: Candidate, event: number, open: ReadonlySet<number>): boolean {
  const { needs } = candidate.event(event);
  if (needs !== null) {
    const first = candidate.offsets[candidate.threadOf[event] ?? 0] ?? 0;
    if (needs.every((read) => !open.has(first + read))) return true;
  }
  if (!candidate.is(event, EV.read)) return needs === null;
  return !open.has(candidate.sourceOf(event));
}
