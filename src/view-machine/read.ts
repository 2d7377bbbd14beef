/** Reads: which messages a CPU may read, and what a read tells about what comes after it. */

import { CHOOSE_READ, LOAD_ACQUIRE, LOAD_DEPENDENT, LOAD_ONCE } from '../memory/model.js';
import { learn } from './knowledge.js';
import { type Location, type Message, NOBODY } from './location.js';
import type { Processor } from './processor.js';
import { ADMITTED, admit, REFUSED, UNRELATED } from './retro.js';
import { EMPTY } from './sparse-view.js';
import type { MachineState } from './state.js';
import {
  type Entry,
  HAS_VIEW,
  IS_READ,
  IS_USED,
  IS_WRITE,
  MAY_POINT,
  NO_RETURN,
} from './window.js';

/** The order of a read that belongs to an atomic without a return value. */
export const LOAD_NO_RETURN = 4;

/** Read a location: any message that the rules allow, by choice. */
export function read(s: MachineState, p: Processor, id: number, order: number): Message {
  const location = s.locations[id] as Location;
  const bound = beginRead(s, p, id, location);
  const last = location.last;
  if (last.position > bound) {
    const n = location.countFrom(bound);
    for (let back = n > 1 ? s.choices.choose(n, CHOOSE_READ) : 0; back > 0; back--) {
      const m = location.at(location.n - 1 - back);
      if (takeStale(s, p, id, m, order)) return m;
      beginRead(s, p, id, location);
    }
  }
  takeNewest(s, p, id, last, order);
  return last;
}

/**
 * Whether a read of the newest message would tell nothing and bind nothing: the CPU has accessed that message before, what
 * it brought binds everything later by now, and it overtakes none of the accesses that are still in the window.
 */
export function isNoNews(p: Processor, id: number, m: Message): boolean {
  const w = p.window;
  if (p.coh[id] !== m.position || w.at[id] !== 0 || !bringsNothing(p)) return false;
  if (w.count === 0 || m.writer === p.cpu || m.writer === NOBODY) return true;
  return m.gs <= p.gs && (m.view.length === 0 || !mayOvertake(p, m));
}

/** Whether nothing that a CPU has learnt binds its reads alone: a read of what it knows then has nothing to hand on. */
export function bringsNothing(p: Processor): boolean {
  return p.window.pointers === 0 && p.readOnly.n === 0 && p.gtR <= p.gtW && p.address.length === 0;
}

/** Read one particular message, which must be the newest one or be known to need no retro rule. */
export function readMessage(
  s: MachineState,
  p: Processor,
  id: number,
  m: Message,
  order: number,
): void {
  beginSummary(s, p, (s.locations[id] as Location).addr);
  takeNewest(s, p, id, m, order);
}

/** Start the summary of a read and return the position below which it may not read. */
export function beginRead(s: MachineState, p: Processor, id: number, location: Location): number {
  beginSummary(s, p, location.addr);
  const bound = Math.max(p.coh[id] as number, p.curR[id] as number, s.global.at(id, s.summaryGt));
  return s.summary.n > 0 ? Math.max(bound, s.summary.get(id)) : bound;
}

/** What binds a read of a word besides the message that it reads. */
function beginSummary(s: MachineState, p: Processor, addr: number): void {
  const h = s.summary;
  h.clear();
  s.summaryGt = p.gtR;
  if (s.options.readOnlyPart && p.readOnly.n > 0) h.joinView(p.readOnly); // V-4
  if (p.address.length > 0) joinEvents(s, p, p.address);
  if (p.window.pointers > 0) joinPointers(s, p, addr);
}

/** Join the summaries of own reads, given by event number, and mark them used. Those not in the window bind anyway. */
export function joinEvents(s: MachineState, p: Processor, events: readonly number[]): void {
  const w = p.window;
  for (let i = 0; i < w.count; i++) {
    const e = w.entry(i);
    if (events.includes(e.event)) joinUsed(s, p, e);
  }
}

/** As {@link joinEvents} for one read, which is among the latest. */
export function joinEvent(s: MachineState, p: Processor, event: number): void {
  const w = p.window;
  for (let i = w.count - 1; i >= 0; i--) {
    const e = w.entry(i);
    if (e.event > event) continue;
    if (e.event === event) joinUsed(s, p, e);
    return;
  }
}

/** Join the summaries of marked reads whose value may be the pointer that `addr` was computed from. */
function joinPointers(s: MachineState, p: Processor, addr: number): void {
  const w = p.window;
  for (let i = 0; i < w.count; i++) {
    const e = w.entry(i);
    if ((e.flags & MAY_POINT) === 0) continue;
    const distance = addr - e.value;
    if (distance >= 0 && distance < s.options.pointerSpan) joinUsed(s, p, e);
  }
}

