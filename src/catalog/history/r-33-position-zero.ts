/** a function at position 0 and at position 1 counted as two, although a unique symbol has both. */

import { asm } from '../../kernel/text.js';
import type { ModuleDeclaration } from '../../scenario/boot.js';
import { historyScript } from '../../scenario/history.js';
import { bootWatched, watchScript } from '../../scenario/watched.js';
import { endless, expectComplete, insmod, livepatch, SOON, version } from './machine.js';

/** The same patch, built by a tool that writes positions. */
const POSITIONED: ModuleDeclaration = {
  name: 'livepatch_2',
  functions: [version('f_v2', 2, 1)],
  patch: {
    replace: true,
    objects: [{ funcs: [{ oldName: 'f', newName: 'f_v2', oldSympos: 1 }] }],
  },
};

export const R_33 = historyScript({
  id: 'R-33',
  commit: '',
  title: 'livepatch: Match old_sympos 0 and 1 in klp_find_func()',
  release: '6.19, 2026',
  mechanism:
    'A patch that replaces did not recognise its own function in the older patch when one was built with position 0 and the ' +
    'other with 1. It got a nop for it, and two directories of one name: the upgrade failed with -EEXIST.',
  replayed:
    'The older patch names position 0, the newer position 1; `after` has the fix of late stable releases.',
  shows: 'refused',
  run(variant) {
    const machine = bootWatched({
      vmlinux: { functions: [version('f', 0, 1), endless('thread', asm.call('f'), asm.sleep(10))] },
      modules: [livepatch(1, [version('f_v1', 1, 1)]), POSITIONED],
      initialTasks: [{ comm: 'caller', thread: 'thread' }],
      stableFixes: variant === 'after',
    });
    return watchScript(machine, (watched) => {
      insmod(watched, 'livepatch_1');
      watched.letRun(SOON);
      expectComplete(watched);
      const ret = insmod(watched, 'livepatch_2');
      if (ret < 0) watched.find('refused', `the newer patch cannot be enabled: errno ${-ret}`);
      watched.letRun(SOON);
      expectComplete(watched);
    });
  },
});
