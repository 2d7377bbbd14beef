/** Writes: where in the coherence order a write may stand, and what it carries to its readers. */

import { CHOOSE_WRITE } from '../memory/model.js';
import { teach } from './knowledge.js';
import type { Location, Message } from './location.js';
import type { Processor } from './processor.js';
import { joinEvent, joinEvents } from './read.js';
import { ADMITTED, admit, REFUSED } from './retro.js';
import { EMPTY, flatGet, type FlatView } from './sparse-view.js';
import type { MachineState } from './state.js';
import { AFTER_ALL, HAS_VIEW, IS_USED, IS_WRITE, WRITES_ONLY } from './window.js';

/** A write by choice: anywhere behind what the CPU has to respect. */
export function write(
  s: MachineState,
  p: Processor,
  id: number,
  value: number,
  release: boolean,
): Message {
  const m = beginWrite(s, p, id, value, release, 0);
  const location = s.locations[id] as Location;
  if (s.options.exact && p.control.length > 0) joinEvents(s, p, p.control);
  const bound = writeBound(s, p, id);
  if (location.last.position > bound && placeBefore(s, p, location, m, bound, release)) return m;
  location.append(m);
  commitWrite(s, p, m, release ? AFTER_ALL : 0);
  return m;
}

/**
 * The write half of a read-modify-write: directly behind the message it took.
 *
 * @param depends event number of the read if the value written is computed from it, else 0
 */
export function writeBehind(
  s: MachineState,
  p: Processor,
  id: number,
  value: number,
  release: boolean,
  source: Message,
  depends: number,
): Message {
  const m = beginWrite(s, p, id, value, release, depends);
  const location = s.locations[id] as Location;
  if (s.options.exact && p.control.length > 0) joinEvents(s, p, p.control);
  source.taken = true;
  if (source === location.last) location.append(m);
  else location.insert(m, location.indexOf(source));
  commitWrite(s, p, m, release ? AFTER_ALL : 0);
  return m;
}

/** Start the summary of a write, and fill in what its message carries whatever its place. */
function beginWrite(
  s: MachineState,
  p: Processor,
  id: number,
  value: number,
  release: boolean,
  depends: number,
): Message {
  const m = s.pool.take();
  m.value = value | 0;
  m.x = id;
  m.writer = p.cpu;
  m.index = ++p.writes;
  s.summary.clear();
  s.summaryGt = p.gtW;
  p.event++;
  joinDependencies(s, p, m, depends);
  if (p.window.count > 0) joinWindow(s, p, id, release);
  if (release) carryAll(s, p, m);
  else {
    m.view = p.carried.snapshot();
    m.gs = Math.max(p.gs, p.carried.gs);
  }
  teach(p, m);
  return m;
}

/** What the write's address and data depended on: for its own summary, and for the CPU's own read of the message. */
function joinDependencies(s: MachineState, p: Processor, m: Message, depends: number): void {
  m.dependencyGt = 0;
  m.dependency = EMPTY;
  if (p.address.length === 0 && p.data.length === 0 && depends === 0) return;
  s.summaryGt = 0;
  joinEvents(s, p, p.address);
  joinEvents(s, p, p.data);
  if (depends !== 0) joinEvent(s, p, depends);
  m.dependency = s.summary.snapshot();
  m.dependencyGt = s.summaryGt;
  s.joinTime(p.gtW);
}

/** A write comes after the CPU's earlier accesses of the word; a release after all of them. */
function joinWindow(s: MachineState, p: Processor, id: number, release: boolean): void {
  const w = p.window;
  if (!release && (w.at[id] === 0 || !s.options.sameLocation)) return; // V-6
  for (let i = 0; i < w.count; i++) {
    const e = w.entry(i);
    if (!release && e.x !== id) continue;
    e.flags |= IS_USED;
    // What a release is ordered after stays where it is: its entry refers to all older ones.
    if (release) s.joinTime(e.gt);
    else s.joinEntry(p, e);
  }
}

/** A release is cumulative: it carries what the CPU wrote and what it read from others, which is its own from then on. */
function carryAll(s: MachineState, p: Processor, m: Message): void {
  if (s.options.releaseReads) {
    // V-8
    p.own.joinView(p.read);
    p.read.clear();
  }
  m.gs = Math.max(p.gs, p.own.gs);
  m.view = p.own.snapshot();
}

