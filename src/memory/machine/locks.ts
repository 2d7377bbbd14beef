/** Locks: taking one is an acquire read and a write behind it, releasing one a release write. */

import { LOAD_ACQUIRE } from '../model.js';
import { LOCK, type Location, type Message, UNLOCK } from './location.js';
import type { Processor } from './processor.js';
import { joinUnpublished, readMessage } from './read.js';
import type { MachineState } from './state.js';
import { writeBehind } from './write.js';

/** Whether a lock is held, in coherence order. */
export function isHeld(location: Location): boolean {
  return location.last.kind === LOCK;
}

/** Take a free lock: returns the message of the write. */
export function takeLock(s: MachineState, p: Processor, id: number): Message {
  const source = (s.locations[id] as Location).last;
  readMessage(s, p, id, source, LOAD_ACQUIRE);
  orderAfterUnlocks(s, p, source);
  const m = writeBehind(s, p, id, 1, false, source, 0);
  m.kind = LOCK;
  return m;
}

/** LKMM's po-unlock-lock-po: what came before the unlock is propagated before what comes after the lock. */
function orderAfterUnlocks(s: MachineState, p: Processor, source: Message): void {
  if (source.kind === UNLOCK && source.writer !== p.cpu && s.options.unlockLockOther) {
    joinUnpublished(s, p, p.carried, source.ownBefore);
    p.carried.gs = Math.max(p.carried.gs, source.ownBeforeGs);
    p.carriesOthers = true;
  }
  if (p.unlockEvent === 0) return;
  if (s.options.unlockLockOwn) {
    p.carried.joinFlat(p.ownAtUnlock);
    p.carried.gs = Math.max(p.carried.gs, p.ownAtUnlockGs);
  }
  if (!s.options.unlockLockOrder) return;
  const w = p.window;
  while (w.count > 0 && w.entry(0).event < p.unlockEvent) {
    p.bindEntry(w.entry(0));
    w.shift();
  }
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
