/** Workloads that do one thing again and again, without a pause: forking, taking CPUs down and up, loading a module. */

import { cpuDown, cpuUp } from '../kernel/cpuhp.js';
import { deleteModule, loadModule } from '../kernel/module.js';
import { asm, symbol, type FunctionSource } from '../kernel/text.js';
import type { Cpu } from '../memory/cpu.js';
import type { Addr } from '../memory/struct.js';
import { bootMachine } from '../scenario/boot.js';
import type { Workload } from '../scenario/workload.js';

/** What a machine does. */
export const SCALE_WORK = ['fork', 'hotplug', 'module'] as const;

/** Name of a work. */
export type ScaleWork = (typeof SCALE_WORK)[number];

/** Size of the machine, and what it does. */
export interface ScaleOptions {
  readonly work: ScaleWork;
  readonly cpus: number;
  /** Tasks that sleep meanwhile; nothing wakes them. */
  readonly tasks: number;
}

/** Words that count: things done, and those that failed. */
export const SCALE_STATE = { done: 0, failures: 1, size: 2 } as const;
/** Where: a symbol of vmlinux. */
export const SCALE_SYMBOL = 'scale_state';

const NATIVE_HOTPLUG = 16;
const NATIVE_MODULE = 17;
const NATIVE_FORKED = 18;
/** With more tasks than this, their stacks hold {@link SMALL_STACK} return addresses. */
const MANY_TASKS = 100_000;
const SMALL_STACK = 20;
/** Children that may exist at once. */
const CHILDREN = 64;

function count(cpu: Cpu, state: Addr, isDone: boolean): void {
  cpu.atomicAdd(state + (isDone ? SCALE_STATE.done : SCALE_STATE.failures), 1);
}

/** Another CPU goes offline and comes back. */
function hotplug(cpu: Cpu, state: Addr): void {
  const other = (cpu.id + 1) % cpu.ctx.kernel.cpus;
  // A CPU that holds what cannot move may refuse.
  if (cpuDown(cpu, other) === 0) count(cpu, state, cpuUp(cpu, other) === 0);
}

/** The module comes and goes. */
function comeAndGo(cpu: Cpu, state: Addr): void {
  const name = cpu.ctx.kernel.images[0]?.name ?? 0;
  const isLoaded = loadModule(cpu, 0) >= 0;
  count(cpu, state, isLoaded && deleteModule(cpu, name) === 0);
}

/** A child is about to exit. */
function forked(cpu: Cpu, state: Addr): void {
  count(cpu, state, true);
}

const kcall = (native: number): FunctionSource['code'][number] =>
  asm.kcall(native, symbol(SCALE_SYMBOL));

const WORKERS: Readonly<Record<ScaleWork, FunctionSource>> = {
  hotplug: {
    name: 'worker',
    code: [asm.at('loop', kcall(NATIVE_HOTPLUG)), asm.condResched, asm.jump('loop')],
  },
  module: {
    name: 'worker',
    code: [asm.at('loop', kcall(NATIVE_MODULE)), asm.condResched, asm.jump('loop')],
  },
  // The parent sleeps for a tick now and then, when there is no room for another child.
  fork: {
    name: 'worker',
    code: [
      asm.at('loop', asm.forkDup),
      asm.forkUser('child_main'),
      asm.condResched,
      asm.jump('loop'),
    ],
  },
};

const FUNCTIONS: readonly FunctionSource[] = [
  { name: 'sys_sleep', code: [asm.sleep(20_000), asm.ret] },
  { name: 'sys_exit', code: [kcall(NATIVE_FORKED), asm.unhash, asm.die] },
  {
    name: 'user_main',
    traceable: false,
    code: [asm.at('loop', asm.syscall('sys_sleep')), asm.jump('loop')],
  },
  {
    name: 'child_main',
    traceable: false,
    code: [asm.at('loop', asm.syscall('sys_exit')), asm.jump('loop')],
  },
];

/** Lay the machine out. */
export function build({ work, cpus, tasks }: ScaleOptions): Workload {
  const natives = [];
  natives[NATIVE_HOTPLUG] = hotplug;
  natives[NATIVE_MODULE] = comeAndGo;
  natives[NATIVE_FORKED] = forked;
  const workers = work === 'fork' ? cpus : 1;
  const booted = bootMachine({
    cpus,
    tasks: tasks + workers + CHILDREN,
    ...(tasks > MANY_TASKS ? { stackWords: SMALL_STACK } : {}),
    vmlinux: {
      functions: [WORKERS[work], ...FUNCTIONS],
      data: { [SCALE_SYMBOL]: SCALE_STATE.size },
    },
    modules: [{ name: 'module', functions: [{ name: 'module_fn', code: [asm.ret] }] }],
    initialTasks: [
      { comm: 'worker', thread: 'worker', sleepsInKernelCode: work !== 'fork', count: workers },
      { comm: 'user', program: 'user_main', sleepingIn: ['sys_sleep'], count: tasks },
    ],
    natives,
  });
  const state = booted.symbol(SCALE_SYMBOL);
  return {
    booted,
    outcomes: (words) => [
      {
        outcome: work,
        count: words[state + SCALE_STATE.done] ?? 0,
        grade: 'acceptable',
        reason: 'it was done',
      },
      {
        outcome: 'failure',
        count: words[state + SCALE_STATE.failures] ?? 0,
        grade: 'forbidden',
        reason: 'nothing stands in its way',
      },
    ],
  };
}
