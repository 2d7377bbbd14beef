/** A whole machine that is patched and unpatched once while its tasks make system calls, sleep, fork and exit. */

import type { InitialTask } from '../../kernel/boot.js';
import { deleteModule, loadModule } from '../../kernel/module.js';
import { asm, symbol, type FunctionSource } from '../../kernel/text.js';
import { ENABLED, klpSysfsWrite } from '../../livepatch/core-sysfs.js';
import { KLP_PATCH } from '../../livepatch/layout.js';
import { TRACE_KLP_SIGNALS } from '../../livepatch/trace.js';
import { WARN_HANDLER_UNDEFINED } from '../../livepatch/warn-sites.js';
import type { Cpu } from '../../memory/cpu.js';
import { O_16, O_22 } from '../../memory/sites.js';
import { struct, type Addr } from '../../memory/struct.js';
import type { MachineDeclaration } from '../../scenario/boot.js';
import {
  system,
  type OutcomeRule,
  type PredictedFinding,
  type Ending,
  type SystemScenario,
} from '../../scenario/declare.js';
import { bootKernelSystem, type BootedSystem } from '../../scenario/kernel-system.js';
import { patchOf } from '../../scenario/patched-function.js';

/** Words of the script: whether it is over, and its next step. */
const SCRIPT = struct('script', { done: 1, step: 1 });
const SCRIPT_SYMBOL = 'script';
const NATIVE_SCRIPT = 16;

/** Event: the script has done a step; the step, what it returned, whether a transition is then under way. */
const TRACE_STEP = 1000;

/** Steps of the script; those between them wait for the transition. */
const ENABLE = 0;
const DISABLE = 2;
const REMOVE = 4;
const THROUGH = 5;

/** Take the next step of the script, if its time has come. */
function script(cpu: Cpu, state: Addr): void {
  const step = cpu.get(state + SCRIPT.step);
  const { klp } = cpu.ctx;
  if (step === THROUGH) return;
  let result = 0;
  if (step === ENABLE) {
    result = loadModule(cpu, 0);
  } else if (step === DISABLE) {
    result = klpSysfsWrite(cpu, patchOf(cpu, 0) + KLP_PATCH.kobj, ENABLED, '0');
  } else if (step === REMOVE) {
    // The module is in use until the work that frees the patch has run.
    if (deleteModule(cpu, cpu.ctx.kernel.images[0]?.name ?? 0) !== 0) return;
  } else if (cpu.readOnce(klp.transitionPatch) !== 0) {
    return;
  }
  const isWaiting = cpu.readOnce(klp.transitionPatch) !== 0 ? 1 : 0;
  cpu.trace(TRACE_STEP, step, result, isWaiting);
  cpu.set(state + SCRIPT.step, step + 1);
  if (step + 1 === THROUGH) cpu.writeOnce(state + SCRIPT.done, 1);
}

/** The function that others call, and the one that sleeps; both are patched. */
function version(n: number): FunctionSource[] {
  const suffix = n === 0 ? '' : `_v${n}`;
  return [
    { name: `get_page${suffix}`, code: [asm.mark(n, 1), asm.ret] },
    {
      name: `do_wait${suffix}`,
      code: [asm.mark(n, 2), asm.call('get_page'), asm.sleep(7), asm.call('get_page'), asm.ret],
    },
  ];
}

const FUNCTIONS: readonly FunctionSource[] = [
  ...version(0),
  { name: 'sys_read', code: [asm.call('get_page'), asm.call('get_page'), asm.ret] },
  { name: 'sys_poll', code: [asm.sleep(11), asm.call('do_wait'), asm.ret] },
  {
    name: 'sys_clone',
    code: [asm.forkDup, asm.call('get_page'), asm.forkUser('child'), asm.ret],
  },
  { name: 'sys_exit', code: [asm.call('get_page'), asm.unhash, asm.die] },
  {
    name: 'user',
    traceable: false,
    code: [
      asm.at('loop', asm.syscall('sys_read')),
      asm.syscall('sys_poll'),
      asm.spin(1),
      asm.syscall('sys_read'),
      asm.syscall('sys_sleep'),
      asm.jump('loop'),
    ],
  },
  { name: 'sys_sleep', code: [asm.sleep(60), asm.ret] },
  {
    name: 'parent',
    traceable: false,
    code: [asm.at('loop', asm.syscall('sys_clone')), asm.syscall('sys_sleep'), asm.jump('loop')],
  },
  {
    name: 'child',
    traceable: false,
    code: [asm.syscall('sys_read'), asm.syscall('sys_exit')],
  },
  {
    name: 'kthread',
    code: [
      asm.at('loop', asm.call('do_wait')),
      asm.condResched,
      asm.call('get_page'),
      asm.condResched,
      asm.sleep(40),
      asm.jump('loop'),
    ],
  },
  {
    name: 'admin',
    code: [
      asm.at('loop', asm.kcall(NATIVE_SCRIPT, symbol(SCRIPT_SYMBOL))),
      asm.sleep(20),
      asm.jump('loop'),
    ],
  },
];

