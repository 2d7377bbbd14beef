/** Proposal: an attempt leaves its loop when somebody waits for tasklist_lock; the rest is for the next attempt. */

import { KERNEL } from '../../kernel/layout.js';
import { RWLOCK } from '../../kernel/rwlock.js';
import { forEachProcessThread } from '../../livepatch/for-each.js';
import { klpTrySwitchTask } from '../../livepatch/transition.js';
import type { Cpu } from '../../memory/cpu.js';
import { NULL, type Addr } from '../../memory/struct.js';

/** The loop of klp_try_complete_transition(), ended by rwlock_is_contended(). */
export function klpTrySwitchTasks(cpu: Cpu, first: Addr): boolean {
  const waiting = cpu.ctx.kernel.globals + KERNEL.tasklistLock + RWLOCK.waiting;
  let complete = true;
  for (let task = first; task !== NULL; task = forEachProcessThread(cpu, task)) {
    if (cpu.readOnce(waiting) !== 0) return false;
    if (!klpTrySwitchTask(cpu, task)) complete = false;
  }
  return complete;
}
