/** "immediate" patches broke the induction that makes it enough to check the direct predecessor. */

import { asm } from '../../kernel/text.js';
import { klpEnablePatch } from '../../livepatch/core.js';
import { MODULE } from '../../kernel/module.js';
import type { Cpu } from '../../memory/cpu.js';
import type { Addr } from '../../memory/struct.js';
import { historyScript } from '../../scenario/history.js';
import { bootWatched, watchScript } from '../../scenario/watched.js';
import { endless, expectComplete, insmod, livepatch, SOON, version } from './machine.js';
import { switchAllAtOnce } from './r-06-no-consistency.js';

/** Enable a patch with `immediate` set, as the first two are: all tasks count as switched, wherever they are. */
function enableImmediately(cpu: Cpu, mod: Addr): number {
  const ret = klpEnablePatch(cpu, cpu.get(mod + MODULE.image));
  if (ret !== 0 || cpu.get(mod + MODULE.imageIndex) > 1) return ret;
  switchAllAtOnce(cpu);
  return ret;
}

export const R_09 = historyScript({
  id: 'R-09',
  commit: 'd0807da78e11',
  title: 'livepatch: Remove immediate feature',
  release: '4.16, 2018',
  mechanism:
    'Of a function that three patches replace, the first two immediately, a task may sleep in version 1 while 3 is enabled; ' +
    'only the predecessor, version 2, is looked for on the stack, and the task counts as patched inside version 1.',
  replayed:
    'Patches 1 and 2 complete without waiting for anybody; patch 3 is normal. A task sleeps in version 1 throughout.',
  shows: 'two versions below',
  run(variant) {
    const machine = bootWatched({
      vmlinux: {
        functions: [version('f', 0, 1), endless('thread', asm.call('f'), asm.sleep(300))],
      },
      modules: [
        livepatch(1, [version('f_v1', 1, 1, [asm.sleepUninterruptible(2000)])]),
        livepatch(2, [version('f_v2', 2, 1)]),
        livepatch(3, [version('f_v3', 3, 1)]),
      ],
      initialTasks: [{ comm: 'sleeper', thread: 'thread' }],
      ...(variant === 'before'
        ? { overrides: { hooks: { klpModuleInit: enableImmediately } } }
        : {}),
    });
    return watchScript(machine, (watched) => {
      const entered = (v: number): number => watched.ran.filter((r) => r.version === v).length;
      insmod(watched, 'livepatch_1');
      watched.letRun(330);
      insmod(watched, 'livepatch_2');
      watched.letRun(SOON);
      const third = insmod(watched, 'livepatch_3');
      watched.letRun(SOON);
      const isInFirst = entered(1) === 1 && entered(2) === 0 && entered(3) === 0;
      if (third > 0 && isInFirst && watched.words[watched.klp.targetState] === -1) {
        watched.find(
          'two versions below',
          'patch 3 is complete although a task is inside version 1',
        );
      }
      watched.letRun(3000);
      if (third < 0) insmod(watched, 'livepatch_3');
      watched.letRun(SOON);
      expectComplete(watched);
    });
  },
});
