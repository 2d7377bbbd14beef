/** Pruning: what keeps a long run small. Everything here only hides behaviours, it never adds one. */

import { strongFence } from './fences.js';
import type { Location, Message } from './location.js';
import type { Processor } from './processor.js';
import type { MachineState } from './state.js';

/** Messages a location may keep before pruning is tried again, above what the last attempt left. */
const SLACK = 4;
/** Published positions a location keeps before older ones are dropped. */
const PUBLISHED = 16;

/** Execute a spontaneous strong fence when the views of a CPU have grown to their cap. It is always allowed. */
export function relieve(s: MachineState, p: Processor): void {
  const cap = s.options.viewCap;
  if (p.own.n >= cap || p.read.n >= cap || p.readOnly.n >= cap || p.writeOnly.n >= cap) {
    strongFence(s, p);
  }
}

/** Drop the messages of a location that no CPU can read or insert before any more, if it keeps many. */
export function prune(s: MachineState, location: Location, id: number): void {
  if (location.messages.length < location.pruneAt) return;
  dropMessages(s, location, id);
  if (location.messages.length > 2 * s.options.maxHistory) {
    for (const p of s.processors) strongFence(s, p);
    for (const p of s.processors) strongFence(s, p);
    dropMessages(s, location, id);
  }
  location.pruneAt = location.messages.length + SLACK;
}

function dropMessages(s: MachineState, location: Location, id: number): void {
  const floor = floorOf(s, location, id);
  const { messages } = location;
  let keep = messages.length - 1;
  while (keep > 0 && (messages[keep] as Message).position > floor) keep--;
  for (let i = 0; i < keep; i++) s.release(messages[i] as Message);
  if (keep > 0) messages.splice(0, keep);
}

/** Position below which no CPU can read or write. */
function floorOf(s: MachineState, location: Location, id: number): number {
  let floor = Infinity;
  for (const p of s.processors) {
    const bound = Math.max(
      p.coh[id] as number,
      Math.min(p.curR[id] as number, p.curW[id] as number),
      location.globalAt(Math.min(p.gtR, p.gtW)),
    );
    floor = Math.min(floor, bound);
  }
  return floor;
}

/** Drop published positions that no CPU can ask for any more. */
export function forgetPublished(s: MachineState, location: Location): void {
  if (location.fences.length <= PUBLISHED) return;
  let oldest = Infinity;
  for (const p of s.processors) oldest = Math.min(oldest, p.gtR, p.gtW);
  dropPublished(location, oldest);
  if (location.fences.length <= PUBLISHED) return;
  for (const p of s.processors) strongFence(s, p);
  dropPublished(location, s.time - s.processors.length + 1);
}

function dropPublished(location: Location, oldest: number): void {
  const { fences } = location;
  let keep = 0;
  while (keep + 1 < fences.length && (fences[keep + 1] as number) <= oldest) keep++;
  if (keep === 0) return;
  fences.splice(0, keep);
  location.published.splice(0, keep);
}