function takeNewest(s: MachineState, p: Processor, id: number, m: Message, order: number): void {
  const external = m.writer !== NOBODY && m.writer !== p.cpu;
  joinRead(s, p, m, external);
  commitRead(s, p, id, m, order, external, UNRELATED);
}

/** Try to read a message that is not the newest, after {@link beginRead}; false if the retro rule refuses. */
export function takeStale(
  s: MachineState,
  p: Processor,
  id: number,
  m: Message,
  order: number,
): boolean {
  const external = m.writer !== NOBODY && m.writer !== p.cpu;
  joinRead(s, p, m, external);
  // What happens before this read only because of what it reads may already forbid reading that.
  if (Math.max(s.summary.get(id), s.global.at(id, s.summaryGt)) > m.position) return false;
  const access = { x: id, position: m.position, hasView: external, view: m.view };
  const admitted = admit(s, p, access, external ? m : null);
  if (admitted === REFUSED) return false;
  commitRead(s, p, id, m, order, external, admitted);
  return true;
}

/** Complete the summary of a read with what the message brings, its own view excluded. */
function joinRead(s: MachineState, p: Processor, m: Message, external: boolean): void {
  if (external) {
    s.joinTime(m.gt);
    if (p.window.count === 0) return;
    if (s.options.propInt) joinOvertaken(s, p, m); // V-2
    if (s.options.returnEdge && (m.known[p.cpu] as number) > p.writesAtFence)
      // V-3
      joinOwnWrites(s, p, m);
  } else if (m.writer === p.cpu && s.options.depRfi) {
    // V-5
    joinDependency(s, p, m);
  }
}

/** A read of an own write comes after what that depended on: conservatively, on everything that binds writes by now. */
function joinDependency(s: MachineState, p: Processor, m: Message): void {
  if (s.options.exact) {
    if (m.dependency.length > 0) s.summary.joinFlat(m.dependency);
    s.joinTime(m.dependencyGt);
  } else {
    if (p.writeOnly.n > 0) s.summary.joinView(p.writeOnly);
    s.joinTime(p.gtW);
  }
}

/** An own access that a write propagated before `m` has overtaken happens before the read of `m`. */
function joinOvertaken(s: MachineState, p: Processor, m: Message): void {
  if (m.gs > p.gs) joinPublishedOver(s, p, m.gs);
  const { at } = p.window;
  if (at[m.x] !== 0) joinBelow(s, p, m.x, m.position);
  const { view } = m;
  for (let i = 0; i < view.length; i += 2) {
    const x = view[i] as number;
    if (at[x] !== 0) joinBelow(s, p, x, view[i + 1] as number);
  }
}

/** Join the summaries of accesses that the global view of a fence lies above. */
function joinPublishedOver(s: MachineState, p: Processor, time: number): void {
  const w = p.window;
  for (let i = 0; i < w.count; i++) {
    const e = w.entry(i);
    if (s.global.at(e.x, time) > e.position) joinUsed(s, p, e);
  }
}

/** Join the summaries of accesses of a location below a position. */
function joinBelow(s: MachineState, p: Processor, x: number, position: number): void {
  const w = p.window;
  for (let i = 0; i < w.count; i++) {
    const e = w.entry(i);
    if (e.x === x && e.position < position) joinUsed(s, p, e);
  }
}

function joinUsed(s: MachineState, p: Processor, e: Entry): void {
  e.flags |= IS_USED;
  s.joinEntry(p, e);
}

function mayOvertake(p: Processor, m: Message): boolean {
  const { at } = p.window;
  if (at[m.x] !== 0) return true;
  const view = m.view;
  for (let i = 0; i < view.length; i += 2) if (at[view[i] as number] !== 0) return true;
  return false;
}

/** Own writes that happen before `m` happen before its read here, whatever way that went. */
function joinOwnWrites(s: MachineState, p: Processor, m: Message): void {
  const w = p.window;
  for (let i = 0; i < w.count; i++) {
    const e = w.entry(i);
    if ((e.flags & IS_WRITE) !== 0 && e.index <= (m.known[p.cpu] as number)) joinUsed(s, p, e);
  }
}

