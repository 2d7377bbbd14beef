/** a cancelled enabling ran post_unpatch for objects whose pre_patch had not succeeded. */

import { ENODEV } from '../../kernel/errno.js';
import { MODULE } from '../../kernel/module.js';
import { asm } from '../../kernel/text.js';
import { klpEnablePatch } from '../../livepatch/core.js';
import { klpForEachObjectStatic } from '../../livepatch/for-each.js';
import { KLP_CALLBACKS, KLP_OBJECT } from '../../livepatch/layout.js';
import { CALLBACK_POST_UNPATCH, TRACE_KLP_CALLBACK } from '../../livepatch/trace.js';
import type { Cpu } from '../../memory/cpu.js';
import { NULL, type Addr } from '../../memory/struct.js';
import { historyScript } from '../../scenario/history.js';
import { bootWatched, watchScript } from '../../scenario/watched.js';
import { endless, insmod, livepatch, SOON, version } from './machine.js';

/** Numbers of the callbacks in the machine's table. */
const REFUSE = 1;
const UNDO = 2;

/** pre_patch: no. */
function refuse(_cpu: Cpu, _obj: Addr): number {
  return -ENODEV;
}

/** post_unpatch: undoes what pre_patch did. */
function undo(_cpu: Cpu, _obj: Addr): number {
  return 0;
}

/** klp_enable_patch() before 4.15: whoever is cancelled runs post_unpatch, whether pre_patch succeeded or not. */
function enableOwingAll(cpu: Cpu, mod: Addr): number {
  const patch = cpu.get(mod + MODULE.image);
  const ret = klpEnablePatch(cpu, patch);
  if (ret === 0) return 0;
  let obj = NULL;
  while ((obj = klpForEachObjectStatic(cpu, patch, obj)) !== NULL) {
    const id = cpu.get(obj + KLP_OBJECT.callbacks + KLP_CALLBACKS.postUnpatch);
    cpu.trace(TRACE_KLP_CALLBACK, obj, id, CALLBACK_POST_UNPATCH);
    cpu.ctx.klp.callbacks[id]?.(cpu, obj);
  }
  return ret;
}

export const R_08 = historyScript({
  id: 'R-08',
  commit: '5aaf1ab55389',
  title: 'livepatch: Correctly call klp_post_unpatch_callback() in error paths',
  release: '4.15, 2017',
  mechanism:
    'When an enabling was cancelled, post_unpatch ran for an object whatever had become of its pre_patch: it undid what had ' +
    'never been done.',
  replayed: 'After the failure of pre_patch the error path runs post_unpatch of every object.',
  shows: 'I-11',
  run(variant) {
    const machine = bootWatched({
      vmlinux: { functions: [version('f', 0, 1), endless('thread', asm.call('f'), asm.sleep(10))] },
      modules: [
        livepatch(1, [version('f_v1', 1, 1)], {
          callbacks: { prePatch: REFUSE, postUnpatch: UNDO },
        }),
      ],
      callbacks: [undefined, refuse, undo],
      initialTasks: [{ comm: 'caller', thread: 'thread' }],
      ...(variant === 'before' ? { overrides: { hooks: { klpModuleInit: enableOwingAll } } } : {}),
    });
    return watchScript(machine, (m) => {
      if (insmod(m, 'livepatch_1') !== -ENODEV) m.find('enabled', 'pre_patch refused in vain');
      m.letRun(SOON);
    });
  },
});
