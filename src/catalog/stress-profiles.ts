/** Ready-made machines for stress: what holds transitions up in practice. */

import type { InitialTask } from '../kernel/boot.js';
import { EINVAL } from '../kernel/errno.js';
import { archStackWalkReliable } from '../kernel/stacktrace.js';
import { TASK } from '../kernel/task.js';
import type { Cpu } from '../memory/cpu.js';
import type { Addr } from '../memory/struct.js';
import type { KernelOverrides } from '../scenario/boot.js';

/** A machine that stress can run. */
export interface StressProfile {
  readonly about: string;
  /** Simulated CPUs and tasks unless others are asked for. */
  readonly cpus?: number;
  readonly tasks?: number;
  /** Tasks besides the usual ones, so many for so many of those. */
  readonly extra?: (tasks: number) => readonly InitialTask[];
  readonly overrides?: KernelOverrides;
}

/**
 * The stack of a task that an interrupt stopped in the kernel cannot be read, as with frame pointers: it waits on a run
 * queue.
 */
function walkUnlessInterrupted(cpu: Cpu, task: Addr, store: Addr, size: number): number {
  const isStopped = task !== cpu.current && cpu.readOnce(task + TASK.onRq) !== 0;
  if (isStopped && cpu.get(task + TASK.userMode) === 0) return -EINVAL;
  return archStackWalkReliable(cpu, task, store, size);
}

/** The profiles by name. */
const STRESS_PROFILES = {
  waiters: {
    about: 'kernel threads that a signal wakes and that go back to sleep in a patched function',
    extra: (tasks) => [{ comm: 'waiter', thread: 'kthread_waiter', count: Math.ceil(tasks / 8) }],
  },
  blocked: {
    about: 'long uninterruptible sleeps in a patched function',
    extra: (tasks) => [{ comm: 'blocked', thread: 'kthread_blocked', count: Math.ceil(tasks / 8) }],
  },
  polling: {
    about: 'kernel threads that stay in a patched function and call cond_resched() there',
    extra: (tasks) => [{ comm: 'polling', thread: 'kthread_polling', count: Math.ceil(tasks / 8) }],
  },
  interrupted: {
    about: 'stacks that cannot be read where an interrupt stopped the task',
    overrides: { archStackWalkReliable: walkUnlessInterrupted },
  },
  idle: { about: '112 CPUs, most of them idle', cpus: 112, tasks: 16 },
} as const satisfies Readonly<Record<string, StressProfile>>;

/** Name of a profile. */
export type StressProfileName = keyof typeof STRESS_PROFILES;

/** All names. */
export const STRESS_PROFILE_NAMES = Object.keys(STRESS_PROFILES) as readonly StressProfileName[];

/** A profile by its name; without one, the usual machine. */
export function profileOf(name: StressProfileName | undefined): Partial<StressProfile> {
  return name === undefined ? {} : STRESS_PROFILES[name];
}
