/** Proposal: a task that stays in user mode is switched from outside; here without stopping its CPU. */

import { TASK, TIF_PATCH_PENDING } from '../../kernel/task.js';
import { klpTrySwitchTask as original } from '../../livepatch/transition.js';
import type { Cpu } from '../../memory/cpu.js';
import type { Addr } from '../../memory/struct.js';

/** What the attempt cannot switch, but finds in user mode, has no kernel stack to look at. */
export function klpTrySwitchTask(cpu: Cpu, task: Addr): boolean {
  if (original(cpu, task)) return true;
  if (cpu.peek(task + TASK.userMode) === 0) return false;
  cpu.clearBit(task + TASK.tiFlags, TIF_PATCH_PENDING);
  cpu.write(task + TASK.patchState, cpu.read(cpu.ctx.klp.targetState));
  return true;
}
