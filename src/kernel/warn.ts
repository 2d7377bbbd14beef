/** WARN_ON(): a broken assumption is recorded, never fatal; a test that did not expect it fails. */

import { TRACE_WARN } from './trace.js';
import type { Cpu } from './types.js';

/** One place in the code that can warn. Ids: kernel 1–31, livepatch 32–95. */
export interface WarnSite {
  readonly id: number;
  readonly text: string;
}

/** Number of counters reserved for WARN sites. */
export const WARN_SITES = 96;

/** `WARN_ON()`: count a true condition at `site`; returns the condition. */
export function warnOn(cpu: Cpu, condition: boolean, site: WarnSite): boolean {
  if (condition) {
    cpu.trace(TRACE_WARN, site.id, cpu.current);
    // Comes last, so that the resumable build needs no coroutine for a function that is called everywhere.
    cpu.atomicAdd(cpu.ctx.kernel.warnCounts + site.id, 1);
  }
  return condition;
}

/** `WARN_ON_ONCE()`: counted every time, since reports say how often. */
export function warnOnOnce(cpu: Cpu, condition: boolean, site: WarnSite): boolean {
  return warnOn(cpu, condition, site);
}