/** Position that a write to a location must stand behind. */
function writeBound(s: MachineState, p: Processor, id: number): number {
  const bound = Math.max(p.coh[id] as number, p.curW[id] as number, s.global.at(id, s.summaryGt));
  return s.summary.n > 0 ? Math.max(bound, s.summary.get(id)) : bound;
}

/** Choose a gap before the newest message; false if the choice, or the retro rule, says the end. */
function placeBefore(
  s: MachineState,
  p: Processor,
  location: Location,
  m: Message,
  atLeast: number,
  release: boolean,
): boolean {
  let bound = atLeast;
  if (release) {
    for (let i = 0; i < p.window.count; i++) s.joinEntry(p, p.window.entry(i));
    bound = Math.max(bound, s.summary.get(m.x));
  }
  const gaps = countGaps(s, location, bound);
  if (gaps === 0) return false;
  // What binds all later writes is in the bound already; the retro rule looks at the summary.
  s.summary.joinView(p.writeOnly);
  for (let pick = s.choices.choose(gaps + 1, CHOOSE_WRITE); pick > 0; pick--) {
    const at = gapAt(s, location, pick);
    const access = { x: m.x, position: location.middle(at), hasView: true, view: m.view };
    const admitted = admit(s, p, access, null);
    if (admitted === REFUSED) continue;
    location.insert(m, at);
    commitWrite(s, p, m, (admitted === ADMITTED ? IS_USED : 0) | (release ? AFTER_ALL : 0));
    return true;
  }
  return false;
}

/** How many gaps before the newest message a write behind `bound` may go to. */
function countGaps(s: MachineState, location: Location, bound: number): number {
  let gaps = 0;
  for (let i = location.n - 2; i >= 0; i--) {
    if (location.at(i).position < bound) break;
    if (isOpen(s, location, i)) gaps++;
  }
  return gaps;
}

/** Index of the message before the `nth` open gap from the newest, counted from 1. */
function gapAt(s: MachineState, location: Location, nth: number): number {
  let at = location.n - 1;
  for (let left = nth; left > 0;) {
    at--;
    if (isOpen(s, location, at)) left--;
  }
  return at;
}

/** Nothing comes between a read-modify-write and what it took, nor where no position is left. */
function isOpen(s: MachineState, location: Location, at: number): boolean {
  return !(location.at(at).taken && s.options.rmwGap) && location.hasRoom(at); // V-11
}

/** Complete the summary with the write's own view, publish the message and remember the write. */
function commitWrite(s: MachineState, p: Processor, m: Message, flags: number): void {
  const id = m.x;
  s.joinTime(m.gs);
  m.gt = s.summaryGt;
  p.coh[id] = m.position;
  p.own.raise(id, m.position);
  const w = p.window;
  const writesOnly = s.summary.n === 0;
  const extra = writesOnly ? p.writeOnly.snapshot() : writeSummary(s, p);
  if (w.count >= s.options.windowCap) {
    p.bindEntry(w.entry(0));
    w.shift();
  }
  const e = w.push(id);
  e.flags = IS_WRITE | HAS_VIEW | (writesOnly ? WRITES_ONLY : 0) | flags;
  e.position = m.position;
  e.gt = m.gt;
  e.view = m.view;
  e.viewGs = m.gs;
  e.extra = extra;
  e.index = m.index;
  e.event = p.event;
  e.knowledge = p.knowledge;
  e.value = m.value;
}

/** What the summary of a write adds to what binds everything later; what binds writes only is part of it. */
function writeSummary(s: MachineState, p: Processor): FlatView {
  s.summary.joinView(p.writeOnly);
  return s.relativeSummary(p);
}

/** Highest position of a location that a CPU knows of in any way. */
export function highestKnown(s: MachineState, p: Processor, id: number): number {
  const w = p.window;
  let time = Math.max(p.gtR, p.gtW);
  let position = Math.max(p.coh[id] as number, p.curR[id] as number, p.curW[id] as number);
  for (const view of [p.readOnly, p.writeOnly, p.own, p.read, p.carried]) {
    position = Math.max(position, view.get(id));
    time = Math.max(time, view.gs);
  }
  for (let i = 0; i < w.count; i++) {
    const e = w.entry(i);
    time = Math.max(time, e.gt, e.viewGs);
    position = Math.max(position, w.summaryAt(e, id), flatGet(e.view, id));
  }
  return Math.max(position, s.global.at(id, time));
}
