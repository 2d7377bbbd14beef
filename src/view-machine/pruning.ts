/** Pruning: what keeps a long run small. Everything here only hides behaviours, it never adds one. */

import { strongFence } from './fences.js';
import type { Location } from './location.js';
import type { Processor } from './processor.js';
import type { MachineState } from './state.js';

/** What a location may gain, above what the last attempt left, before pruning is tried again. */
const SLACK = 6;
/** Published positions a location keeps before all CPUs execute a spontaneous fence. */
const PUBLISHED = 32;

/** Execute a spontaneous strong fence when the views of a CPU have grown to their cap. It is always allowed. */
export function relieve(s: MachineState, p: Processor): void {
  if (p.isCrowded(s.options.viewCap)) strongFence(s, p);
}

/** Drop the messages of a location that no CPU can read or insert before any more, if it keeps many. */
export function prune(s: MachineState, location: Location, id: number): void {
  if (location.n < location.pruneAt) return;
  dropMessages(s, location, id);
  if (location.n >= 2 * s.options.maxHistory) {
    for (const p of s.processors) strongFence(s, p);
    for (const p of s.processors) strongFence(s, p);
    dropMessages(s, location, id);
  }
  location.pruneAt = Math.min(
    location.n + SLACK,
    Math.max(2 * s.options.maxHistory, location.n + 1),
  );
}

function dropMessages(s: MachineState, location: Location, id: number): void {
  const floor = floorOf(s, id);
  let keep = location.n - 1;
  while (keep > 0 && location.at(keep).position > floor) keep--;
  if (keep > 0) location.drop(keep, s.pool);
}

/** Position below which no CPU can read or write. */
function floorOf(s: MachineState, id: number): number {
  let floor = Infinity;
  for (const p of s.processors) {
    const bound = Math.max(
      p.coh[id] as number,
      Math.min(p.curR[id] as number, p.curW[id] as number),
      s.global.at(id, Math.min(p.gtR, p.gtW)),
    );
    floor = Math.min(floor, bound);
  }
  return floor;
}

/** Drop published positions that no CPU can ask for any more, if a location keeps many. */
export function forgetPublished(s: MachineState, id: number): void {
  if (!s.global.isForgetDue(id)) return;
  let oldest = Infinity;
  for (const p of s.processors) oldest = Math.min(oldest, p.gtR, p.gtW);
  s.global.forget(id, oldest);
  if (s.global.count(id) > PUBLISHED) {
    for (const p of s.processors) strongFence(s, p);
    s.global.forget(id, s.time - s.processors.length + 1);
  }
  s.global.postponeForget(id, SLACK);
}
