/** The walks over CPUs of include/linux/cpumask.h: one step each, for loops like that of listForEachEntry(). */

import { percpu, PERCPU } from './layout.js';
import type { Cpu } from './types.js';

/** What a walk over CPUs begins and ends with. */
export const NO_CPU = -1;

/** `for_each_possible_cpu()`: the CPU after `n`, the first after {@link NO_CPU}, {@link NO_CPU} after the last. */
export function forEachPossibleCpu(cpu: Cpu, n: number): number {
  return n + 1 < cpu.ctx.kernel.cpus ? n + 1 : NO_CPU;
}

/** `for_each_online_cpu()`: the same, without CPUs that are offline when the walk comes to them. */
export function forEachOnlineCpu(cpu: Cpu, n: number): number {
  const { kernel } = cpu.ctx;
  for (let next = n + 1; next < kernel.cpus; next++) {
    if (cpu.readOnce(percpu(kernel, next) + PERCPU.online) !== 0) return next;
  }
  return NO_CPU;
}
