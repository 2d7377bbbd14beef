/** As leave-loop-early, with the mistake that the proposal has to avoid: what was not looked at counts as switched. */

import { KERNEL } from '../../kernel/layout.js';
import { RWLOCK } from '../../kernel/rwlock.js';
import { forEachProcessThread } from '../../livepatch/for-each.js';
import { klpTrySwitchTask } from '../../livepatch/transition.js';
import type { Cpu } from '../../memory/cpu.js';
import { NULL, type Addr } from '../../memory/struct.js';

/** The loop, which forgets that it did not come to its end. */
export function klpTrySwitchTasks(cpu: Cpu, first: Addr): boolean {
  const waiting = cpu.ctx.kernel.globals + KERNEL.tasklistLock + RWLOCK.waiting;
  let complete = true;
  for (let task = first; task !== NULL; task = forEachProcessThread(cpu, task)) {
    if (cpu.readOnce(waiting) !== 0) break;
    if (!klpTrySwitchTask(cpu, task)) complete = false;
  }
  return complete;
}
