/** The stress workload: a busy machine whose admins patch it at random. */

import { DEFAULT_KERNEL_VERSION, type KernelVersion } from '../kernel/versions.js';
import type { InitialTask } from '../kernel/boot.js';
import { resultName } from '../kernel/errno.js';
import { TASK } from '../kernel/task.js';
import { FIX_L_1 } from '../livepatch/candidates.js';
import type { Sabotage } from '../livepatch/layout.js';
import {
  bootMachine,
  taskCount,
  type BootedMachine,
  type MachineDeclaration,
} from '../scenario/boot.js';
import type { OutcomeCount, Workload } from '../scenario/workload.js';
import {
  churnAdmin,
  enterTarget,
  leaveTarget,
  livepatchAdmin,
  MIX_OPERATIONS,
  refuse,
  STRESS,
  type MixOperation,
} from './stress-admin.js';
import { STRESS_OUTCOMES } from './stress-outcomes.js';
import { profileOf, type StressProfileName } from './stress-profiles.js';
import {
  CALLBACK_FAILS,
  NATIVE_CHURN_ADMIN,
  NATIVE_ENTER_TARGET,
  NATIVE_LEAVE_TARGET,
  NATIVE_LIVEPATCH_ADMIN,
  STATE_SYMBOL,
  stressModules,
  stressVmlinux,
  TARGET,
} from './stress-text.js';

/** Relative frequency of each operation. */
export type StressMix = Readonly<Record<MixOperation, number>>;

/** The mix unless another is asked for. */
export const DEFAULT_MIX: StressMix = {
  enable: 30,
  disable: 25,
  reverse: 8,
  force: 2,
  remove: 35,
  target: 10,
  hotplug: 4,
  ftrace: 1,
};

/** What distinguishes one stress run from another; plain data. */
export interface StressOptions {
  readonly cpus: number;
  readonly tasks: number;
  readonly seed: number;
  readonly mix: StressMix;
  readonly version?: KernelVersion;
  /** Operations that the admins try, all together. Default without end. */
  readonly operations?: number;
  readonly sabotage?: Partial<Sabotage>;
  /** Ready-made machine. Default the usual one. */
  readonly profile?: StressProfileName;
  /** Latent issues of the kernel that are left as they are; the others have our candidate fix. Default none. */
  readonly latent?: readonly LatentIssue[];
  /** CONFIG_PRINTK. Default true. */
  readonly printk?: boolean;
}

/** Latent issues that the workload would run into sooner or later. */
export const LATENT_ISSUES = ['L-1'] as const;

/** Id of a latent issue. */
export type LatentIssue = (typeof LATENT_ISSUES)[number];

type StateWords = Readonly<Record<number, number | undefined>>;

/** Tasks beyond these sleep most of the time, as those of a real machine: else the admins would wait for minutes for their turn. */
const MOST_ACTIVE = 4096;

/** Share of the active tasks that are kernel threads: one in sixteen sleeps a lot, one in a hundred never does. */
function initialTasks({ tasks, version, operations, profile }: StressOptions): InitialTask[] {
  const active = Math.min(tasks, MOST_ACTIVE);
  // A thread that never sleeps would keep a machine from ending.
  const busy = version === '6.1' || operations !== undefined ? 0 : Math.ceil(active / 100);
  const sleepy = Math.ceil(active / 16);
  const users = Math.max(1, active - busy - sleepy);
  return [
    { comm: 'lp_admin', thread: 'livepatch_admin', sleepsInKernelCode: true },
    { comm: 'churn_admin', thread: 'churn_admin', sleepsInKernelCode: true },
    { comm: 'vhost', thread: 'kthread_busy', count: busy },
    { comm: 'kworkish', thread: 'kthread_sleepy', count: sleepy },
    { comm: 'user', program: 'user_main', count: users },
    ...(profileOf(profile).extra?.(active) ?? []),
    { comm: 'idler', program: 'user_idle', sleepingIn: ['sys_pause'], count: tasks - active },
  ];
}

