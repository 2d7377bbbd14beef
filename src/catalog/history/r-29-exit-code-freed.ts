/** a task that is being released runs the exit function of a patch whose module is freed under it. */

import { PF_EXITING, TASK, TASK_DEAD } from '../../kernel/task.js';
import { asm, type Instruction } from '../../kernel/text.js';
import { klpFreePatchWorkFn } from '../../livepatch/core-free.js';
import { KLP_WORK_FREE_PATCH } from '../../livepatch/layout.js';
import type { Cpu } from '../../memory/cpu.js';
import type { Addr } from '../../memory/struct.js';
import { historyScript, type HistoryFinding, type HistoryVariant } from '../../scenario/history.js';
import type { KernelVersion } from '../../kernel/versions.js';
import { bootWatched, watchScript } from '../../scenario/watched.js';
import {
  disable,
  endless,
  expectComplete,
  insmod,
  livepatch,
  rest,
  rmmod,
  SOON,
} from './machine.js';

/** Whether some task has left the task list and still runs. */
function isReleasing(cpu: Cpu): boolean {
  const { kernel } = cpu.ctx;
  for (let i = 0; i < kernel.taskCount; i++) {
    const task = kernel.tasks + i * kernel.taskStride;
    const exiting = (cpu.read(task + TASK.flags) & PF_EXITING) !== 0;
    if (exiting && cpu.readOnce(task + TASK.state) !== TASK_DEAD) return true;
  }
  return false;
}

/** A candidate fix: the reference on the module is kept until no task is being released any more. */
function freePatchAfterReleases(cpu: Cpu, work: Addr): void {
  while (isReleasing(cpu)) rest(cpu, 50);
  klpFreePatchWorkFn(cpu, work);
}

const EXIT: readonly Instruction[] = [asm.unhash, asm.sleepUninterruptible(600), asm.die];

/** A task exits through do_exit() of a livepatch, whose patch is disabled and unloaded meanwhile. */
export function exitThroughPatch(
  variant: HistoryVariant,
  kernelVersion?: KernelVersion,
): readonly HistoryFinding[] {
  const machine = bootWatched({
    vmlinux: {
      functions: [
        { name: 'do_exit', code: [asm.mark(0, 1), ...EXIT] },
        { name: 'sys_pause', code: [asm.sleepUninterruptible(500), asm.ret] },
        { name: 'sys_exit', code: [asm.call('do_exit'), asm.ret] },
        endless('main', asm.syscall('sys_pause'), asm.syscall('sys_exit')),
      ],
    },
    modules: [livepatch(1, [{ name: 'do_exit_v1', code: [asm.mark(1, 1), ...EXIT] }])],
    initialTasks: [{ comm: 'main', program: 'main' }],
    ...(kernelVersion === undefined ? {} : { version: kernelVersion }),
    ...(variant === 'after'
      ? { overrides: { workFns: { [KLP_WORK_FREE_PATCH]: freePatchAfterReleases } } }
      : {}),
  });
  return watchScript(machine, (watched) => {
    watched.letRun(5);
    insmod(watched, 'livepatch_1');
    watched.letRun(595);
    disable(watched, 'livepatch_1');
    watched.letRun(200);
    expectComplete(watched);
    rmmod(watched, 'livepatch_1');
    watched.letRun(2 * SOON);
    rmmod(watched, 'livepatch_1');
  });
}

export const R_29 = historyScript({
  id: 'R-29',
  commit: '',
  title: 'report: Kernel Crash during replacement of livepatch patching do_exit()',
  release: 'open, 2025',
  mechanism:
    'An exiting task leaves the task list while it still executes do_exit() of a livepatch. No loop sees it any more: the ' +
    'transition completes, the module is freed, and the task returns into freed text.',
  replayed:
    'The code of today is `before`. `after` is a candidate fix: the module reference is dropped only when no task is ' +
    'being released.',
  shows: 'I-7',
  run: (variant) => exitThroughPatch(variant),
});
