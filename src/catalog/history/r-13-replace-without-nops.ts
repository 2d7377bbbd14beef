/** an atomic replace that has no nops for what only the older patch replaces. */

import { MODULE, tryModuleGet } from '../../kernel/module.js';
import { asm } from '../../kernel/text.js';
import { __klpEnablePatch, klpEnablePatch } from '../../livepatch/core.js';
import { klpInitPatch, klpInitPatchEarly } from '../../livepatch/core-init.js';
import { KLP_PATCH } from '../../livepatch/layout.js';
import { klpMutexLock, klpMutexUnlock } from '../../livepatch/object.js';
import { TRACE_KLP_MODULE_GET } from '../../livepatch/trace.js';
import type { Cpu } from '../../memory/cpu.js';
import type { Addr } from '../../memory/struct.js';
import { historyScript } from '../../scenario/history.js';
import { bootWatched, watchScript } from '../../scenario/watched.js';
import { endless, expectComplete, insmod, livepatch, rmmod, SOON, version } from './machine.js';

/** klp_enable_patch() whose klp_init_patch() adds no nops to a patch that replaces. */
function enableWithoutNops(cpu: Cpu, mod: Addr): number {
  const patch = cpu.get(mod + MODULE.image);
  if (cpu.get(patch + KLP_PATCH.replace) === 0) return klpEnablePatch(cpu, patch);
  klpMutexLock(cpu);
  tryModuleGet(cpu, mod);
  cpu.trace(TRACE_KLP_MODULE_GET, patch, mod);
  klpInitPatchEarly(cpu, patch);
  cpu.set(patch + KLP_PATCH.replace, 0);
  klpInitPatch(cpu, patch);
  cpu.set(patch + KLP_PATCH.replace, 1);
  const ret = __klpEnablePatch(cpu, patch);
  klpMutexUnlock(cpu);
  return ret;
}

const LONG = [asm.sleepUninterruptible(1500)];

export const R_13 = historyScript({
  id: 'R-13',
  commit: 'e1452b607c48',
  title: 'livepatch: Add atomic replace',
  release: '5.1, 2019',
  mechanism:
    'A patch that replaces all older ones need not name all functions of theirs. Without nops for those, no stack is ' +
    'searched for them: the transition completes around a task that sleeps in one, and the old module is unloaded under it.',
  replayed:
    'A patch that replaces gets no nops. A task sleeps in a function that only the older patch has.',
  shows: 'I-7',
  run(variant) {
    const machine = bootWatched({
      vmlinux: {
        functions: [
          version('f', 0, 1),
          version('g', 0, 2),
          endless('thread', asm.call('f'), asm.call('g'), asm.sleepUninterruptible(300)),
        ],
      },
      modules: [
        livepatch(1, [version('f_v1', 1, 1, LONG)]),
        livepatch(2, [version('g_v2', 2, 2)], { replace: true }),
      ],
      initialTasks: [{ comm: 'sleeper', thread: 'thread' }],
      ...(variant === 'before'
        ? { overrides: { hooks: { klpModuleInit: enableWithoutNops } } }
        : {}),
    });
    return watchScript(machine, (watched) => {
      insmod(watched, 'livepatch_1');
      watched.letRun(SOON);
      expectComplete(watched);
      insmod(watched, 'livepatch_2');
      watched.letRun(SOON);
      rmmod(watched, 'livepatch_1');
      watched.letRun(2000);
      expectComplete(watched);
    });
  },
});
