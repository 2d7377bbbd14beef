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
export function read(machine: MachineState, cpu: Processor, id: number, order: number): Message {
  const location = machine.locations[id] as Location;
  const bound = beginRead(machine, cpu, id, location);
  const last = location.last;
  if (last.position > bound) {
    const count = location.countFrom(bound);
    for (let back = count > 1 ? machine.choices.choose(count, CHOOSE_READ) : 0; back > 0; back--) {
      const message = location.at(location.count - 1 - back);
      if (takeStale(machine, cpu, id, message, order)) return message;
      beginRead(machine, cpu, id, location);
    }
  }
  takeNewest(machine, cpu, last, order);
  return last;
}

/**
 * Whether a read of the newest message changes nothing: the CPU has accessed that message before, all that came with
 * it binds everything later by now, and the read overtakes no access that is still in the window.
 */
export function isNoNews(cpu: Processor, id: number, message: Message): boolean {
  const window = cpu.window;
  if (cpu.coherence[id] !== message.position || window.at[id] !== 0 || !bringsNothing(cpu))
    return false;
  if (window.count === 0 || message.writer === cpu.id || message.writer === NOBODY) return true;
  return (
    message.fenceTime <= cpu.ownFenceTime &&
    (message.view.length === 0 || !mayOvertake(cpu, message))
  );
}

/** Whether nothing binds only the reads of a CPU: then a read of a message that it knows has nothing to hand on. */
export function bringsNothing(cpu: Processor): boolean {
  return (
    cpu.window.pointers === 0 &&
    cpu.readOnly.count === 0 &&
    cpu.readTime <= cpu.writeTime &&
    cpu.address.length === 0
  );
}

/** Read one particular message, which must be the newest one or be known to need no retro rule. */
export function readMessage(
  machine: MachineState,
  cpu: Processor,
  id: number,
  message: Message,
  order: number,
): void {
  beginSummary(machine, cpu, (machine.locations[id] as Location).addr);
  takeNewest(machine, cpu, message, order);
}

/** Start the summary of a read and return the position below which it may not read. */
export function beginRead(
  machine: MachineState,
  cpu: Processor,
  id: number,
  location: Location,
): number {
  beginSummary(machine, cpu, location.addr);
  const bound = Math.max(
    cpu.coherence[id] as number,
    cpu.readBound[id] as number,
    machine.global.at(id, machine.summaryTime),
  );
  return machine.summary.count > 0 ? Math.max(bound, machine.summary.get(id)) : bound;
}

/** What binds a read of a word besides the message that it reads. */
function beginSummary(machine: MachineState, cpu: Processor, addr: number): void {
  const summary = machine.summary;
  summary.clear();
  machine.summaryTime = cpu.readTime;
  if (machine.options.readOnlyPart && cpu.readOnly.count > 0) summary.joinView(cpu.readOnly); // V-4
  if (cpu.address.length > 0) joinEvents(machine, cpu, cpu.address);
  if (cpu.window.pointers > 0) joinPointers(machine, cpu, addr);
}

/** Join the summaries of own reads, given by event number, and mark them used. Those not in the window bind anyway. */
export function joinEvents(machine: MachineState, cpu: Processor, events: readonly number[]): void {
  const window = cpu.window;
  for (let i = 0; i < window.count; i++) {
    const entry = window.entry(i);
    if (events.includes(entry.event)) joinUsed(machine, cpu, entry);
  }
}

/** As {@link joinEvents} for one read, which is among the latest. */
export function joinEvent(machine: MachineState, cpu: Processor, event: number): void {
  const window = cpu.window;
  for (let i = window.count - 1; i >= 0; i--) {
    const entry = window.entry(i);
    if (entry.event > event) continue;
    if (entry.event === event) joinUsed(machine, cpu, entry);
    return;
  }
}

/** Join the summaries of marked reads whose value may be the pointer that `addr` was computed from. */
function joinPointers(machine: MachineState, cpu: Processor, addr: number): void {
  const window = cpu.window;
  for (let i = 0; i < window.count; i++) {
    const entry = window.entry(i);
    if ((entry.flags & MAY_POINT) === 0) continue;
    const distance = addr - entry.value;
    if (distance >= 0 && distance < machine.options.pointerSpan) joinUsed(machine, cpu, entry);
  }
}

function takeNewest(machine: MachineState, cpu: Processor, message: Message, order: number): void {
  const external = message.writer !== NOBODY && message.writer !== cpu.id;
  joinRead(machine, cpu, message, external);
  commitRead(machine, cpu, message, order, external, UNRELATED);
}

