/** What people call a task. */

import type { KernelContext } from '../kernel/context.js';
import { TASK } from '../kernel/task.js';
import type { Addr } from '../memory/struct.js';
import type { StateView } from './declare.js';

/** `comm:pid` of a task, in the state of an execution. */
export function taskLabel(kernel: KernelContext, state: StateView, task: Addr): string {
  const comm = kernel.names[state.read(task + TASK.comm)] ?? '?';
  return `${comm}:${state.read(task + TASK.pid)}`;
}
