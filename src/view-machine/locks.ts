/** Locks: taking one is an acquire read and a write behind it, releasing one a release write. */

import { LOAD_ACQUIRE } from '../memory/model.js';
import { LOCK, type Location, type Message, UNLOCK } from './location.js';
import type { Processor } from './processor.js';
import { readMessage } from './read.js';
import type { MachineState } from './state.js';
import { writeBehind } from './write.js';

/** Whether a lock is held, in coherence order. */
export function isHeld(location: Location): boolean {
  return location.last.kind === LOCK;
}

/** Take a free lock: returns the message of the write. */
export function takeLock(machine: MachineState, cpu: Processor, id: number): Message {
  const source = (machine.locations[id] as Location).last;
  // This comes before the read, which then finds fewer unordered accesses. The read sees the newest message in any
  // case.
  orderAfterOwnUnlock(machine, cpu);
  readMessage(machine, cpu, id, source, LOAD_ACQUIRE);
  orderAfterUnlock(machine, cpu, source);
  const message = writeBehind(machine, cpu, source, 1, false, 0);
  message.kind = LOCK;
  return message;
}

/** LKMM's po-unlock-lock-po: what came before an own unlock is ordered, and propagated, before what comes after the lock. */
function orderAfterOwnUnlock(machine: MachineState, cpu: Processor): void {
  if (cpu.unlockEvent === 0) return;
  if (machine.options.unlockLockOwn) {
    // V-13
    cpu.carried.joinFlat(cpu.ownAtUnlock);
    cpu.carried.fenceTime = Math.max(cpu.carried.fenceTime, cpu.ownAtUnlockTime);
  }
  if (machine.options.unlockLockOrder) cpu.bindBefore(cpu.unlockEvent); // V-14
}

/** The same across CPUs: what the last holder wrote is propagated before everything that is written after taking the lock. */
function orderAfterUnlock(machine: MachineState, cpu: Processor, source: Message): void {
  if (source.kind !== UNLOCK || source.writer === cpu.id || !machine.options.unlockLockOther)
    return; // V-12
  const { ownBefore, ownBeforeTime } = source;
  for (let i = 0; i < ownBefore.length; i += 2) {
    const location = ownBefore[i] as number;
    const position = ownBefore[i + 1] as number;
    if (machine.global.at(location, cpu.ownFenceTime) >= position) continue;
    cpu.carried.raise(location, position);
    // From now on, what the CPU's writes carry is part of what it has written.
    cpu.own.raise(location, position);
  }
  cpu.carried.fenceTime = Math.max(cpu.carried.fenceTime, ownBeforeTime);
  cpu.own.fenceTime = Math.max(cpu.own.fenceTime, ownBeforeTime);
}

/** Release a lock: returns the message of the write. */
export function releaseLock(machine: MachineState, cpu: Processor, id: number): Message {
  const ownBefore = cpu.own.snapshot();
  const ownBeforeTime = cpu.own.fenceTime;
  const held = (machine.locations[id] as Location).last;
  const message = writeBehind(machine, cpu, held, 0, true, 0);
  message.kind = UNLOCK;
  message.ownBefore = cpu.ownAtUnlock = ownBefore;
  message.ownBeforeTime = cpu.ownAtUnlockTime = Math.max(ownBeforeTime, cpu.ownFenceTime);
  cpu.unlockEvent = cpu.event;
  return message;
}
