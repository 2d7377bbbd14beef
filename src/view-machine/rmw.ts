/** Read-modify-write operations: which messages they may take, and their two halves. */

import {
  CHOOSE_READ,
  LOAD_ACQUIRE,
  LOAD_ONCE,
  RMW_ACQUIRE,
  RMW_ADD,
  RMW_ADD_UNLESS,
  RMW_AND,
  RMW_CMPXCHG,
  RMW_FULL,
  RMW_OR,
  RMW_RELEASE,
  RMW_VOID,
  RMW_XCHG,
  RMW_XOR,
} from '../memory/model.js';
import { strongFence } from './fences.js';
import type { Location, Message } from './location.js';
import type { Processor } from './processor.js';
import { beginRead, LOAD_NO_RETURN, readMessage, takeStale } from './read.js';
import type { MachineState } from './state.js';
import { highestKnown, writeBehind } from './write.js';

/** One read-modify-write: `RMW_*` operation and order, operand, and the value that decides success. */
export interface Rmw {
  readonly op: number;
  readonly operand: number;
  readonly expected: number;
  readonly order: number;
}

/** What a read-modify-write took and wrote; `written` is null when it failed. */
export interface RmwResult {
  readonly source: Message;
  readonly written: Message | null;
}

/** Execute a read-modify-write. A fully ordered one that succeeds still owes its trailing fence. */
export function readModifyWrite(
  machine: MachineState,
  cpu: Processor,
  id: number,
  rmw: Rmw,
): RmwResult {
  if (rmw.order === RMW_FULL) {
    const failed = failBeforeFence(machine, cpu, id, rmw);
    if (failed !== null) return { source: failed, written: null };
    strongFence(machine, cpu);
  }
  const source = choose(machine, cpu, id, rmw);
  if (!succeeds(rmw, source.value)) return { source, written: null };
  readMessage(machine, cpu, id, source, readOrder(rmw.order));
  const depends = isComputed(rmw.op) ? cpu.event : 0;
  const value = result(rmw, source.value);
  const release = rmw.order === RMW_RELEASE;
  const written = writeBehind(machine, cpu, source, value, release, depends);
  cpu.owesFence = rmw.order === RMW_FULL;
  return { source, written };
}

/** A conditional operation that fails is a relaxed read, without the fences of a successful one. */
function failBeforeFence(
  machine: MachineState,
  cpu: Processor,
  id: number,
  rmw: Rmw,
): Message | null {
  if (rmw.op !== RMW_CMPXCHG && rmw.op !== RMW_ADD_UNLESS) return null;
  const location = machine.locations[id] as Location;
  let canFail = false;
  for (let i = 0; i < location.count; i++) canFail ||= !succeeds(rmw, location.at(i).value);
  if (!canFail) return null;
  const source = choose(machine, cpu, id, rmw);
  return succeeds(rmw, source.value) ? null : source;
}

/** Choose the message to take. If the operation fails with it, its read has been done; otherwise the caller does it. */
function choose(machine: MachineState, cpu: Processor, id: number, rmw: Rmw): Message {
  const location = machine.locations[id] as Location;
  const list = candidates(machine, cpu, id, rmw, location);
  for (let i = list.length > 1 ? machine.choices.choose(list.length, CHOOSE_READ) : 0; i > 0; i--) {
    const message = list[i] as Message;
    if (succeeds(rmw, message.value)) return message;
    beginRead(machine, cpu, id, location);
    if (takeStale(machine, cpu, id, message, LOAD_ONCE)) return message;
  }
  const newest = location.last;
  if (!succeeds(rmw, newest.value)) readMessage(machine, cpu, id, newest, LOAD_ONCE);
  return newest;
}

/** Messages that may be taken, newest first. The newest may always be taken. */
function candidates(
  machine: MachineState,
  cpu: Processor,
  id: number,
  rmw: Rmw,
  location: Location,
): Message[] {
  const list = [location.last];
  const bound = beginRead(machine, cpu, id, location);
  if (location.last.position <= bound) return list;
  const known = highestKnown(machine, cpu, id);
  for (let i = location.count - 2; i >= 0; i--) {
    const message = location.at(i);
    if (message.position < bound) break;
    if (!succeeds(rmw, message.value) || mayTake(machine, location, i, known)) list.push(message);
  }
  return list;
}

/**
 * A stale message may be taken if it was not taken before, there is room behind it, and nothing known here lies above
 * it.
 */
function mayTake(machine: MachineState, location: Location, i: number, known: number): boolean {
  const message = location.at(i);
  return (
    message.position >= known && !(message.taken && machine.options.rmwGap) && location.hasRoom(i)
  ); // V-11
}

function succeeds(rmw: Rmw, old: number): boolean {
  if (rmw.op === RMW_CMPXCHG) return old === rmw.expected;
  return rmw.op !== RMW_ADD_UNLESS || old !== rmw.expected;
}

function readOrder(order: number): number {
  if (order === RMW_ACQUIRE) return LOAD_ACQUIRE;
  return order === RMW_VOID ? LOAD_NO_RETURN : LOAD_ONCE;
}

/** Whether the value written is computed from the value read. */
function isComputed(op: number): boolean {
  return op !== RMW_XCHG && op !== RMW_CMPXCHG;
}

function result(rmw: Rmw, old: number): number {
  switch (rmw.op) {
    case RMW_ADD:
    case RMW_ADD_UNLESS:
      return (old + rmw.operand) | 0;
    case RMW_AND:
      return old & rmw.operand;
    case RMW_XOR:
      return old ^ rmw.operand;
    case RMW_OR:
      return old | rmw.operand;
    default:
      return rmw.operand;
  }
}
