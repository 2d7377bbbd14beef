/** struct completion: wait until another task has finished something. */

import { struct } from '../memory/struct.js';
import { WAIT_QUEUE, waitForWord, wakeAll } from './wait.js';
import type { Addr, Cpu } from './types.js';

/** Words of a completion. */
export const COMPLETION = struct('completion', { done: 1, queue: WAIT_QUEUE.size });

/** `init_completion()`: before any other task can see it. */
export function initCompletion(cpu: Cpu, c: Addr): void {
  for (let i = 0; i < COMPLETION.size; i++) cpu.set(c + i, 0);
}

/** Like `complete_all()`: every task that waits now or later goes on.
 * @kernel complete, kernel/sched/completion.c:28 (v6.1) */
export function complete(cpu: Cpu, c: Addr): void {
  const queue = c + COMPLETION.queue;
  cpu.spinLock(queue + WAIT_QUEUE.lock);
  cpu.set(c + COMPLETION.done, 1);
  wakeAll(cpu, queue);
  cpu.spinUnlock(queue + WAIT_QUEUE.lock);
}

/** Sleep until the completion is done.
 * @kernel wait_for_completion, kernel/sched/completion.c:136 (v6.1) */
export function waitForCompletion(cpu: Cpu, c: Addr): void {
  cpu.mightSleep('wait_for_completion()');
  waitForWord(cpu, c + COMPLETION.queue, c + COMPLETION.done);
}
