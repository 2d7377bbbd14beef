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
  machine: MachineState,
  cpu: Processor,
  id: number,
  value: number,
  release: boolean,
): Message {
  const message = beginWrite(machine, cpu, id, value, release, 0);
  const location = machine.locations[id] as Location;
  if (machine.options.exact && cpu.control.length > 0) joinEvents(machine, cpu, cpu.control);
  const bound = writeBound(machine, cpu, id);
  if (
    location.last.position > bound &&
    placeBefore(machine, cpu, location, message, bound, release)
  )
    return message;
  location.append(message);
  commitWrite(machine, cpu, message, release ? AFTER_ALL : 0);
  return message;
}

/**
 * The write half of a read-modify-write: directly behind the message it took.
 *
 * @param depends event number of the read if the value written is computed from it, else 0
 */
export function writeBehind(
  machine: MachineState,
  cpu: Processor,
  source: Message,
  value: number,
  release: boolean,
  depends: number,
): Message {
  const id = source.location;
  const message = beginWrite(machine, cpu, id, value, release, depends);
  const location = machine.locations[id] as Location;
  if (machine.options.exact && cpu.control.length > 0) joinEvents(machine, cpu, cpu.control);
  source.taken = true;
  if (source === location.last) location.append(message);
  else location.insert(message, location.indexOf(source));
  commitWrite(machine, cpu, message, release ? AFTER_ALL : 0);
  return message;
}

/** Start the summary of a write, and fill in what its message carries whatever its place. */
function beginWrite(
  machine: MachineState,
  cpu: Processor,
  id: number,
  value: number,
  release: boolean,
  depends: number,
): Message {
  const message = machine.pool.take();
  message.value = value | 0;
  message.location = id;
  message.writer = cpu.id;
  message.index = ++cpu.writes;
  machine.summary.clear();
  machine.summaryTime = cpu.writeTime;
  cpu.event++;
  joinDependencies(machine, cpu, message, depends);
  if (cpu.window.count > 0) joinWindow(machine, cpu, id, release);
  if (release) carryAll(machine, cpu, message);
  else {
    message.view = cpu.carried.snapshot();
    message.fenceTime = Math.max(cpu.ownFenceTime, cpu.carried.fenceTime);
  }
  teach(cpu, message);
  return message;
}

/** What the write's address and data depended on: for its own summary, and for the CPU's own read of the message. */
function joinDependencies(
  machine: MachineState,
  cpu: Processor,
  message: Message,
  depends: number,
): void {
  message.dependencyTime = 0;
  message.dependency = EMPTY;
  if (cpu.address.length === 0 && cpu.data.length === 0 && depends === 0) return;
  machine.summaryTime = 0;
  joinEvents(machine, cpu, cpu.address);
  joinEvents(machine, cpu, cpu.data);
  if (depends !== 0) joinEvent(machine, cpu, depends);
  message.dependency = machine.summary.snapshot();
  message.dependencyTime = machine.summaryTime;
  machine.joinTime(cpu.writeTime);
}

/** A write comes after the CPU's earlier accesses of the word; a release after all of them. */
function joinWindow(machine: MachineState, cpu: Processor, id: number, release: boolean): void {
  const window = cpu.window;
  if (!release && (window.at[id] === 0 || !machine.options.sameLocation)) return; // V-6
  for (let i = 0; i < window.count; i++) {
    const entry = window.entry(i);
    if (!release && entry.location !== id) continue;
    entry.flags |= IS_USED;
    // The accesses that a release is ordered after stay where they are, since its entry refers to all older entries.
    if (release) machine.joinTime(entry.boundTime);
    else machine.joinEntry(cpu, entry);
  }
}

/**
 * A release is cumulative: it carries what the CPU wrote and what it read from others. From then on, what it read
 * counts as its own writes.
 */
function carryAll(machine: MachineState, cpu: Processor, message: Message): void {
  if (machine.options.releaseReads) {
    // V-8
    cpu.own.joinView(cpu.read);
    cpu.read.clear();
  }
  message.fenceTime = Math.max(cpu.ownFenceTime, cpu.own.fenceTime);
  message.view = cpu.own.snapshot();
}

/** Position that a write to a location must stand behind. */
function writeBound(machine: MachineState, cpu: Processor, id: number): number {
  const bound = Math.max(
    cpu.coherence[id] as number,
    cpu.writeBound[id] as number,
    machine.global.at(id, machine.summaryTime),
  );
  return machine.summary.count > 0 ? Math.max(bound, machine.summary.get(id)) : bound;
}

