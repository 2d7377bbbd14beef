/** The invariants I-1 to I-13 that can be read off the memory while klp_mutex is held and nothing is changing. */

import { FTRACE_OPS } from '../kernel/ftrace.js';
import { KERNEL, PERCPU, percpu } from '../kernel/layout.js';
import { LIST } from '../kernel/list.js';
import { TASK, TASK_DEAD, TIF_PATCH_PENDING } from '../kernel/task.js';
import { KLP_FUNC, KLP_OBJECT, KLP_OPS, KLP_PATCH, KLP_UNDEFINED } from '../livepatch/layout.js';
import { CPU_LOCAL } from '../memory/local.js';
import type { Addr } from '../memory/struct.js';
import type { FindingKind } from './findings.js';
import type { CheckLayout } from './layout.js';
import { listTasks } from './task-list.js';

/** What an invariant found wrong. */
export interface Violation {
  readonly kind: FindingKind;
  readonly task: Addr;
  readonly details: readonly [number, number, number];
}

const violation = (kind: FindingKind, a = 0, b = 0, c = 0, task = 0): Violation => ({
  kind,
  task,
  details: [a, b, c],
});

/** Elements of a circular list, as addresses of their links; undefined when the list is broken. */
function listEntries(words: Int32Array, head: Addr): Addr[] | undefined {
  const entries: Addr[] = [];
  let at = words[head + LIST.next] ?? 0;
  let prev = head;
  while (at !== head) {
    if (at <= 0 || at >= words.length || words[at + LIST.prev] !== prev || entries.length > 4096) {
      return undefined;
    }
    entries.push(at);
    prev = at;
    at = words[at + LIST.next] ?? 0;
  }
  return words[head + LIST.prev] === prev ? entries : undefined;
}

function* funcsOf(words: Int32Array, patch: Addr): Generator<Addr> {
  for (const obj of listEntries(words, patch + KLP_PATCH.objList) ?? []) {
    yield* listEntries(words, obj + KLP_OBJECT.funcList) ?? [];
  }
}

/** Whether a task looks inconsistent: its flag does not say what its state says. */
function disagrees(words: Int32Array, task: Addr, target: number): boolean {
  const pending = (Atomics.load(words, task + TASK.tiFlags) & (1 << TIF_PATCH_PENDING)) !== 0;
  return pending !== (Atomics.load(words, task + TASK.patchState) !== target);
}

/**
 * Whether such a disagreement is only temporary: the task's CPU is inside a switch function, or has not taken an
 * interrupt since, so that its stores may still be on their way. Waits for that CPU for at most `patienceMs`.
 *
 * @returns false when the disagreement is permanent
 */
function isUnsettled(
  words: Int32Array,
  layout: CheckLayout,
  task: Addr,
  target: number,
  patienceMs: number,
): boolean {
  const cpu = Atomics.load(words, task + TASK.cpu);
  const pc = percpu(layout.kernel, cpu);
  const preempt = layout.localBase + cpu * CPU_LOCAL.size + CPU_LOCAL.preemptCount;
  const before = Atomics.load(words, pc + PERCPU.irqs);
  for (let waited = 0; waited < patienceMs; waited++) {
    if (!disagrees(words, task, target)) return true;
    const irqs = Atomics.load(words, pc + PERCPU.irqs);
    if (irqs - before >= 2 && Atomics.load(words, preempt) === 0) {
      return !disagrees(words, task, target);
    }
    // Nobody writes this word to a value that would end the wait early: it is a pause.
    Atomics.wait(words, pc + PERCPU.irqs, irqs, 1);
  }
  return true;
}

/** I-1: a transition patch exists exactly while there is a target state. */
function transitionAgrees(words: Int32Array, { klp }: CheckLayout): Violation | undefined {
  const patch = words[klp.transitionPatch] ?? 0;
  const target = words[klp.targetState] ?? 0;
  return (patch !== 0) === (target !== KLP_UNDEFINED) ? undefined : violation(1, patch, target);
}

/** I-2: nothing of a transition is left when there is none. */
function noTransitionLeft(
  words: Int32Array,
  layout: CheckLayout,
  patches: readonly Addr[],
): Violation | undefined {
  const stateOf = (task: Addr): number => Atomics.load(words, task + TASK.patchState);
  const flagOf = (task: Addr): number =>
    Atomics.load(words, task + TASK.tiFlags) & (1 << TIF_PATCH_PENDING);
  const left = listTasks(
    words,
    layout.kernel,
    (task) => stateOf(task) !== KLP_UNDEFINED || flagOf(task) !== 0,
  );
  for (const task of left) {
    const [state, flags] = [stateOf(task), flagOf(task)];
    if (state !== KLP_UNDEFINED || flags !== 0) return violation(2, state, flags, 0, task);
  }
  for (const patch of patches) {
    for (const func of funcsOf(words, patch)) {
      const transition = words[func + KLP_FUNC.transition] ?? 0;
      const nop = words[func + KLP_FUNC.nop] ?? 0;
      if (transition !== 0 || nop !== 0) return violation(2, patch, func, transition);
    }
  }
  return undefined;
}

const isListed = (words: Int32Array, { kernel }: CheckLayout, task: Addr): boolean =>
  listTasks(words, kernel, (listed) => listed === task).length > 0;

