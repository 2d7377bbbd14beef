/** before the consistency model a patch took effect at once, for everybody, wherever they were. */

import { forEachPossibleCpu, NO_CPU } from '../../kernel/cpumask.js';
import { MODULE } from '../../kernel/module.js';
import { idleTask } from '../../kernel/task.js';
import { klpEnablePatch } from '../../livepatch/core.js';
import { forEachProcessThread } from '../../livepatch/for-each.js';
import { klpMutexLock, klpMutexUnlock } from '../../livepatch/object.js';
import { klpTryCompleteTransition, klpUpdatePatchState } from '../../livepatch/transition.js';
import type { Cpu } from '../../memory/cpu.js';
import { NULL, type Addr } from '../../memory/struct.js';
import { historyScript } from '../../scenario/history.js';
import { bootWatched, watchScript } from '../../scenario/watched.js';
import { betweenTwoCalls, expectComplete, insmod, SOON } from './machine.js';

/** Every task counts as switched, wherever it is, and the transition ends. */
export function switchAllAtOnce(cpu: Cpu): void {
  klpMutexLock(cpu);
  if (cpu.read(cpu.ctx.klp.transitionPatch) !== NULL) {
    let task = NULL;
    while ((task = forEachProcessThread(cpu, task)) !== NULL) klpUpdatePatchState(cpu, task);
    let n = NO_CPU;
    while ((n = forEachPossibleCpu(cpu, n)) !== NO_CPU) {
      klpUpdatePatchState(cpu, idleTask(cpu.ctx.kernel, n));
    }
    klpTryCompleteTransition(cpu);
  }
  klpMutexUnlock(cpu);
}

/** klp_enable_patch() before 4.12: no transition. */
function enableAtOnce(cpu: Cpu, mod: Addr): number {
  const ret = klpEnablePatch(cpu, cpu.get(mod + MODULE.image));
  if (ret === 0) switchAllAtOnce(cpu);
  return ret;
}

export const R_06 = historyScript({
  id: 'R-06',
  commit: 'd83a7cb375ee',
  title: 'livepatch: change to a per-task consistency model',
  release: '4.12, 2017',
  mechanism:
    'Functions were redirected at once. A task in the middle of an old function called the new version of another: what the ' +
    'patch changes in both at a time ran half old, half new.',
  replayed:
    'The enabling counts every task as switched; a task sleeps in an old function between two calls.',
  shows: 'I-6',
  run(variant) {
    const machine = bootWatched({
      ...betweenTwoCalls(),
      ...(variant === 'before' ? { overrides: { hooks: { klpModuleInit: enableAtOnce } } } : {}),
    });
    return watchScript(machine, (m) => {
      m.letRun(20);
      insmod(m, 'livepatch_1');
      m.letRun(SOON);
      expectComplete(m);
    });
  },
});