/** Try to read a message that is not the newest, after {@link beginRead}; false if the retro rule refuses. */
export function takeStale(
  machine: MachineState,
  cpu: Processor,
  id: number,
  message: Message,
  order: number,
): boolean {
  const external = message.writer !== NOBODY && message.writer !== cpu.id;
  joinRead(machine, cpu, message, external);
  // The message may tell of something that forbids to read it.
  if (
    Math.max(machine.summary.get(id), machine.global.at(id, machine.summaryTime)) > message.position
  )
    return false;
  const access = {
    location: id,
    position: message.position,
    hasView: external,
    view: message.view,
  };
  const admitted = admit(machine, cpu, access, external ? message : null);
  if (admitted === REFUSED) return false;
  commitRead(machine, cpu, message, order, external, admitted);
  return true;
}

/** Complete the summary of a read with what the message brings, its own view excluded. */
function joinRead(
  machine: MachineState,
  cpu: Processor,
  message: Message,
  external: boolean,
): void {
  if (external) {
    machine.joinTime(message.boundTime);
    if (cpu.window.count === 0) return;
    if (machine.options.propInt) joinOvertaken(machine, cpu, message); // V-2
    if (machine.options.returnEdge && (message.known[cpu.id] as number) > cpu.writesAtFence)
      // V-3
      joinOwnWrites(machine, cpu, message);
  } else if (message.writer === cpu.id && machine.options.depRfi) {
    // V-5
    joinDependency(machine, cpu, message);
  }
}

/** A read of an own write comes after what that depended on: conservatively, on everything that binds writes by now. */
function joinDependency(machine: MachineState, cpu: Processor, message: Message): void {
  if (machine.options.exact) {
    if (message.dependency.length > 0) machine.summary.joinFlat(message.dependency);
    machine.joinTime(message.dependencyTime);
  } else {
    if (cpu.writeOnly.count > 0) machine.summary.joinView(cpu.writeOnly);
    machine.joinTime(cpu.writeTime);
  }
}

/** An own access that a write propagated before a message has overtaken happens before its read. */
function joinOvertaken(machine: MachineState, cpu: Processor, message: Message): void {
  if (message.fenceTime > cpu.ownFenceTime) joinPublishedOver(machine, cpu, message.fenceTime);
  const { at } = cpu.window;
  if (at[message.location] !== 0) joinBelow(machine, cpu, message.location, message.position);
  const { view } = message;
  for (let i = 0; i < view.length; i += 2) {
    const location = view[i] as number;
    if (at[location] !== 0) joinBelow(machine, cpu, location, view[i + 1] as number);
  }
}

/** Join the summaries of accesses that the global view of a fence lies above. */
function joinPublishedOver(machine: MachineState, cpu: Processor, time: number): void {
  const window = cpu.window;
  for (let i = 0; i < window.count; i++) {
    const entry = window.entry(i);
    if (machine.global.at(entry.location, time) > entry.position) joinUsed(machine, cpu, entry);
  }
}

/** Join the summaries of accesses of a location below a position. */
function joinBelow(
  machine: MachineState,
  cpu: Processor,
  location: number,
  position: number,
): void {
  const window = cpu.window;
  for (let i = 0; i < window.count; i++) {
    const entry = window.entry(i);
    if (entry.location === location && entry.position < position) joinUsed(machine, cpu, entry);
  }
}

function joinUsed(machine: MachineState, cpu: Processor, entry: Entry): void {
  entry.flags |= IS_USED;
  machine.joinEntry(cpu, entry);
}

function mayOvertake(cpu: Processor, message: Message): boolean {
  const { at } = cpu.window;
  if (at[message.location] !== 0) return true;
  const view = message.view;
  for (let i = 0; i < view.length; i += 2) if (at[view[i] as number] !== 0) return true;
  return false;
}

/** Own writes that happen before a message also happen before the read of it, whichever way the message's knowledge came. */
function joinOwnWrites(machine: MachineState, cpu: Processor, message: Message): void {
  const window = cpu.window;
  for (let i = 0; i < window.count; i++) {
    const entry = window.entry(i);
    if ((entry.flags & IS_WRITE) !== 0 && entry.index <= (message.known[cpu.id] as number))
      joinUsed(machine, cpu, entry);
  }
}