function commitRead(
  s: MachineState,
  p: Processor,
  id: number,
  m: Message,
  order: number,
  external: boolean,
  admitted: number,
): void {
  const again = p.coh[id] === m.position;
  p.coh[id] = m.position;
  p.event++;
  const exact = s.options.exact;
  const acquire = order === LOAD_ACQUIRE || (order === LOAD_DEPENDENT && !exact);
  // What was read before was taken in then, and bound what a plain read binds.
  if (external && (acquire || !again)) takeIn(s, p, m, acquire ? ALL : exact ? NOTHING : WRITES);
  if (acquire) {
    bindAll(s, p);
  } else {
    let flags =
      (order === LOAD_NO_RETURN ? IS_READ | NO_RETURN : IS_READ) |
      (admitted === ADMITTED ? IS_USED : 0);
    if (external) flags |= HAS_VIEW;
    if (order === LOAD_ONCE && mayPoint(s, m.value)) flags |= MAY_POINT;
    if (!exact) {
      bindWrites(s, p);
      flags |= IS_USED;
    }
    addRead(s, p, id, m, flags);
  }
}

// What a read binds.
const NOTHING = 0;
const WRITES = 1;
const ALL = 2;

/** Take in what a message of another CPU knows, and bind later accesses to it: the message itself and its view. */
function takeIn(s: MachineState, p: Processor, m: Message, binds: number): void {
  takeInOne(s, p, m.x, m.position, binds);
  const { view } = m;
  for (let i = 0; i < view.length; i += 2) {
    takeInOne(s, p, view[i] as number, view[i + 1] as number, binds);
  }
  if (m.gs > p.read.gs) p.read.gs = m.gs;
  learn(p, m);
}

/** What this CPU's last strong fence did binds everything, and all that it writes carries it. */
function takeInOne(
  s: MachineState,
  p: Processor,
  x: number,
  position: number,
  binds: number,
): void {
  if (s.global.at(x, p.gs) >= position) return;
  p.read.raise(x, position);
  if (binds === ALL) p.bind(x, position);
  else if (binds === WRITES) bindWrite(p, x, position);
}

/** Whether a value can be the address of an object, in a machine that recognises pointers by value. */
function mayPoint(s: MachineState, value: number): boolean {
  return s.options.pointerSpan > 0 && value > 0 && value < s.options.words;
}

/** An acquire: all later accesses are bound to the summary, so what bound reads only is in both now. */
function bindAll(s: MachineState, p: Processor): void {
  const h = s.summary;
  for (let i = 0; i < h.n; i++) {
    const x = h.xs[i] as number;
    p.bind(x, h.get(x));
  }
  p.bindTime(s.summaryGt);
  p.readOnly.clear();
}

/** Conservative dependencies: every later write is bound to the summary. */
function bindWrites(s: MachineState, p: Processor): void {
  const h = s.summary;
  for (let i = 0; i < h.n; i++) {
    const x = h.xs[i] as number;
    bindWrite(p, x, h.get(x));
  }
  if (p.gtW < s.summaryGt) p.gtW = s.summaryGt;
}

/** Bind all later writes to a position. */
export function bindWrite(p: Processor, x: number, position: number): void {
  if ((p.curW[x] as number) >= position) return;
  p.curW[x] = position;
  p.writeOnly.raise(x, position);
}

/** Bind all later reads to a position. */
export function bindRead(p: Processor, x: number, position: number): void {
  if ((p.curR[x] as number) >= position) return;
  p.curR[x] = position;
  p.readOnly.raise(x, position);
}

/** Put a read into the window, unless what it knows binds everything later anyway. */
function addRead(s: MachineState, p: Processor, id: number, m: Message, flags: number): void {
  const extra = s.relativeSummary(p);
  const bound = s.summaryGt <= Math.min(p.gtR, p.gtW) && extra.length === 0;
  if (bound && ((flags & HAS_VIEW) === 0 || isBoundToMessage(s, p, id, m))) return;
  const w = p.window;
  if (w.count >= s.options.windowCap) {
    p.bindEntry(w.entry(0));
    w.shift();
  }
  const hasView = (flags & HAS_VIEW) !== 0;
  const e = w.push(id);
  e.flags = flags;
  if ((flags & MAY_POINT) !== 0) w.pointers++;
  e.position = m.position;
  e.gt = s.summaryGt;
  e.view = hasView ? m.view : EMPTY;
  e.viewGs = hasView ? m.gs : 0;
  e.extra = extra;
  e.index = 0;
  e.event = p.event;
  e.knowledge = p.knowledge;
  e.value = m.value;
}

function isBoundToMessage(s: MachineState, p: Processor, id: number, m: Message): boolean {
  return p.isBound(id, m.position, s.global) && s.isBoundTo(p, m.view);
}
