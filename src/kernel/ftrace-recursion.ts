/** What keeps handlers from being entered again by the functions they call. */

import { TASK } from './task.js';
import type { Cpu, SiteId } from './types.js';

/** Bits of `trace_recursion`: a handler, and the list function that calls handlers. */
const TRACE_FTRACE = 0;
export const TRACE_LIST = 1;

/**
 * Refuse a recursion of the current task and disable preemption.
 *
 * @param start what is entered: {@link TRACE_FTRACE} or {@link TRACE_LIST}
 * @param site ordering site of the disabled preemption
 * @returns the recursion bit, or -1
 * @kernel trace_test_and_set_recursion, include/linux/trace_recursion.h:153 (v6.1)
 * @differs one bit stands for those of all contexts: no interrupt here calls a traced function
 */
export function traceTestAndSetRecursion(cpu: Cpu, start: number, site?: SiteId): number {
  const word = cpu.current + TASK.traceRecursion;
  const value = cpu.get(word);
  if ((value & (1 << start)) !== 0) return -1;
  cpu.set(word, value | (1 << start));
  cpu.preemptDisable(site);
  return start;
}

/** Leave again. @kernel trace_clear_recursion, include/linux/trace_recursion.h:187 (v6.1) */
export function traceClearRecursion(cpu: Cpu, bit: number, site?: SiteId): void {
  cpu.preemptEnable(site);
  const word = cpu.current + TASK.traceRecursion;
  cpu.set(word, cpu.get(word) & ~(1 << bit));
}

/** Enter a handler: refuse a recursion of the current task and disable preemption.
 * @returns the recursion bit, or -1
 * @kernel ftrace_test_recursion_trylock, include/linux/trace_recursion.h:196 (v6.1) */
export function ftraceTestRecursionTrylock(cpu: Cpu, site?: SiteId): number {
  return traceTestAndSetRecursion(cpu, TRACE_FTRACE, site);
}

/** Leave a handler. */
export function ftraceTestRecursionUnlock(cpu: Cpu, bit: number, site?: SiteId): void {
  traceClearRecursion(cpu, bit, site);
}