/** I-3 and I-4: in a transition every task has a side, and its flag says whether it is the right one. */
function tasksHaveSides(
  words: Int32Array,
  layout: CheckLayout,
  target: number,
  patienceMs: number,
): Violation | undefined {
  const hasNoSide = (state: number): boolean => state !== 0 && state !== 1;
  const suspects = listTasks(
    words,
    layout.kernel,
    (task) =>
      hasNoSide(Atomics.load(words, task + TASK.patchState)) || disagrees(words, task, target),
  );
  for (const task of suspects) {
    const state = Atomics.load(words, task + TASK.patchState);
    if (hasNoSide(state)) return violation(3, state, target, 0, task);
    if (!disagrees(words, task, target)) continue;
    if (isUnsettled(words, layout, task, target, patienceMs)) continue;
    const flags = Atomics.load(words, task + TASK.tiFlags);
    // A task that has gone meanwhile does not matter any more.
    if (!isListed(words, layout, task)) continue;
    return violation(4, Atomics.load(words, task + TASK.patchState), flags, target, task);
  }
  return undefined;
}

/** Whether a site calls an ops: by itself, or with all its users. */
function leadsTo(words: Int32Array, { kernel }: CheckLayout, ip: Addr, ops: Addr): boolean {
  const called = words[ip + 1];
  const { globals } = kernel;
  return (
    called === ops ||
    called === globals + KERNEL.ftraceCaller ||
    called === globals + KERNEL.ftraceRegsCaller
  );
}

/** I-9 and I-10: ops exist exactly for patched functions, and stack order is the order of the patches. */
function stacksAreInOrder(
  words: Int32Array,
  layout: CheckLayout,
  patches: readonly Addr[],
): Violation | undefined {
  const { klp } = layout;
  const order = new Map<Addr, number>();
  patches.forEach((patch, i) => {
    for (const func of funcsOf(words, patch)) order.set(func, i);
  });
  for (const ops of listEntries(words, klp.ops) ?? []) {
    const stack = listEntries(words, ops + KLP_OPS.funcStack);
    const fops = ops + KLP_OPS.fops;
    const ip = words[fops + FTRACE_OPS.filterIp] ?? 0;
    if (stack === undefined || stack.length === 0) return violation(9, ops, ip);
    if (words[fops + FTRACE_OPS.registered] !== 1) return violation(9, ops, ip, 1);
    if (!leadsTo(words, layout, ip, fops)) return violation(9, ops, ip, words[ip + 1] ?? 0);
    const ranks = stack.map((node) => order.get(node - KLP_FUNC.stackNode) ?? -1);
    if (ranks.some((rank, i) => i > 0 && rank >= (ranks[i - 1] ?? 0)))
      return violation(10, ops, ip);
  }
  return undefined;
}

/**
 * Check everything that must hold whenever klp_mutex is about to be released. The caller's CPU holds it.
 *
 * @param patienceMs how long to wait for CPUs in the middle of switching a task
 * @returns the first violation, if any
 */
export function checkStable(
  words: Int32Array,
  layout: CheckLayout,
  patienceMs: number,
): Violation | undefined {
  const { klp } = layout;
  const patches = listEntries(words, klp.patches);
  // I-13: the list that stack_order counts is intact, so the orders are 1 to n without gaps.
  if (patches === undefined) return violation(13, klp.patches);
  const target = words[klp.targetState] ?? 0;
  return (
    transitionAgrees(words, layout) ??
    (target === KLP_UNDEFINED
      ? noTransitionLeft(words, layout, patches)
      : tasksHaveSides(words, layout, target, patienceMs)) ??
    stacksAreInOrder(words, layout, patches)
  );
}

/** I-5, at the entry to klp_complete_transition(): every task is in the target state and none is marked. */
export function checkComplete(
  words: Int32Array,
  layout: CheckLayout,
  patienceMs: number,
): Violation | undefined {
  const target = words[layout.klp.targetState] ?? 0;
  const isThere = (task: Addr): boolean =>
    Atomics.load(words, task + TASK.patchState) === target && !disagrees(words, task, target);
  for (const task of listTasks(words, layout.kernel, (it) => !isThere(it))) {
    const state = Atomics.load(words, task + TASK.patchState);
    if (isThere(task)) continue;
    if (isUnsettled(words, layout, task, target, patienceMs)) continue;
    if (!isListed(words, layout, task)) continue;
    return violation(5, state, target, Atomics.load(words, task + TASK.tiFlags), task);
  }
  return undefined;
}

/** I-7, when text is freed: no task has a return address in it. */
export function checkFreedText(
  words: Int32Array,
  { kernel }: CheckLayout,
  from: Addr,
  size: number,
): Violation | undefined {
  const inside = (address: number): boolean => address >= from && address < from + size;
  for (let i = kernel.cpus; i < kernel.taskCount; i++) {
    const task = kernel.tasks + i * kernel.taskStride;
    if ((words[task + TASK.pid] ?? 0) === 0 || (words[task + TASK.userMode] ?? 0) !== 0) continue;
    // A dead task executes nothing any more, wherever its last instruction was.
    if (words[task + TASK.state] === TASK_DEAD) continue;
    const depth = Math.min(words[task + TASK.depth] ?? 0, kernel.stackWords);
    if (inside(words[task + TASK.pc] ?? 0))
      return violation(7, words[task + TASK.pc] ?? 0, 0, 0, task);
    for (let d = 0; d < depth; d++) {
      const address = words[task + TASK.size + d] ?? 0;
      if (inside(address)) return violation(7, address, d, depth, task);
    }
  }
  return undefined;
}