/** Choose a gap before the newest message; false if the choice, or the retro rule, says the end. */
function placeBefore(
  machine: MachineState,
  cpu: Processor,
  location: Location,
  message: Message,
  atLeast: number,
  release: boolean,
): boolean {
  let bound = atLeast;
  if (release) {
    for (let i = 0; i < cpu.window.count; i++) machine.joinEntry(cpu, cpu.window.entry(i));
    bound = Math.max(bound, machine.summary.get(message.location));
  }
  const gaps = countGaps(machine, location, bound);
  if (gaps === 0) return false;
  // The bound already contains what binds all later writes. The retro rule looks at the summary.
  machine.summary.joinView(cpu.writeOnly);
  for (let pick = machine.choices.choose(gaps + 1, CHOOSE_WRITE); pick > 0; pick--) {
    const at = gapAt(machine, location, pick);
    const access = {
      location: message.location,
      position: location.middle(at),
      hasView: true,
      view: message.view,
    };
    const admitted = admit(machine, cpu, access, null);
    if (admitted === REFUSED) continue;
    location.insert(message, at);
    commitWrite(
      machine,
      cpu,
      message,
      (admitted === ADMITTED ? IS_USED : 0) | (release ? AFTER_ALL : 0),
    );
    return true;
  }
  return false;
}

/** How many gaps before the newest message a write behind `bound` may go to. */
function countGaps(machine: MachineState, location: Location, bound: number): number {
  let gaps = 0;
  for (let i = location.count - 2; i >= 0; i--) {
    if (location.at(i).position < bound) break;
    if (isOpen(machine, location, i)) gaps++;
  }
  return gaps;
}

/** Index of the message before the `nth` open gap from the newest, counted from 1. */
function gapAt(machine: MachineState, location: Location, nth: number): number {
  let at = location.count - 1;
  for (let left = nth; left > 0;) {
    at--;
    if (isOpen(machine, location, at)) left--;
  }
  return at;
}

/**
 * Whether the gap behind a message is open. It is closed before a read-modify-write that took the message, and where no
 * position is left.
 */
function isOpen(machine: MachineState, location: Location, at: number): boolean {
  return !(location.at(at).taken && machine.options.rmwGap) && location.hasRoom(at); // V-11
}

/** Complete the summary with the write's own view, publish the message and remember the write. */
function commitWrite(machine: MachineState, cpu: Processor, message: Message, flags: number): void {
  const id = message.location;
  machine.joinTime(message.fenceTime);
  message.boundTime = machine.summaryTime;
  cpu.coherence[id] = message.position;
  cpu.own.raise(id, message.position);
  const window = cpu.window;
  const writesOnly = machine.summary.count === 0;
  const extra = writesOnly ? cpu.writeOnly.snapshot() : writeSummary(machine, cpu);
  if (window.count >= machine.options.windowCap) {
    cpu.bindEntry(window.entry(0));
    window.shift();
  }
  const entry = window.push(id);
  entry.flags = IS_WRITE | HAS_VIEW | (writesOnly ? WRITES_ONLY : 0) | flags;
  entry.position = message.position;
  entry.boundTime = message.boundTime;
  entry.view = message.view;
  entry.viewTime = message.fenceTime;
  entry.extra = extra;
  entry.index = message.index;
  entry.event = cpu.event;
  entry.knowledge = cpu.knowledge;
  entry.value = message.value;
}

/** What the summary of a write adds to what binds everything later; what binds writes only is part of it. */
function writeSummary(machine: MachineState, cpu: Processor): FlatView {
  machine.summary.joinView(cpu.writeOnly);
  return machine.relativeSummary(cpu);
}

/** Highest position of a location that a CPU knows about in any way. */
export function highestKnown(machine: MachineState, cpu: Processor, id: number): number {
  const window = cpu.window;
  let time = Math.max(cpu.readTime, cpu.writeTime);
  let position = Math.max(
    cpu.coherence[id] as number,
    cpu.readBound[id] as number,
    cpu.writeBound[id] as number,
  );
  for (const view of [cpu.readOnly, cpu.writeOnly, cpu.own, cpu.read, cpu.carried]) {
    position = Math.max(position, view.get(id));
    time = Math.max(time, view.fenceTime);
  }
  for (let i = 0; i < window.count; i++) {
    const entry = window.entry(i);
    time = Math.max(time, entry.boundTime, entry.viewTime);
    position = Math.max(position, window.summaryAt(entry, id), flatGet(entry.view, id));
  }
  return Math.max(position, machine.global.at(id, time));
}
