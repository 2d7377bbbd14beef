/** relocations of a livepatch stayed written when their module went, so that it could not come back. */

import { asm } from '../../kernel/text.js';
import type { ModuleDeclaration } from '../../scenario/boot.js';
import { historyScript } from '../../scenario/history.js';
import { bootWatched, watchScript } from '../../scenario/watched.js';
import { endless, expectComplete, insmod, rmmod, SOON, version } from './machine.js';

const LIVEPATCH: ModuleDeclaration = {
  name: 'livepatch_1',
  functions: [version('tf_v1', 1, 1)],
  patch: {
    objects: [{ name: 'target', funcs: [{ oldName: 'tf', newName: 'tf_v1' }], relocations: 1 }],
  },
};

export const R_27 = historyScript({
  id: 'R-27',
  commit: '0c05e7bd2d01',
  title: 'livepatch,x86: Clear relocation targets on a module removal',
  release: '6.3, 2023',
  mechanism:
    'The relocations of a livepatch for a module stayed written when the module was unloaded. When it was loaded again, ' +
    'x86 found words that were not zero and refused to relocate: the module could not be loaded.',
  replayed: '`before` is the machine of 6.1, `after` that of 6.5; the module goes and comes back.',
  shows: 'refused',
  run(variant) {
    const machine = bootWatched({
      vmlinux: { functions: [endless('thread', asm.sleep(10))] },
      modules: [LIVEPATCH, { name: 'target', functions: [version('tf', 0, 1)] }],
      initialTasks: [{ comm: 'idler', thread: 'thread' }],
      version: variant === 'before' ? '6.1' : '6.5',
    });
    return watchScript(machine, (watched) => {
      insmod(watched, 'livepatch_1');
      watched.letRun(SOON);
      expectComplete(watched);
      if (insmod(watched, 'target') < 0)
        watched.find('never loaded', 'the module cannot be loaded at all');
      if (rmmod(watched, 'target') !== 0) watched.find('in use', 'the module cannot be unloaded');
      const ret = insmod(watched, 'target');
      if (ret < 0) watched.find('refused', `the module cannot be loaded again: errno ${-ret}`);
      watched.letRun(SOON);
    });
  },
});
