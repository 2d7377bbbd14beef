/**
 * The retro rule. An older access of the same CPU may already have known a message that overtakes the new access.
 * Then the new access happens before the older one, so all that is known now must have been known there.
 */

import { teaches } from './knowledge.js';
import type { Message } from './location.js';
import type { Processor } from './processor.js';
import { flatGet, type FlatView } from './sparse-view.js';
import type { MachineState } from './state.js';
import { type Entry, HAS_VIEW, IS_USED, IS_WRITE, WRITES_ONLY } from './window.js';

const NONE: readonly Entry[] = [];

/** Result of {@link admit}: the access may not stand there. */
export const REFUSED = -1;
/** The access overtakes nothing. */
export const UNRELATED = 0;
/** The access may stand there, and older accesses rely on its summary. */
export const ADMITTED = 1;

/** The new access: the summary under construction, and the view that comes with the access. */
export interface NewAccess {
  readonly location: number;
  readonly position: number;
  readonly hasView: boolean;
  readonly view: FlatView;
}

/**
 * Decide whether a new access may stand at its position, and extend the summaries of older accesses it happens before.
 *
 * @param knows the message whose knowledge of other CPUs' writes the access brings in, null for none
 */
export function admit(
  machine: MachineState,
  cpu: Processor,
  access: NewAccess,
  knows: Message | null,
): number {
  if (!machine.options.retro) return UNRELATED; // V-1
  const overtaken = overtakers(machine, cpu, access.location, access.position);
  if (overtaken.length === 0) return UNRELATED;
  const growing: Entry[] = [];
  for (const entry of overtaken) {
    if (covers(machine, cpu, entry, access)) continue;
    if (!mayGrow(machine, cpu, entry, knows) || !staysLegal(machine, entry, access)) return REFUSED;
    growing.push(entry);
  }
  for (const entry of growing) extend(machine, entry, access);
  return ADMITTED;
}

/** Window entries whose view lies above `position` at a location. */
function overtakers(
  machine: MachineState,
  cpu: Processor,
  location: number,
  position: number,
): readonly Entry[] {
  const window = cpu.window;
  let found: Entry[] | null = null;
  for (let i = 0; i < window.count; i++) {
    const entry = window.entry(i);
    if ((entry.flags & HAS_VIEW) === 0) continue;
    if (machine.global.at(location, entry.viewTime) > position || entry.viewAt(location) > position)
      (found ??= []).push(entry);
  }
  return found ?? NONE;
}

/** Whether the summary of an entry already holds all of the new summary that does not bind everything later anyway. */
function covers(machine: MachineState, cpu: Processor, entry: Entry, access: NewAccess): boolean {
  // A fence time that binds everything later need not have been known to the accesses after the entry.
  if (machine.summaryTime > entry.boundTime) return false;
  const summary = machine.summary;
  for (let i = 0; i < summary.count; i++) {
    const location = summary.locations[i] as number;
    if (!holds(machine, cpu, entry, location, summary.get(location))) return false;
  }
  if (!access.hasView) return true;
  for (let i = 0; i < access.view.length; i += 2) {
    const id = access.view[i] as number;
    if (!holds(machine, cpu, entry, id, access.view[i + 1] as number)) return false;
  }
  return holds(machine, cpu, entry, access.location, access.position);
}

function holds(
  machine: MachineState,
  cpu: Processor,
  entry: Entry,
  location: number,
  position: number,
): boolean {
  if (cpu.isBound(location, position, machine.global)) return true;
  if (machine.global.at(location, entry.boundTime) >= position) return true;
  return cpu.window.summaryAt(entry, location) >= position;
}

/**
 * An entry may learn more only if nothing has relied on it yet: no event of its own CPU and, for a write, no reader of
 * its message.
 */
function mayGrow(
  machine: MachineState,
  cpu: Processor,
  entry: Entry,
  knows: Message | null,
): boolean {
  if ((entry.flags & IS_USED) !== 0) return false;
  if ((entry.flags & IS_WRITE) === 0) return true;
  if (machine.summaryTime > entry.boundTime) return false;
  if (knows !== null && teaches(cpu, knows)) return false;
  return entry.knowledge === cpu.knowledge;
}

/** Whether an entry can learn this without being overtaken itself. */
function staysLegal(
  machine: MachineState,
  { location: location, position }: Entry,
  access: NewAccess,
): boolean {
  const global = machine.global.at(location, machine.summaryTime);
  if (Math.max(machine.summary.get(location), global) > position) return false;
  if (!access.hasView) return true;
  const own = access.location === location ? access.position : 0;
  return Math.max(own, flatGet(access.view, location)) <= position;
}

function extend(machine: MachineState, entry: Entry, access: NewAccess): void {
  const extra = entry.extra.slice();
  for (let i = 0; i < machine.summary.count; i++) {
    const location = machine.summary.locations[i] as number;
    extra.push(location, machine.summary.get(location));
  }
  if (access.hasView) extra.push(...access.view, access.location, access.position);
  entry.extra = extra;
  entry.flags &= ~WRITES_ONLY;
  entry.boundTime = Math.max(entry.boundTime, machine.summaryTime);
}
