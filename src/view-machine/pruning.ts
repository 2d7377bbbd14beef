/** Pruning: it keeps the state of a long run small. Everything here only hides behaviours and never adds one. */

import { strongFence } from './fences.js';
import type { Location } from './location.js';
import type { Processor } from './processor.js';
import type { MachineState } from './state.js';

/** By how much a location may grow beyond what the last attempt left, before pruning is tried again. */
const SLACK = 6;
/** Published positions a location keeps before all CPUs execute a spontaneous fence. */
const PUBLISHED = 32;

/** Execute a spontaneous strong fence when the views of a CPU have grown to their cap. It is always allowed. */
export function relieve(machine: MachineState, cpu: Processor): void {
  if (cpu.isCrowded(machine.options.viewCap)) strongFence(machine, cpu);
}

/** Drop the messages of a location that no CPU can read or insert before any more, if it keeps many. */
export function prune(machine: MachineState, location: Location, id: number): void {
  if (location.count < location.pruneAt) return;
  dropMessages(machine, location, id);
  if (location.count >= 2 * machine.options.maxHistory) {
    for (const cpu of machine.processors) strongFence(machine, cpu);
    for (const processor of machine.processors) strongFence(machine, processor);
    dropMessages(machine, location, id);
  }
  location.pruneAt = Math.min(
    location.count + SLACK,
    Math.max(2 * machine.options.maxHistory, location.count + 1),
  );
}

function dropMessages(machine: MachineState, location: Location, id: number): void {
  const floor = floorOf(machine, id);
  let keep = location.count - 1;
  while (keep > 0 && location.at(keep).position > floor) keep--;
  if (keep > 0) location.drop(keep, machine.pool);
}

/** Position below which no CPU can read or write. */
function floorOf(machine: MachineState, id: number): number {
  let floor = Infinity;
  for (const cpu of machine.processors) {
    const bound = Math.max(
      cpu.coherence[id] as number,
      Math.min(cpu.readBound[id] as number, cpu.writeBound[id] as number),
      machine.global.at(id, Math.min(cpu.readTime, cpu.writeTime)),
    );
    floor = Math.min(floor, bound);
  }
  return floor;
}

/** Drop published positions that no CPU can ask for any more, if a location keeps many. */
export function forgetPublished(machine: MachineState, id: number): void {
  if (!machine.global.isForgetDue(id)) return;
  let oldest = Infinity;
  for (const cpu of machine.processors) oldest = Math.min(oldest, cpu.readTime, cpu.writeTime);
  machine.global.forget(id, oldest);
  if (machine.global.count(id) > PUBLISHED) {
    for (const processor of machine.processors) strongFence(machine, processor);
    machine.global.forget(id, machine.time - machine.processors.length + 1);
  }
  machine.global.postponeForget(id, SLACK);
}
