/** one forced transition kept the modules of all livepatches for ever. */

import { LIST } from '../../kernel/list.js';
import { asm } from '../../kernel/text.js';
import { KLP_PATCH } from '../../livepatch/layout.js';
import { klpMutexLock, klpMutexUnlock } from '../../livepatch/object.js';
import type { Cpu } from '../../memory/cpu.js';
import { historyScript } from '../../scenario/history.js';
import { bootWatched, watchScript } from '../../scenario/watched.js';
import {
  disable,
  endless,
  expectComplete,
  force,
  insmod,
  livepatch,
  rmmod,
  SOON,
  version,
} from './machine.js';

/** The end of klp_force_transition() before 5.18: whatever is enabled counts as forced. */
function markAllForced(cpu: Cpu): void {
  const head = cpu.ctx.klp.patches;
  klpMutexLock(cpu);
  for (
    let patch = cpu.read(head + LIST.next);
    patch !== head;
    patch = cpu.read(patch + LIST.next)
  ) {
    cpu.set(patch + KLP_PATCH.forced, 1);
  }
  klpMutexUnlock(cpu);
}

const LONG = [asm.sleepUninterruptible(300)];

export const R_25 = historyScript({
  id: 'R-25',
  commit: '2957308343fa',
  title: "livepatch: Don't block removal of patches that are safe to unload",
  release: '5.18, 2022',
  mechanism:
    'Forcing a transition marked every enabled patch as forced: patches that later passed a clean transition could never be ' +
    'unloaded.',
  replayed:
    'After the force every listed patch is marked. The first patch, which nobody forced, is disabled and unloaded.',
  shows: 'not unloadable',
  run(variant) {
    const machine = bootWatched({
      vmlinux: {
        functions: [
          version('f', 0, 1),
          version('g', 0, 2, LONG),
          endless('thread', asm.call('f'), asm.call('g'), asm.sleepUninterruptible(200)),
        ],
      },
      modules: [livepatch(1, [version('f_v1', 1, 1)]), livepatch(2, [version('g_v2', 2, 2, LONG)])],
      initialTasks: [{ comm: 'caller', thread: 'thread' }],
    });
    return watchScript(machine, (watched) => {
      insmod(watched, 'livepatch_1');
      watched.letRun(SOON);
      expectComplete(watched);
      watched.letRun(500 - (SOON % 500) + 20);
      insmod(watched, 'livepatch_2');
      force(watched, 'livepatch_2');
      if (variant === 'before') markAllForced(watched.cpu);
      watched.letRun(SOON);
      expectComplete(watched);
      for (const name of ['livepatch_2', 'livepatch_1']) {
        disable(watched, name);
        watched.letRun(2 * SOON);
        expectComplete(watched);
      }
      const ret = rmmod(watched, 'livepatch_1');
      if (ret !== 0) {
        watched.find(
          'not unloadable',
          `the module of a cleanly removed patch cannot go: errno ${-ret}`,
        );
      }
    });
  },
});