/** Write what distinguishes one run from another into a machine that is laid out. */
export function prepareStress(
  words: Int32Array,
  booted: BootedMachine,
  options: StressOptions,
): void {
  const state = booted.symbol(STATE_SYMBOL);
  words[state + STRESS.targetName] = booted.nameId(TARGET);
  words[state + STRESS.targetImage] = booted.imageIndex(TARGET);
  words[state + STRESS.openName] = booted.nameId('target_open');
  words[state + STRESS.readName] = booted.nameId('target_read');
  words[state + STRESS.limit] = options.operations ?? 0;
  MIX_OPERATIONS.forEach((operation, i) => {
    words[state + STRESS.weights + i] = options.mix[operation];
  });
  const { kernel } = booted;
  for (let i = 0; i < kernel.taskCount; i++) {
    const rng = kernel.tasks + i * kernel.taskStride + TASK.rng;
    words[rng] = Math.imul((words[rng] ?? 0) ^ options.seed, 0x85ebca6b) | 1;
  }
}

/** What the admins experienced. */
export function stressOutcomes(words: StateWords, booted: BootedMachine): OutcomeCount[] {
  const state = booted.symbol(STATE_SYMBOL);
  const counted = STRESS_OUTCOMES.map(({ action, result, grade, reason }, i) => ({
    outcome: `${action}: ${resultName(result)}`,
    count: words[state + STRESS.counts + i] ?? 0,
    grade,
    reason,
  }));
  const unexpected = words[state + STRESS.unexpected] ?? 0;
  if (unexpected === 0) return counted;
  const action = STRESS_OUTCOMES[words[state + STRESS.unexpectedAction] ?? 0]?.action ?? '?';
  const result = words[state + STRESS.unexpectedResult] ?? 0;
  return [
    ...counted,
    {
      outcome: `${action}: ${resultName(result)}`,
      count: unexpected,
      grade: 'forbidden',
      reason: 'a result that no rule allows',
    },
  ];
}

/** Children at once. */
const MOST_FORKED = 25_000;
/** With more tasks than this, their stacks hold {@link SMALL_STACK} return addresses: a million tasks take 256 MB then. */
const MANY_TASKS = 100_000;
const SMALL_STACK = 20;

/** Declare the machine. */
export function stressMachine(options: StressOptions): MachineDeclaration {
  const tasks = initialTasks(options);
  const natives = [];
  natives[NATIVE_LIVEPATCH_ADMIN] = livepatchAdmin;
  natives[NATIVE_CHURN_ADMIN] = churnAdmin;
  natives[NATIVE_ENTER_TARGET] = enterTarget;
  natives[NATIVE_LEAVE_TARGET] = leaveTarget;
  const callbacks = [];
  callbacks[CALLBACK_FAILS] = refuse;
  return {
    cpus: options.cpus,
    tasks: taskCount(tasks) + Math.max(32, Math.min(Math.ceil(options.tasks / 4), MOST_FORKED)),
    ...(options.tasks > MANY_TASKS ? { stackWords: SMALL_STACK } : {}),
    vmlinux: stressVmlinux(STRESS.size),
    modules: stressModules(),
    initialTasks: tasks,
    natives,
    callbacks,
    version: options.version ?? DEFAULT_KERNEL_VERSION,
    configPrintk: options.printk ?? true,
    sabotage: options.sabotage ?? {},
    overrides: {
      ...profileOf(options.profile).overrides,
      hooks: options.latent?.includes('L-1') === true ? {} : FIX_L_1,
    },
  };
}

/** Lay the machine out. */
export function build(options: StressOptions): Workload {
  const booted = bootMachine(stressMachine(options));
  return {
    booted,
    prepare: (words) => {
      prepareStress(words, booted, options);
    },
    outcomes: (words) => stressOutcomes(words, booted),
  };
}
