/** The list of the tasks that are ready to run on a CPU. */

import { percpu, PERCPU } from './layout.js';
import { TASK } from './task.js';
import { NULL, type Cpu, type TaskRef } from './types.js';

/** Append a task to a run queue; under its lock. */
export function enqueueTask(cpu: Cpu, n: number, task: TaskRef): void {
  const rq = percpu(cpu.ctx.kernel, n);
  const last = cpu.get(rq + PERCPU.rqLast);
  cpu.set(task + TASK.rqNext, NULL);
  cpu.set(task + TASK.rqPrev, last);
  if (last === NULL) cpu.set(rq + PERCPU.rqFirst, task);
  else cpu.set(last + TASK.rqNext, task);
  cpu.set(rq + PERCPU.rqLast, task);
  cpu.set(rq + PERCPU.nrQueued, cpu.get(rq + PERCPU.nrQueued) + 1);
  cpu.writeOnce(task + TASK.onRq, 1);
}

/** Put a task at the front of a run queue; under its lock. */
export function enqueueFirst(cpu: Cpu, n: number, task: TaskRef): void {
  const rq = percpu(cpu.ctx.kernel, n);
  const first = cpu.get(rq + PERCPU.rqFirst);
  cpu.set(task + TASK.rqNext, first);
  cpu.set(task + TASK.rqPrev, NULL);
  if (first === NULL) cpu.set(rq + PERCPU.rqLast, task);
  else cpu.set(first + TASK.rqPrev, task);
  cpu.set(rq + PERCPU.rqFirst, task);
  cpu.set(rq + PERCPU.nrQueued, cpu.get(rq + PERCPU.nrQueued) + 1);
  cpu.writeOnce(task + TASK.onRq, 1);
}

/** Take a queued task off its run queue; under its lock. */
export function dequeueTask(cpu: Cpu, n: number, task: TaskRef): void {
  const rq = percpu(cpu.ctx.kernel, n);
  const next = cpu.get(task + TASK.rqNext);
  const prev = cpu.get(task + TASK.rqPrev);
  if (prev === NULL) cpu.set(rq + PERCPU.rqFirst, next);
  else cpu.set(prev + TASK.rqNext, next);
  if (next === NULL) cpu.set(rq + PERCPU.rqLast, prev);
  else cpu.set(next + TASK.rqPrev, prev);
  cpu.set(rq + PERCPU.nrQueued, cpu.get(rq + PERCPU.nrQueued) - 1);
  cpu.set(task + TASK.rqNext, NULL);
  cpu.set(task + TASK.rqPrev, NULL);
}

/** One step of a walk over a run queue, under its lock: the task after `task`, the first after `NULL`, `NULL` after the last. */
export function forEachQueuedTask(cpu: Cpu, n: number, task: TaskRef): TaskRef {
  const rq = percpu(cpu.ctx.kernel, n);
  return cpu.get(task === NULL ? rq + PERCPU.rqFirst : task + TASK.rqNext);
}
