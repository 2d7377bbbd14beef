/** Dynamic debug of livepatch: each of its pr_debug() sites can be switched on and off. */

import { printk, type Message } from '../kernel/printk.js';
import type { Cpu } from '../memory/cpu.js';
import {
  CANCELING,
  COMPLETING,
  INITIALIZING,
  REVERSING,
  TASK_RUNNING_ELSEWHERE,
  TASK_SLEEPING,
  TASK_UNKNOWN_ERROR,
  TASK_UNRELIABLE,
} from './messages.js';

/** A pr_debug() site as `/sys/kernel/debug/dynamic_debug/control` lists it. */
export interface DebugSite {
  readonly message: Message;
  /** Kernel function that contains it, all in kernel/livepatch/transition.c. */
  readonly fn: string;
}

/** All sites, in the order of transition.c; the n-th is bit n of `klp.debug`. */
export const DEBUG_SITES: readonly DebugSite[] = [
  { message: COMPLETING, fn: 'klp_complete_transition' },
  { message: CANCELING, fn: 'klp_cancel_transition' },
  { message: TASK_RUNNING_ELSEWHERE, fn: 'klp_try_switch_task' },
  { message: TASK_UNRELIABLE, fn: 'klp_try_switch_task' },
  { message: TASK_SLEEPING, fn: 'klp_try_switch_task' },
  { message: TASK_UNKNOWN_ERROR, fn: 'klp_try_switch_task' },
  { message: INITIALIZING, fn: 'klp_init_transition' },
  { message: REVERSING, fn: 'klp_reverse_transition' },
];

const bitsOf = (isWanted: (site: DebugSite) => boolean): number =>
  DEBUG_SITES.reduce((bits, site, i) => (isWanted(site) ? bits | (1 << i) : bits), 0);

/** The sites of klp_try_switch_task(), of which there can be thousands of lines. */
export const TRY_SWITCH_DEBUG = bitsOf(({ fn }) => fn === 'klp_try_switch_task');
/** The other sites: how a transition proceeds and ends. */
export const TRANSITION_DEBUG = bitsOf(({ fn }) => fn !== 'klp_try_switch_task');

/** `pr_debug()`: printed when its site is switched on.
 * @kernel __dynamic_pr_debug, lib/dynamic_debug.c:860 (v6.1) */
export function prDebug(cpu: Cpu, message: Message, a = 0, b = 0, c = 0): void {
  const bit = DEBUG_SITES.findIndex((site) => site.message === message);
  if ((cpu.peek(cpu.ctx.klp.debug) & (1 << bit)) !== 0) printk(cpu, message, a, b, c);
}