const many = (n: number, task: InitialTask): InitialTask[] => Array.from({ length: n }, () => task);

/** 16 tasks on 4 CPUs. */
const TASKS: readonly InitialTask[] = [
  { comm: 'admin', thread: 'admin', sleepsInKernelCode: true },
  ...many(11, { comm: 'user', program: 'user' }),
  { comm: 'parent', program: 'parent' },
  ...many(3, { comm: 'kthread', thread: 'kthread' }),
];

const NATIVES: ((cpu: Cpu, state: Addr) => void)[] = [];
NATIVES[NATIVE_SCRIPT] = script;

const MACHINE: MachineDeclaration = {
  cpus: 4,
  tasks: TASKS.length + 8,
  stackWords: 16,
  printkRecords: 64,
  quantum: 40,
  natives: NATIVES,
  vmlinux: { functions: FUNCTIONS, data: { [SCRIPT_SYMBOL]: SCRIPT.size } },
  modules: [
    {
      name: 'livepatch',
      functions: version(1),
      patch: {
        objects: [
          {
            funcs: [
              { oldName: 'get_page', newName: 'get_page_v1' },
              { oldName: 'do_wait', newName: 'do_wait_v1' },
            ],
          },
        ],
      },
    },
  ],
  initialTasks: TASKS,
};

/** How a transition went: `at once`, `later`, or `signalled` after 15 attempts. */
function pace(isWaiting: boolean, signals: number): string {
  if (!isWaiting) return 'at once';
  return signals === 0 ? 'later' : 'signalled';
}

/** How far the script came and how its two transitions went. */
function outcomeOf({ events }: Ending): string {
  const paces: string[] = [];
  let isWaiting = false;
  let signals = 0;
  let step = -1;
  for (const { event, a, b: result, c } of events) {
    if (event === TRACE_KLP_SIGNALS) signals++;
    if (event !== TRACE_STEP) continue;
    step = a;
    if (result < 0) return `step ${step} fails`;
    if (step === ENABLE || step === DISABLE) {
      isWaiting = c === 1;
      signals = 0;
    } else if (step !== REMOVE) {
      paces.push(pace(isWaiting, signals));
    }
  }
  return step === REMOVE ? paces.join(', ') : `stalled after step ${step}`;
}

const PACES = ['at once', 'later', 'signalled'];

/** Whatever the two transitions took, they were completed. */
const OUTCOMES: Readonly<Record<string, OutcomeRule>> = Object.fromEntries(
  PACES.flatMap((enabled) =>
    PACES.map((disabled): [string, OutcomeRule] => [
      `${enabled}, ${disabled}`,
      {
        grade: 'acceptable',
        reason: `the patch was enabled ${enabled}, disabled ${disabled}, and its module removed`,
      },
    ]),
  ),
);

/** Declare the system; tests declare it with parts of the kernel left out. */
export function enableDisable(
  name: string,
  description: string,
  machine: Partial<MachineDeclaration> = {},
  ablations: readonly PredictedFinding[] = [],
): SystemScenario {
  return system({
    name,
    description,
    script: ['load the livepatch', 'wait', 'disable it', 'wait', 'remove its module'],
    build: (): BootedSystem =>
      bootKernelSystem({
        declaration: { ...MACHINE, ...machine },
        done: SCRIPT_SYMBOL,
        jiffies: 4000,
        busy: { operations: 60, jiffies: 400 },
      }),
    observe: outcomeOf,
    outcomes: OUTCOMES,
    bounds: { steps: 150_000 },
    ablations,
  });
}

/** 4 CPUs, 16 tasks and their children. */
export const systemEnableDisable = enableDisable(
  'system-enable-disable',
  'A machine of 4 CPUs and 16 tasks is patched and unpatched once.',
  {},
  [
    {
      sites: [O_16],
      finds: `WARN ${WARN_HANDLER_UNDEFINED.id}`,
      why: 'a handler saw func->transition before it was cleared, and patch_state after it was',
    },
    {
      sites: [O_22],
      finds: 'data race',
      why: 'the stack of a task is walked while the task runs',
    },
  ],
);
