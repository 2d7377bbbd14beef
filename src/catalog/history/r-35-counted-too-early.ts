/** a selftest counted the directories of livepatches right after a replace; they go a little later. */

import { KOBJECT } from '../../kernel/kobject.js';
import { asm } from '../../kernel/text.js';
import { KLP_UNDEFINED } from '../../livepatch/layout.js';
import { historyScript } from '../../scenario/history.js';
import { bootWatched, watchScript, type WatchedMachine } from '../../scenario/watched.js';
import { endless, expectComplete, insmod, livepatch, SOON, version } from './machine.js';

/** Directories below `/sys/kernel/livepatch`. */
function directories({ words, klp }: WatchedMachine): number {
  let count = 0;
  let kobj = words[klp.root + KOBJECT.child] ?? 0;
  for (; kobj !== 0; kobj = words[kobj + KOBJECT.next] ?? 0) count++;
  return count;
}

/** How often the corrected test looks, with so many jiffies in between. */
const LOOKS = 60;
const BETWEEN = 10;

export const R_35 = historyScript({
  id: 'R-35',
  commit: '',
  title: 'selftest fix: atomic replace against multiple modules',
  release: '6.11, 2024',
  mechanism:
    'Replaced patches are freed by a work item. A selftest counted the directories as soon as the transition was over, and ' +
    'sometimes found those of the replaced patches.',
  replayed:
    '`before` counts when the file transition reads 0, `after` until there is one directory: the kernel is the same.',
  shows: 'directories left',
  run(variant) {
    const machine = bootWatched({
      vmlinux: { functions: [version('f', 0, 1), endless('thread', asm.call('f'), asm.sleep(10))] },
      modules: [
        livepatch(1, [version('f_v1', 1, 1)]),
        livepatch(2, [version('f_v2', 2, 1)]),
        livepatch(3, [version('f_v3', 3, 1)], { replace: true }),
      ],
      initialTasks: [{ comm: 'caller', thread: 'thread' }],
    });
    return watchScript(machine, (watched) => {
      for (const name of ['livepatch_1', 'livepatch_2']) {
        insmod(watched, name);
        watched.letRun(SOON);
        expectComplete(watched);
      }
      insmod(watched, 'livepatch_3');
      for (let i = 0; i < SOON && watched.words[watched.klp.targetState] !== KLP_UNDEFINED; i++)
        watched.letRun(1);
      expectComplete(watched);
      const looks = variant === 'before' ? 0 : LOOKS;
      for (let i = 0; i < looks && directories(watched) !== 1; i++) watched.letRun(BETWEEN);
      const left = directories(watched);
      if (left !== 1) watched.find('directories left', `${left} livepatches have directories`);
    });
  },
});
