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
export function takeLock(s: MachineState, p: Processor, id: number): Message {
  const source = (s.locations[id] as Location).last;
  // First, so that reading finds fewer accesses that nothing orders yet: it reads the newest message in any case.
  orderAfterOwnUnlock(s, p);
  readMessage(s, p, id, source, LOAD_ACQUIRE);
  orderAfterUnlock(s, p, source);
  const m = writeBehind(s, p, id, 1, false, source, 0);
  m.kind = LOCK;
  return m;
}

/** LKMM's po-unlock-lock-po: what came before an own unlock is ordered, and propagated, before what comes after the lock. */
function orderAfterOwnUnlock(s: MachineState, p: Processor): void {
  if (p.unlockEvent === 0) return;
  if (s.options.unlockLockOwn) {
    // V-13
    p.carried.joinFlat(p.ownAtUnlock);
    p.carried.gs = Math.max(p.carried.gs, p.ownAtUnlockGs);
  }
  if (s.options.unlockLockOrder) p.bindBefore(p.unlockEvent); // V-14
}

/** The same across CPUs: what the last holder wrote is propagated before what is written after the lock. */
function orderAfterUnlock(s: MachineState, p: Processor, source: Message): void {
  if (source.kind !== UNLOCK || source.writer === p.cpu || !s.options.unlockLockOther) return; // V-12
  const { ownBefore, ownBeforeGs } = source;
  for (let i = 0; i < ownBefore.length; i += 2) {
    const x = ownBefore[i] as number;
    const position = ownBefore[i + 1] as number;
    if (s.global.at(x, p.gs) >= position) continue;
    p.carried.raise(x, position);
    // What the CPU's writes carry is from now on part of what it has written.
    p.own.raise(x, position);
  }
  p.carried.gs = Math.max(p.carried.gs, ownBeforeGs);
  p.own.gs = Math.max(p.own.gs, ownBeforeGs);
}

/** Release a lock: returns the message of the write. */
export function releaseLock(s: MachineState, p: Processor, id: number): Message {
  const ownBefore = p.own.snapshot();
  const ownBeforeGs = p.own.gs;
  const m = writeBehind(s, p, id, 0, true, (s.locations[id] as Location).last, 0);
  m.kind = UNLOCK;
  m.ownBefore = p.ownAtUnlock = ownBefore;
  m.ownBeforeGs = p.ownAtUnlockGs = Math.max(ownBeforeGs, p.gs);
  p.unlockEvent = p.event;
  return m;
}
