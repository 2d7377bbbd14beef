/** All that a search knows of code and memory, as plain data, so that another process can go on. */

import type { CpuId } from '../../memory/struct.js';
import type { Machine } from '../../scenario/declare.js';
import type { SavedFutures } from './futures.js';
import { BODY, type GlobalState } from './global-state.js';
import type { SavedInterrupts } from './interrupts.js';
import type { SavedLiveness } from './liveness.js';
import type { Code, SavedLocals } from './local-states.js';
import type { SavedAssumed } from './assumed.js';
import type { SavedSharing } from './sharing.js';
import { UndoableMemory, type SavedMemory } from './undoable-memory.js';
import type { SavedWeakMemory, WeakMemory } from './weak-memory.js';

/** A state and what is known beyond it. */
export interface SavedState {
  readonly usesEvents: boolean;
  readonly events: readonly number[];
  readonly local: SavedLocals;
  readonly sharing: SavedSharing;
  readonly futures: SavedFutures;
  readonly liveness: SavedLiveness;
  readonly interrupts: SavedInterrupts;
  readonly meanwhile: SavedAssumed;
  readonly memory: SavedMemory | SavedWeakMemory;
}

/** Save a state. Parts of it are not copied: it has to be written before the search goes on. */
export function saveState(state: GlobalState): SavedState {
  const { usesEvents, local, sharing, futures, liveness, interrupts, meanwhile, memory } = state;
  return {
    ...{ usesEvents, events: state.recordedEvents.save(), local: local.save() },
    ...{ sharing: sharing.save(), futures: futures.save(), liveness: liveness.save() },
    ...{ interrupts: interrupts.save(), meanwhile: meanwhile.save(), memory: memory.save() },
  };
}

/** Load what was saved into a state that has just been made. It has to be taken back to a mark then. */
export function loadState(state: GlobalState, saved: SavedState, machine: Machine): void {
  const codeOf = (cpu: CpuId, name: string): Code =>
    (name === BODY ? machine.bodies[cpu] : machine.interrupt?.body) as unknown as Code;
  state.usesEvents = saved.usesEvents;
  state.recordedEvents.load(saved.events);
  state.local.load(saved.local, codeOf);
  state.sharing.load(saved.sharing);
  state.futures.load(saved.futures);
  state.liveness.load(saved.liveness);
  state.interrupts.load(saved.interrupts);
  state.meanwhile.load(saved.meanwhile);
  if (state.memory instanceof UndoableMemory) state.memory.load(saved.memory as SavedMemory);
  else (state.memory satisfies WeakMemory).load(saved.memory as SavedWeakMemory);
}
