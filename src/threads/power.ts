/** Clock, power switch and watchdog lines of a machine on threads: raw words, from outside the simulated kernel. */

import type { KernelContext } from '../kernel/context.js';
import { IPI_STOP, IPI_TICK, KERNEL, percpu, PERCPU } from '../kernel/layout.js';
import { idleTask } from '../kernel/task.js';
import { MACHINE, MACHINE_BASE } from '../memory/local.js';

function interrupt(words: Int32Array, kernel: KernelContext, cpu: number, ipi: number): void {
  const word = percpu(kernel, cpu) + PERCPU.ipi;
  Atomics.or(words, word, 1 << ipi);
  Atomics.notify(words, word);
}

/** Switch the machine off: every CPU ends at its next wait or interrupt. */
export function switchOff(words: Int32Array, kernel: KernelContext): void {
  Atomics.store(words, MACHINE_BASE + MACHINE.stop, 1);
  for (let n = 0; n < kernel.cpus; n++) interrupt(words, kernel, n, IPI_STOP);
}

/** Let `jiffies` pass, and interrupt the CPUs that are busy or have a timer due. */
export function tick(words: Int32Array, kernel: KernelContext, jiffies: number): void {
  const clock = kernel.globals + KERNEL.jiffies;
  const now = (Atomics.add(words, clock, jiffies) + jiffies) | 0;
  for (let n = 0; n < kernel.cpus; n++) {
    const pc = percpu(kernel, n);
    const expiry = Atomics.load(words, pc + PERCPU.nextExpiry);
    const due = expiry !== 0 && now - expiry >= 0;
    const busy = Atomics.load(words, pc + PERCPU.curr) !== idleTask(kernel, n);
    if (due || busy) interrupt(words, kernel, n, IPI_TICK);
  }
}

/** Interrupt every CPU: each that answers counts its interrupts up. */
export function pingAll(words: Int32Array, kernel: KernelContext): void {
  for (let n = 0; n < kernel.cpus; n++) interrupt(words, kernel, n, IPI_TICK);
}

/** Interrupts each CPU has taken. */
export function interruptCounts(words: Int32Array, kernel: KernelContext): number[] {
  return Array.from({ length: kernel.cpus }, (_, n) =>
    Atomics.load(words, percpu(kernel, n) + PERCPU.irqs),
  );
}
