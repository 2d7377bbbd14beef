/** a patch that was enabled while a module was coming patched it out of order. */

import { findModule, loadModule } from '../../kernel/module.js';
import { asm } from '../../kernel/text.js';
import { klpModuleComing } from '../../livepatch/core-module.js';
import { WARN_PATCH_OBJECT_PATCHED } from '../../livepatch/warn-sites.js';
import type { Cpu } from '../../memory/cpu.js';
import { Ablation, O_25 } from '../../memory/sites.js';
import { NULL, type Addr } from '../../memory/struct.js';
import { historyScript } from '../../scenario/history.js';
import { bootWatched, watchScript } from '../../scenario/watched.js';
import { endless, expectComplete, insmod, livepatch, SOON, version } from './machine.js';

/** Image of the patch that another CPU enables. */
const SECOND = 1;

/** The loader has made the module known; before its livepatch hook runs, somebody enables another patch. */
function enableBeforeComing(cpu: Cpu, mod: Addr): number {
  const second = cpu.ctx.kernel.images[SECOND]?.name ?? 0;
  const isTarget = cpu.ctx.kernel.images[SECOND + 1]?.name === cpu.read(mod);
  if (isTarget && findModule(cpu, second) === NULL) loadModule(cpu, SECOND);
  return klpModuleComing(cpu, mod);
}

export const R_03 = historyScript({
  id: 'R-03',
  commit: '8cb2c2dc4727',
  title: 'livepatch: Fix subtle race with coming and going modules',
  release: '4.0, 2015',
  mechanism:
    'A new patch found a module whose COMING hook had not run yet and patched it before the older patches were applied: ' +
    'wrong order on the stack, or a module that cannot be loaded.',
  replayed:
    'O-25 is removed: klp_alive is not looked at. The second patch is enabled right before the hook.',
  shows: `WARN ${WARN_PATCH_OBJECT_PATCHED.id}`,
  run(variant) {
    const machine = bootWatched(
      {
        vmlinux: { functions: [endless('thread', asm.sleep(10))] },
        modules: [
          livepatch(1, [version('tf_v1', 1, 1)], { name: 'target' }),
          livepatch(2, [version('tf_v2', 2, 1)], { name: 'target' }),
          { name: 'target', functions: [version('tf', 0, 1)] },
        ],
        initialTasks: [{ comm: 'idler', thread: 'thread' }],
        overrides: { hooks: { klpModuleComing: enableBeforeComing } },
      },
      new Ablation(variant === 'before' ? [O_25] : []),
    );
    return watchScript(machine, (watched) => {
      insmod(watched, 'livepatch_1');
      watched.letRun(SOON);
      const ret = insmod(watched, 'target');
      if (ret < 0) watched.find('refused', `the module cannot be loaded: errno ${-ret}`);
      watched.letRun(SOON);
      expectComplete(watched);
    });
  },
});
