/**
 * The retro rule: a new access that some older access of its CPU already knew to be overtaken happens before that older
 * one, so all that is known now must have been known there.
 */

import { teaches } from './knowledge.js';
import type { Message } from './location.js';
import type { Processor } from './processor.js';
import { flatGet, type FlatView } from './sparse-view.js';
import type { MachineState } from './state.js';
import { type Entry, HAS_VIEW, IS_USED, IS_WRITE, WRITES_ONLY } from './window.js';

const NONE: readonly Entry[] = [];

/** What {@link admit} found: the access may not stand there. */
export const REFUSED = -1;
/** The access overtakes nothing. */
export const UNRELATED = 0;
/** The access may stand there, and older accesses rely on its summary. */
export const ADMITTED = 1;

/** The new access: the summary under construction, and the view that comes with the access. */
export interface NewAccess {
  readonly x: number;
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
  s: MachineState,
  p: Processor,
  access: NewAccess,
  knows: Message | null,
): number {
  if (!s.options.retro) return UNRELATED; // V-1
  const overtaken = overtakers(s, p, access.x, access.position);
  if (overtaken.length === 0) return UNRELATED;
  const growing: Entry[] = [];
  for (const e of overtaken) {
    if (covers(s, p, e, access)) continue;
    if (!mayGrow(s, p, e, knows) || !staysLegal(s, e, access)) return REFUSED;
    growing.push(e);
  }
  for (const e of growing) extend(s, e, access);
  return ADMITTED;
}

/** Window entries whose view lies above `position` at location `x`. */
function overtakers(s: MachineState, p: Processor, x: number, position: number): readonly Entry[] {
  const w = p.window;
  let found: Entry[] | null = null;
  for (let i = 0; i < w.count; i++) {
    const e = w.entry(i);
    if ((e.flags & HAS_VIEW) === 0) continue;
    if (s.global.at(x, e.viewGs) > position || e.viewAt(x) > position) (found ??= []).push(e);
  }
  return found ?? NONE;
}

/** Whether the summary of an entry already holds all of the new summary that does not bind everything later anyway. */
function covers(s: MachineState, p: Processor, e: Entry, access: NewAccess): boolean {
  // A fence time that binds everything later may still be news to what happened after the entry before that.
  if (s.summaryGt > e.gt) return false;
  const h = s.summary;
  for (let i = 0; i < h.n; i++) {
    const x = h.xs[i] as number;
    if (!holds(s, p, e, x, h.get(x))) return false;
  }
  if (!access.hasView) return true;
  for (let i = 0; i < access.view.length; i += 2) {
    const x = access.view[i] as number;
    if (!holds(s, p, e, x, access.view[i + 1] as number)) return false;
  }
  return holds(s, p, e, access.x, access.position);
}

function holds(s: MachineState, p: Processor, e: Entry, x: number, position: number): boolean {
  if (p.isBound(x, position, s.global)) return true;
  if (s.global.at(x, e.gt) >= position) return true;
  return p.window.summaryAt(e, x) >= position;
}

/** An entry may learn more only if nobody relied on it: no own event, and for a write no reader of its message. */
function mayGrow(s: MachineState, p: Processor, e: Entry, knows: Message | null): boolean {
  if ((e.flags & IS_USED) !== 0) return false;
  if ((e.flags & IS_WRITE) === 0) return true;
  if (s.summaryGt > e.gt) return false;
  if (knows !== null && teaches(p, knows)) return false;
  return e.knowledge === p.knowledge;
}

/** Whether an entry would not be overtaken itself by what it learns. */
function staysLegal(s: MachineState, { x, position }: Entry, access: NewAccess): boolean {
  const global = s.global.at(x, s.summaryGt);
  if (Math.max(s.summary.get(x), global) > position) return false;
  if (!access.hasView) return true;
  const own = access.x === x ? access.position : 0;
  return Math.max(own, flatGet(access.view, x)) <= position;
}

function extend(s: MachineState, e: Entry, access: NewAccess): void {
  const extra = e.extra.slice();
  for (let i = 0; i < s.summary.n; i++) {
    const x = s.summary.xs[i] as number;
    extra.push(x, s.summary.get(x));
  }
  if (access.hasView) extra.push(...access.view, access.x, access.position);
  e.extra = extra;
  e.flags &= ~WRITES_ONLY;
  e.gt = Math.max(e.gt, s.summaryGt);
}
