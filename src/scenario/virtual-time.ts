/** Virtual time of a booted machine: it passes when nothing else can happen, and with what its CPUs execute. */

import type { KernelContext } from '../kernel/context.js';
import { KERNEL, percpu, PERCPU } from '../kernel/layout.js';
import { TICK_BIT } from '../kernel/sched.js';
import { idleTask } from '../kernel/task.js';
import type { StateAccess } from './declare.js';

/** Interrupt a CPU by its clock. Returns false when that interrupt was pending already. */
function raiseTick(kernel: KernelContext, n: number, state: StateAccess): boolean {
  const word = percpu(kernel, n) + PERCPU.ipi;
  if ((state.read(word) & TICK_BIT) !== 0) return false;
  state.setBits(word, TICK_BIT);
  return true;
}

/**
 * Let time jump to the next timer, and interrupt the CPUs whose timers expire.
 *
 * @param limit jiffies after which no time passes any more
 * @returns false when there is no timer before that
 */
export function jumpToTimer(kernel: KernelContext, limit: number, state: StateAccess): boolean {
  let next = 0;
  for (let n = 0; n < kernel.cpus; n++) {
    const expiry = state.read(percpu(kernel, n) + PERCPU.nextExpiry);
    if (expiry !== 0 && (next === 0 || expiry < next)) next = expiry;
  }
  if (next === 0 || next > limit) return false;
  // A timer may be overdue: armed for a jiffy that passed while its CPU was about to queue it.
  const before = state.read(kernel.globals + KERNEL.jiffies);
  const now = Math.max(next, before);
  state.write(kernel.globals + KERNEL.jiffies, now);
  let passes = now > before;
  for (let n = 0; n < kernel.cpus; n++) {
    const expiry = state.read(percpu(kernel, n) + PERCPU.nextExpiry);
    if (expiry !== 0 && expiry <= now && raiseTick(kernel, n, state)) passes = true;
  }
  return passes;
}

/** Let one jiffy pass, and interrupt the CPUs that are busy or whose timers expire. */
export function passJiffy(kernel: KernelContext, state: StateAccess): void {
  const now = state.read(kernel.globals + KERNEL.jiffies) + 1;
  state.write(kernel.globals + KERNEL.jiffies, now);
  for (let n = 0; n < kernel.cpus; n++) {
    const pc = percpu(kernel, n);
    const expiry = state.read(pc + PERCPU.nextExpiry);
    const isBusy = state.read(pc + PERCPU.curr) !== idleTask(kernel, n);
    if (isBusy || (expiry !== 0 && expiry <= now)) raiseTick(kernel, n, state);
  }
}

/** Let `jiffies` pass, and interrupt the CPUs that are busy or have a timer due, as the clock of a machine on threads does. */
function passJiffies(kernel: KernelContext, jiffies: number, state: StateAccess): void {
  const now = (state.read(kernel.globals + KERNEL.jiffies) + jiffies) | 0;
  state.write(kernel.globals + KERNEL.jiffies, now);
  for (let n = 0; n < kernel.cpus; n++) {
    const pc = percpu(kernel, n);
    const expiry = state.read(pc + PERCPU.nextExpiry);
    const isBusy = state.read(pc + PERCPU.curr) !== idleTask(kernel, n);
    if (isBusy || (expiry !== 0 && now - expiry >= 0)) raiseTick(kernel, n, state);
  }
}

/** Interrupt all CPUs by their clocks. */
function interruptAll(kernel: KernelContext, state: StateAccess): void {
  for (let n = 0; n < kernel.cpus; n++) raiseTick(kernel, n, state);
}

/** What a recorded clock does at one time: let jiffies pass, or, if there are none, interrupt all CPUs. */
export function tick(kernel: KernelContext, jiffies: number, state: StateAccess): void {
  if (jiffies === 0) interruptAll(kernel, state);
  else passJiffies(kernel, jiffies, state);
}
