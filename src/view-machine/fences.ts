/** Fences: what orders earlier accesses of a CPU against later ones. */

import type { Processor } from './processor.js';
import { bindRead, bindWrite } from './read.js';
import type { FlatView, SparseView } from './sparse-view.js';
import type { MachineState } from './state.js';
import {
  AFTER_ALL,
  type Entry,
  HAS_VIEW,
  IS_READ,
  IS_USED,
  IS_WRITE,
  NO_RETURN,
} from './window.js';

/**
 * A strong fence: the CPU publishes what it wrote and read to the global view, and all it does later is bound to that.
 * After that the global view holds all that the CPU's window and views held, so they start empty.
 *
 * @param also a view to publish with it
 */
export function strongFence(machine: MachineState, cpu: Processor, also?: SparseView): void {
  const time = ++machine.time;
  publish(machine, cpu.own, time);
  publish(machine, cpu.read, time);
  if (also !== undefined) publish(machine, also, time);
  cpu.readTime = cpu.writeTime = cpu.ownFenceTime = time;
  cpu.forgetViews();
  cpu.writesAtFence = cpu.writes;
}

/** Publish a view in the global view of fence `time`. */
export function publish(machine: MachineState, view: SparseView, time: number): void {
  for (let i = 0; i < view.count; i++) {
    const location = view.locations[i] as number;
    machine.global.publish(location, time, view.get(location));
  }
}

/** `smp_rmb()`: later reads are bound to earlier reads. */
export function readFence(cpu: Processor): void {
  const window = cpu.window;
  for (let i = 0; i < window.count; i++) {
    const entry = window.entry(i);
    if ((entry.flags & (IS_READ | NO_RETURN)) !== IS_READ) continue;
    entry.flags |= IS_USED;
    eachOfSummary(cpu, entry, bindRead);
    if (cpu.readTime < entry.boundTime) cpu.readTime = entry.boundTime;
  }
}

/** `smp_wmb()`: later writes are bound to earlier writes, and carry them. */
export function writeFence(machine: MachineState, cpu: Processor): void {
  if (!machine.options.wmb) return; // V-7
  const window = cpu.window;
  for (let i = 0; i < window.count; i++) {
    const entry = window.entry(i);
    if ((entry.flags & IS_WRITE) === 0) continue;
    entry.flags |= IS_USED;
    eachOfSummary(cpu, entry, bindWrite);
    if (cpu.writeTime < entry.boundTime) cpu.writeTime = entry.boundTime;
  }
  cpu.carried.joinView(cpu.own);
}

type Bind = (cpu: Processor, location: number, position: number) => void;

function eachOfSummary(cpu: Processor, entry: Entry, bind: Bind): void {
  const window = cpu.window;
  if ((entry.flags & AFTER_ALL) !== 0) {
    for (let i = 0; window.entry(i) !== entry; i++) eachOfEntry(cpu, window.entry(i), bind);
  }
  eachOfEntry(cpu, entry, bind);
}

function eachOfEntry(cpu: Processor, entry: Entry, bind: Bind): void {
  eachOf(cpu, entry.extra, bind);
  if ((entry.flags & HAS_VIEW) === 0) return;
  eachOf(cpu, entry.view, bind);
  bind(cpu, entry.location, entry.position);
}

function eachOf(cpu: Processor, view: FlatView, bind: Bind): void {
  for (let i = 0; i < view.length; i += 2) bind(cpu, view[i] as number, view[i + 1] as number);
}
