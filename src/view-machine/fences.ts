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
 * The global view holds everything its window and views could say, so they start empty.
 *
 * @param also a view to publish with it
 */
export function strongFence(s: MachineState, p: Processor, also?: SparseView): void {
  const time = ++s.time;
  publish(s, p.own, time);
  publish(s, p.read, time);
  if (also !== undefined) publish(s, also, time);
  p.gtR = p.gtW = p.gs = time;
  p.forgetViews();
  p.writesAtFence = p.writes;
}

/** Publish a view in the global view of fence `time`. */
export function publish(s: MachineState, view: SparseView, time: number): void {
  for (let i = 0; i < view.n; i++) {
    const x = view.xs[i] as number;
    s.global.publish(x, time, view.get(x));
  }
}

/** `smp_rmb()`: later reads are bound to earlier reads. */
export function readFence(p: Processor): void {
  const w = p.window;
  for (let i = 0; i < w.count; i++) {
    const e = w.entry(i);
    if ((e.flags & (IS_READ | NO_RETURN)) !== IS_READ) continue;
    e.flags |= IS_USED;
    eachOfSummary(p, e, bindRead);
    if (p.gtR < e.gt) p.gtR = e.gt;
  }
}

/** `smp_wmb()`: later writes are bound to earlier writes, and carry them. */
export function writeFence(s: MachineState, p: Processor): void {
  if (!s.options.wmb) return; // V-7
  const w = p.window;
  for (let i = 0; i < w.count; i++) {
    const e = w.entry(i);
    if ((e.flags & IS_WRITE) === 0) continue;
    e.flags |= IS_USED;
    eachOfSummary(p, e, bindWrite);
    if (p.gtW < e.gt) p.gtW = e.gt;
  }
  p.carried.joinView(p.own);
}

type Bind = (p: Processor, x: number, position: number) => void;

function eachOfSummary(p: Processor, e: Entry, bind: Bind): void {
  const w = p.window;
  if ((e.flags & AFTER_ALL) !== 0) {
    for (let i = 0; w.entry(i) !== e; i++) eachOfEntry(p, w.entry(i), bind);
  }
  eachOfEntry(p, e, bind);
}

function eachOfEntry(p: Processor, e: Entry, bind: Bind): void {
  eachOf(p, e.extra, bind);
  if ((e.flags & HAS_VIEW) === 0) return;
  eachOf(p, e.view, bind);
  bind(p, e.x, e.position);
}

function eachOf(p: Processor, view: FlatView, bind: Bind): void {
  for (let i = 0; i < view.length; i += 2) bind(p, view[i] as number, view[i + 1] as number);
}
