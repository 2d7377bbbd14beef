/** What differs between releases of the kernel, outside of kernel/livepatch: one table of facts. */

/** Releases whose kernel can be run, oldest first. */
export const KERNEL_VERSIONS = ['6.1', '6.5', '6.12', '7.3'] as const;

/** Release of the kernel whose transition engine is run; 6.5 stands for 6.4 to 6.9. */
export type KernelVersion = (typeof KERNEL_VERSIONS)[number];

/** The release that is run by default. */
export const DEFAULT_KERNEL_VERSION: KernelVersion = '6.5';

/**
 * When kernel code is preempted: `full` at any instruction, `lazy` at a tick that finds it due, `voluntary` only where it
 * offers to be: `cond_resched()`, a sleep, the way to user mode.
 */
export type Preemption = 'voluntary' | 'lazy' | 'full';

/** What one release does differently from another. */
export interface KernelFacts {
  /** Who calls `__klp_sched_try_switch()`: nobody, `cond_resched()` (6.4 to 6.15), or `__schedule()` (from 6.16). */
  readonly switchHook: 'none' | 'cond_resched' | 'schedule';
  /** What turning the hook on changes: every call of `cond_resched()`, some thousand places, or one static key. */
  readonly hookText: 'nothing' | 'every call' | 'one key';
  /** How the kernel is configured: as Debian does for 6.1, 6.12 and 7.3; 6.5 is fully preemptible. */
  readonly preemption: Preemption;
  /** Whether `kernel.ftrace_enabled` still turns ftrace off; where it does not, writing 0 is -EOPNOTSUPP. */
  readonly ftraceCanBeDisabled: boolean;
  /** Whether `kstrtobool()` knows `enable` and `disable` by their first letters. */
  readonly boolWords: boolean;
  /** What lib/kobject.c puts in front of its messages. */
  readonly kobjectPrefix: string;
  /** What the module loader makes of an init function that returns -EEXIST. */
  readonly initExists: 'EEXIST' | 'EBUSY';
}

/** The facts of each release. Source: the trees of 6.1.192 and 6.12.117; for 7.3 what a running kernel showed. */
export const KERNEL_FACTS: Readonly<Record<KernelVersion, KernelFacts>> = {
  '6.1': {
    switchHook: 'none',
    hookText: 'nothing',
    preemption: 'voluntary',
    ftraceCanBeDisabled: true,
    boolWords: false,
    kobjectPrefix: '',
    initExists: 'EEXIST',
  },
  '6.5': {
    switchHook: 'cond_resched',
    hookText: 'every call',
    preemption: 'full',
    ftraceCanBeDisabled: true,
    boolWords: false,
    kobjectPrefix: '',
    initExists: 'EEXIST',
  },
  '6.12': {
    switchHook: 'cond_resched',
    hookText: 'every call',
    preemption: 'voluntary',
    ftraceCanBeDisabled: true,
    boolWords: false,
    kobjectPrefix: 'kobject: ',
    initExists: 'EEXIST',
  },
  '7.3': {
    switchHook: 'schedule',
    hookText: 'one key',
    preemption: 'lazy',
    ftraceCanBeDisabled: false,
    boolWords: true,
    kobjectPrefix: 'kobject: ',
    initExists: 'EBUSY',
  },
};
