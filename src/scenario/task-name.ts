/** What people call a task. */

import {
  TRACE_EXIT,
  TRACE_FORK,
  TRACE_MARK,
  TRACE_QUIESCE,
  TRACE_SCHED_SWITCH,
  TRACE_SCHED_WAKEUP,
  TRACE_UNHASH,
  TRACE_USER,
} from '../kernel/trace.js';
import { TRACE_KLP_SWITCHED } from '../livepatch/trace.js';
import type { KernelContext } from '../kernel/context.js';
import { TASK } from '../kernel/task.js';
import type { Addr } from '../memory/struct.js';
import type { StateView } from './declare.js';

/** `comm:pid` of a task, in the state of an execution. */
export function taskLabel(kernel: KernelContext, state: StateView, task: Addr): string {
  const comm = kernel.names[state.read(task + TASK.comm)] ?? '?';
  return `${comm}:${state.read(task + TASK.pid)}`;
}

/** How many of an event's arguments are tasks: always its first ones. */
const TASK_ARGUMENTS: Readonly<Record<number, number>> = {
  [TRACE_SCHED_SWITCH]: 2,
  [TRACE_SCHED_WAKEUP]: 1,
  [TRACE_FORK]: 2,
  [TRACE_UNHASH]: 1,
  [TRACE_EXIT]: 1,
  [TRACE_MARK]: 1,
  [TRACE_QUIESCE]: 1,
  [TRACE_USER]: 1,
  [TRACE_KLP_SWITCHED]: 1,
};

/** The tasks that an event of `cpu.trace()` is about, given its number and its arguments. */
export function tasksOfEvent([event, ...args]: readonly number[]): Addr[] {
  return args.slice(0, TASK_ARGUMENTS[event ?? 0] ?? 0).filter((task) => task !== 0);
}