function commitRead(
  machine: MachineState,
  cpu: Processor,
  message: Message,
  order: number,
  external: boolean,
  admitted: number,
): void {
  const id = message.location;
  const again = cpu.coherence[id] === message.position;
  cpu.coherence[id] = message.position;
  cpu.event++;
  const exact = machine.options.exact;
  const acquire = order === LOAD_ACQUIRE || (order === LOAD_DEPENDENT && !exact);
  // What was read before was learnt then, and has bound what a plain read binds.
  if (external && (acquire || !again))
    takeIn(machine, cpu, message, acquire ? ALL : exact ? NOTHING : WRITES);
  if (acquire) {
    bindAll(machine, cpu);
  } else {
    let flags =
      (order === LOAD_NO_RETURN ? IS_READ | NO_RETURN : IS_READ) |
      (admitted === ADMITTED ? IS_USED : 0);
    if (external) flags |= HAS_VIEW;
    if (order === LOAD_ONCE && mayPoint(machine, message.value)) flags |= MAY_POINT;
    if (!exact) {
      bindWrites(machine, cpu);
      flags |= IS_USED;
    }
    addRead(machine, cpu, id, message, flags);
  }
}

// What a read binds.
const NOTHING = 0;
const WRITES = 1;
const ALL = 2;

/** Take in what a message of another CPU knows, and bind later accesses to it: the message itself and its view. */
function takeIn(machine: MachineState, cpu: Processor, message: Message, binds: number): void {
  takeInOne(machine, cpu, message.location, message.position, binds);
  const { view } = message;
  for (let i = 0; i < view.length; i += 2) {
    takeInOne(machine, cpu, view[i] as number, view[i + 1] as number, binds);
  }
  if (message.fenceTime > cpu.read.fenceTime) cpu.read.fenceTime = message.fenceTime;
  learn(cpu, message);
}

/** What this CPU's last strong fence published binds everything, and is carried by all its writes. */
function takeInOne(
  machine: MachineState,
  cpu: Processor,
  location: number,
  position: number,
  binds: number,
): void {
  if (machine.global.at(location, cpu.ownFenceTime) >= position) return;
  cpu.read.raise(location, position);
  if (binds === ALL) cpu.bind(location, position);
  else if (binds === WRITES) bindWrite(cpu, location, position);
}

/** Whether a value can be the address of an object, in a machine that recognises pointers by value. */
function mayPoint(machine: MachineState, value: number): boolean {
  return machine.options.pointerSpan > 0 && value > 0 && value < machine.options.words;
}

/** An acquire: all later accesses are bound to the summary, so what bound reads only is in both now. */
function bindAll(machine: MachineState, cpu: Processor): void {
  const summary = machine.summary;
  for (let i = 0; i < summary.count; i++) {
    const location = summary.locations[i] as number;
    cpu.bind(location, summary.get(location));
  }
  cpu.bindTime(machine.summaryTime);
  cpu.readOnly.clear();
}

/** Conservative dependencies: every later write is bound to the summary. */
function bindWrites(machine: MachineState, cpu: Processor): void {
  const summary = machine.summary;
  for (let i = 0; i < summary.count; i++) {
    const location = summary.locations[i] as number;
    bindWrite(cpu, location, summary.get(location));
  }
  if (cpu.writeTime < machine.summaryTime) cpu.writeTime = machine.summaryTime;
}

/** Bind all later writes to a position. */
export function bindWrite(cpu: Processor, location: number, position: number): void {
  if ((cpu.writeBound[location] as number) >= position) return;
  cpu.writeBound[location] = position;
  cpu.writeOnly.raise(location, position);
}

/** Bind all later reads to a position. */
export function bindRead(cpu: Processor, location: number, position: number): void {
  if ((cpu.readBound[location] as number) >= position) return;
  cpu.readBound[location] = position;
  cpu.readOnly.raise(location, position);
}

/** Put a read into the window, unless what it knows binds everything later anyway. */
function addRead(
  machine: MachineState,
  cpu: Processor,
  id: number,
  message: Message,
  flags: number,
): void {
  const extra = machine.relativeSummary(cpu);
  const bound = machine.summaryTime <= Math.min(cpu.readTime, cpu.writeTime) && extra.length === 0;
  if (bound && ((flags & HAS_VIEW) === 0 || isBoundToMessage(machine, cpu, id, message))) return;
  const window = cpu.window;
  if (window.count >= machine.options.windowCap) {
    cpu.bindEntry(window.entry(0));
    window.shift();
  }
  const hasView = (flags & HAS_VIEW) !== 0;
  const entry = window.push(id);
  entry.flags = flags;
  if ((flags & MAY_POINT) !== 0) window.pointers++;
  entry.position = message.position;
  entry.boundTime = machine.summaryTime;
  entry.view = hasView ? message.view : EMPTY;
  entry.viewTime = hasView ? message.fenceTime : 0;
  entry.extra = extra;
  entry.index = 0;
  entry.event = cpu.event;
  entry.knowledge = cpu.knowledge;
  entry.value = message.value;
}

function isBoundToMessage(
  machine: MachineState,
  cpu: Processor,
  id: number,
  message: Message,
): boolean {
  return cpu.isBound(id, message.position, machine.global) && machine.isBoundTo(cpu, message.view);
}
