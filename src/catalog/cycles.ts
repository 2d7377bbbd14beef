/** The cycles workload: one patch is enabled, disabled and unloaded again and again over tasks that mostly sleep. */

import { asm, symbol, type FunctionSource } from '../kernel/text.js';
import { deleteModule, findModule, loadModule, MODULE } from '../kernel/module.js';
import { TASK, TASK_INTERRUPTIBLE, TASK_RUNNING } from '../kernel/task.js';
import { addTimer, delTimer, TIMER_WAKE } from '../kernel/timer.js';
import { schedule } from '../kernel/sched.js';
import { setCurrentState } from '../kernel/wait.js';
import { ENABLED, klpSysfsWrite } from '../livepatch/core-sysfs.js';
import { KLP_PATCH } from '../livepatch/layout.js';
import type { Cpu } from '../memory/cpu.js';
import type { Addr } from '../memory/struct.js';
import { bootMachine } from '../scenario/boot.js';
import type { Workload } from '../scenario/workload.js';

const NATIVE_CYCLE = 16;

/** Words the admin counts in: complete cycles, and transitions that failed. */
export const CYCLE_STATE = { cycles: 0, failures: 1, size: 2 } as const;
const STATE_SYMBOL = 'cycle_state';

/** Size of the machine. */
export interface CyclesOptions {
  readonly cpus: number;
  readonly tasks: number;
}

/** Sleep a jiffy in the middle of kernel code. */
function napOneJiffy(cpu: Cpu): void {
  const timer = cpu.current + TASK.timer;
  setCurrentState(cpu, TASK_INTERRUPTIBLE);
  addTimer(cpu, timer, TIMER_WAKE, cpu.current, 1);
  schedule(cpu);
  delTimer(cpu, timer);
  cpu.writeOnce(cpu.current + TASK.state, TASK_RUNNING);
}

function waitForTransition(cpu: Cpu): void {
  while (cpu.readOnce(cpu.ctx.klp.transitionPatch) !== 0) napOneJiffy(cpu);
}

/** One cycle: load and enable, wait, disable, wait, unload. */
function cycle(cpu: Cpu, state: Addr): void {
  const name = cpu.ctx.kernel.images[0]?.name ?? 0;
  const mod = loadModule(cpu, 0);
  if (mod < 0) {
    cpu.atomicAdd(state + CYCLE_STATE.failures, 1);
    return;
  }
  waitForTransition(cpu);
  klpSysfsWrite(cpu, cpu.get(mod + MODULE.image) + KLP_PATCH.kobj, ENABLED, '0');
  waitForTransition(cpu);
  // The module can go once the work that frees the patch has run.
  while (deleteModule(cpu, name) !== 0 && findModule(cpu, name) !== 0) napOneJiffy(cpu);
  cpu.atomicAdd(state + CYCLE_STATE.cycles, 1);
}

const leaf = (name: string, version: number): FunctionSource => ({
  name,
  code: [asm.mark(version, 1), asm.spin(10), asm.ret],
});

/** Lay the machine out. */
export function build({ cpus, tasks }: CyclesOptions): Workload {
  const natives = [];
  natives[NATIVE_CYCLE] = cycle;
  const booted = bootMachine({
    cpus,
    vmlinux: {
      functions: [
        leaf('vfs_read', 0),
        { name: 'sys_sleep', code: [asm.call('vfs_read'), asm.sleep(400), asm.ret] },
        {
          name: 'user_main',
          traceable: false,
          code: [asm.at('loop', asm.syscall('sys_sleep')), asm.jump('loop')],
        },
        {
          name: 'cycle_admin',
          code: [asm.at('loop', asm.kcall(NATIVE_CYCLE, symbol(STATE_SYMBOL))), asm.jump('loop')],
        },
      ],
      data: { [STATE_SYMBOL]: CYCLE_STATE.size },
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
      ...Array.from({ length: tasks }, () => ({ comm: 'user', program: 'user_main' })),
    ],
    natives,
  });
  return {
    booted,
    outcomes: (words) => [
      {
        outcome: 'cycle',
        count: words[booted.symbol(STATE_SYMBOL) + CYCLE_STATE.cycles] ?? 0,
        grade: 'acceptable',
        reason: 'a patch was enabled, disabled and unloaded',
      },
      {
        outcome: 'failure',
        count: words[booted.symbol(STATE_SYMBOL) + CYCLE_STATE.failures] ?? 0,
        grade: 'forbidden',
        reason: 'the patch could not be enabled',
      },
    ],
  };
}
