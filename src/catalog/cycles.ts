/** The cycles workload: one patch is enabled, disabled and unloaded again and again over tasks that mostly sleep. */

import { asm, symbol, type FunctionSource } from '../kernel/text.js';
import { deleteModule, findModule, loadModule, MODULE } from '../kernel/module.js';
import { ENABLED, klpSysfsWrite } from '../livepatch/core-sysfs.js';
import { KLP_PATCH } from '../livepatch/layout.js';
import type { Cpu } from '../memory/cpu.js';
import type { Addr } from '../memory/struct.js';
import { bootMachine } from '../scenario/boot.js';
import type { Workload } from '../scenario/workload.js';

const NATIVE_CYCLE = 16;
/** With more tasks than this, their stacks hold {@link SMALL_STACK} return addresses. */
const MANY_TASKS = 100_000;
const SMALL_STACK = 20;

/** Words the admin counts in: complete cycles, and transitions that failed. */
export const CYCLE_STATE = { cycles: 0, failures: 1, size: 2 } as const;
/** Where: a symbol of vmlinux. */
export const CYCLE_SYMBOL = 'cycle_state';

/** Size of the machine. */
export interface CyclesOptions {
  readonly cpus: number;
  readonly tasks: number;
  /** The tasks sleep from the start, and nothing wakes them: their number alone then makes the difference. Default false. */
  readonly areAsleep?: boolean;
}

/** Load and enable; once that is complete, disable; once that is complete and the patch is freed, unload. */
function step(cpu: Cpu, state: Addr): boolean {
  const name = cpu.ctx.kernel.images[0]?.name ?? 0;
  const mod = findModule(cpu, name);
  if (mod === 0) {
    if (loadModule(cpu, 0) < 0) cpu.atomicAdd(state + CYCLE_STATE.failures, 1);
    return true;
  }
  if (cpu.readOnce(cpu.ctx.klp.transitionPatch) !== 0) return false;
  const patch = cpu.get(mod + MODULE.image);
  if (cpu.readOnce(patch + KLP_PATCH.enabled) !== 0) {
    klpSysfsWrite(cpu, patch + KLP_PATCH.kobj, ENABLED, '0');
    return true;
  }
  if (deleteModule(cpu, name) !== 0) return false;
  cpu.atomicAdd(state + CYCLE_STATE.cycles, 1);
  return true;
}

/** Go on until there is something to wait for; the caller's text sleeps. */
function cycle(cpu: Cpu, state: Addr): void {
  while (step(cpu, state));
}

const leaf = (name: string, version: number): FunctionSource => ({
  name,
  code: [asm.mark(version, 1), asm.spin(10), asm.ret],
});

const FUNCTIONS: readonly FunctionSource[] = [
  leaf('vfs_read', 0),
  { name: 'sys_sleep', code: [asm.call('vfs_read'), asm.sleep(20_000), asm.ret] },
  {
    name: 'user_main',
    traceable: false,
    code: [asm.at('loop', asm.syscall('sys_sleep')), asm.jump('loop')],
  },
  {
    name: 'cycle_admin',
    code: [
      asm.at('loop', asm.kcall(NATIVE_CYCLE, symbol(CYCLE_SYMBOL))),
      asm.sleep(1),
      asm.jump('loop'),
    ],
  },
];

/** Lay the machine out. */
export function build({ cpus, tasks, areAsleep = false }: CyclesOptions): Workload {
  const natives = [];
  natives[NATIVE_CYCLE] = cycle;
  const booted = bootMachine({
    cpus,
    ...(tasks > MANY_TASKS ? { stackWords: SMALL_STACK } : {}),
    vmlinux: {
      functions: FUNCTIONS,
      data: { [CYCLE_SYMBOL]: CYCLE_STATE.size },
    },
    modules: [
      {
        name: 'livepatch',
        functions: [leaf('vfs_read_v1', 1)],
        patch: { objects: [{ funcs: [{ oldName: 'vfs_read', newName: 'vfs_read_v1' }] }] },
      },
    ],
    initialTasks: [
      { comm: 'admin', thread: 'cycle_admin', sleepsInKernelCode: true },
      {
        comm: 'user',
        program: 'user_main',
        count: tasks,
        ...(areAsleep ? { sleepingIn: ['sys_sleep'] } : {}),
      },
    ],
    natives,
  });
  return {
    booted,
    outcomes: (words) => [
      {
        outcome: 'cycle',
        count: words[booted.symbol(CYCLE_SYMBOL) + CYCLE_STATE.cycles] ?? 0,
        grade: 'acceptable',
        reason: 'a patch was enabled, disabled and unloaded',
      },
      {
        outcome: 'failure',
        count: words[booted.symbol(CYCLE_SYMBOL) + CYCLE_STATE.failures] ?? 0,
        grade: 'forbidden',
        reason: 'the patch could not be enabled',
      },
    ],
  };
}
