/** patches were listed newest first, and a module that came later got them in that order. */

import { callFromNative } from '../../kernel/interp.js';
import { kallsymsNthSymbol } from '../../kernel/kallsyms.js';
import { listAdd, listDel } from '../../kernel/list.js';
import { findModule, MODULE, MODULE_STATE_LIVE } from '../../kernel/module.js';
import { asm } from '../../kernel/text.js';
import { klpEnablePatch } from '../../livepatch/core.js';
import { KLP_PATCH } from '../../livepatch/layout.js';
import { klpMutexLock, klpMutexUnlock } from '../../livepatch/object.js';
import type { Cpu } from '../../memory/cpu.js';
import { NULL, type Addr } from '../../memory/struct.js';
import { historyScript } from '../../scenario/history.js';
import { bootWatched, watchScript } from '../../scenario/watched.js';
import { endless, expectComplete, insmod, livepatch, SOON, version } from './machine.js';

/** klp_enable_patch() before 4.0: the newest patch is the first of the list. */
function enableAsFirst(cpu: Cpu, mod: Addr): number {
  const patch = cpu.get(mod + MODULE.image);
  const ret = klpEnablePatch(cpu, patch);
  if (ret !== 0) return ret;
  klpMutexLock(cpu);
  listDel(cpu, patch + KLP_PATCH.list);
  listAdd(cpu, patch + KLP_PATCH.list, cpu.ctx.klp.patches);
  klpMutexUnlock(cpu);
  return 0;
}

/** Number of the native that calls the function of the target module. */
const CALL_TARGET = 16;

/** A user of the module calls its function, once it is there. */
function callTarget(cpu: Cpu, _argument: number): void {
  const { names, images } = cpu.ctx.kernel;
  const target = images[2]?.name ?? 0;
  const mod = findModule(cpu, target);
  if (mod === NULL || cpu.readOnce(mod + MODULE.state) !== MODULE_STATE_LIVE) return;
  callFromNative(cpu, kallsymsNthSymbol(cpu, target, names.indexOf('tf'), 1));
}

export const R_02 = historyScript({
  id: 'R-02',
  commit: '99590ba565a2',
  title: 'livepatch: fix deferred module patching order',
  release: '4.0, 2015',
  mechanism:
    'Patches were listed newest first. A module that was loaded later got them in the order of the list, the oldest on top: ' +
    'its functions ran in the version that had been replaced.',
  replayed:
    'The newest patch is put first in the list; the target module is loaded after two patches for it.',
  shows: 'older version',
  run(variant) {
    const natives = [];
    natives[CALL_TARGET] = callTarget;
    const machine = bootWatched({
      vmlinux: { functions: [endless('thread', asm.kcall(CALL_TARGET), asm.sleep(20))] },
      modules: [
        livepatch(1, [version('tf_v1', 1, 1)], { name: 'target' }),
        livepatch(2, [version('tf_v2', 2, 1)], { name: 'target' }),
        { name: 'target', functions: [version('tf', 0, 1)] },
      ],
      natives,
      initialTasks: [{ comm: 'caller', thread: 'thread' }],
      ...(variant === 'before' ? { overrides: { hooks: { klpModuleInit: enableAsFirst } } } : {}),
    });
    return watchScript(machine, (watched) => {
      for (const name of ['livepatch_1', 'livepatch_2', 'target']) {
        insmod(watched, name);
        watched.letRun(SOON);
        expectComplete(watched);
      }
      if (watched.ran.length === 0) watched.find('nothing ran', 'no task called the function');
      if (watched.ran.some((r) => r.version !== 2)) {
        watched.find(
          'older version',
          'the function of the older patch runs although a newer one replaces it',
        );
      }
    });
  },
});
