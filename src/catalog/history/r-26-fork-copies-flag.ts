/** a child forked during a transition kept the flag that its parent had when fork began. */

import { asm } from '../../kernel/text.js';
import { TASK } from '../../kernel/task.js';
import { WARN_COMPLETE_TASK_PENDING } from '../../livepatch/warn-sites.js';
import type { Cpu } from '../../memory/cpu.js';
import type { Addr } from '../../memory/struct.js';
import { historyScript } from '../../scenario/history.js';
import { bootWatched, watchScript } from '../../scenario/watched.js';
import { endless, expectComplete, insmod, livepatch, SOON, version } from './machine.js';

/** klp_copy_process() before 6.1: the state alone. */
function copyStateOnly(cpu: Cpu, child: Addr): void {
  cpu.write(child + TASK.patchState, cpu.read(cpu.current + TASK.patchState));
}

const SHORT = [asm.sleepUninterruptible(20)];
const LONG = [asm.sleepUninterruptible(900)];

export const R_26 = historyScript({
  id: 'R-26',
  commit: '747f7a290126',
  title: 'livepatch: fix race between fork and KLP transition',
  release: '6.1, 2022',
  mechanism:
    'fork copies the thread flags when it begins and patch_state when it ends; a parent that is switched in between gives ' +
    'its child the new state with the old TIF_PATCH_PENDING.',
  replayed:
    'klp_copy_process() copies the state alone; a parent sleeps in fork while an attempt switches it.',
  shows: `WARN ${WARN_COMPLETE_TASK_PENDING.id}`,
  run(variant) {
    const machine = bootWatched({
      vmlinux: {
        functions: [
          version('f', 0, 1, SHORT),
          version('g', 0, 2, LONG),
          endless('child', asm.sleepUninterruptible(5000)),
          {
            name: 'sys_clone',
            code: [
              asm.call('f'),
              asm.forkDup,
              asm.sleepUninterruptible(400),
              asm.forkKernel('child'),
              asm.ret,
            ],
          },
          endless('parent', asm.syscall('sys_clone')),
          endless('blocker', asm.call('g'), asm.sleepUninterruptible(300)),
        ],
      },
      modules: [livepatch(1, [version('f_v1', 1, 1, SHORT), version('g_v1', 1, 2, LONG)])],
      initialTasks: [
        { comm: 'parent', program: 'parent' },
        { comm: 'blocker', thread: 'blocker' },
      ],
      ...(variant === 'before' ? { overrides: { hooks: { klpCopyProcess: copyStateOnly } } } : {}),
    });
    return watchScript(machine, (m) => {
      m.letRun(5);
      insmod(m, 'livepatch_1');
      m.letRun(900 + SOON);
      expectComplete(m);
    });
  },
});
