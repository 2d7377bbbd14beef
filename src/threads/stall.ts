/** Stalls: a transition in which nothing has moved for a long time, and the tasks that hold it up. */

import { isListStable, listTasksNow, tryListTasks } from '../check/task-list.js';
import { taskName } from '../check/flight.js';
import type { CheckLayout } from '../check/layout.js';
import { PERCPU, percpu } from '../kernel/layout.js';
import { SYMBOL } from '../kernel/kallsyms.js';
import { LIST } from '../kernel/list.js';
import { PF_KTHREAD, TASK, TASK_INTERRUPTIBLE, TIF_PATCH_PENDING } from '../kernel/task.js';
import { KLP_FUNC, KLP_OBJECT, KLP_PATCH } from '../livepatch/layout.js';
import type { Addr } from '../memory/struct.js';

/** A task that has not switched. */
export interface StalledTask {
  readonly task: string;
  readonly patchState: number;
  readonly pending: boolean;
  /** `running`, or what it does. */
  readonly doing: string;
  /** Functions on its stack, innermost first. */
  readonly stack: readonly string[];
  /** Function of the patch that it is in; empty: none that can be seen. */
  readonly inTheWay: string;
  /** What would let it switch. */
  readonly unblockedBy: string;
}

/** A transition without progress. */
export interface Stall {
  readonly forMs: number;
  readonly target: number;
  /** How many tasks are behind. */
  readonly count: number;
  /** The newest {@link MOST_DESCRIBED} of them; empty if the lock of the task list is held the whole time. */
  readonly tasks: readonly StalledTask[];
}

/** Name of the function an address lies in. */
function functionName(words: Int32Array, { kernel }: CheckLayout, addr: Addr): string {
  for (let i = 0; i < kernel.symbolCount; i++) {
    const at = kernel.symbols + i * SYMBOL.size;
    const from = words[at + SYMBOL.addr] ?? 0;
    if ((words[at + SYMBOL.name] ?? 0) === 0) continue;
    if (addr >= from && addr < from + (words[at + SYMBOL.words] ?? 0)) {
      return kernel.names[words[at + SYMBOL.name] ?? 0] ?? '?';
    }
  }
  return `0x${addr.toString(16)}`;
}

function stateName(state: number): string {
  if (state === 0) return 'waiting for a CPU';
  return (state & TASK_INTERRUPTIBLE) === 0 ? 'sleeping uninterruptibly' : 'sleeping';
}

/** Names of the functions that the patch of the transition takes out of use or brings. */
function patchedNames(words: Int32Array, check: CheckLayout, patch: Addr): Set<string> {
  const at = (addr: Addr): number => words[addr] ?? 0;
  const names = new Set<string>();
  const each = (head: Addr, body: (entry: Addr) => void): void => {
    // The lists may change meanwhile, so the walk is no longer than they can be.
    let node = at(head + LIST.next);
    for (let i = 0; i < 1000 && node !== head && node !== 0; i++, node = at(node + LIST.next))
      body(node);
  };
  each(patch + KLP_PATCH.objList, (obj) => {
    each(obj + KLP_OBJECT.funcList, (func) => {
      names.add(check.kernel.names[at(func + KLP_FUNC.oldName)] ?? '?');
      names.add(functionName(words, check, at(func + KLP_FUNC.newFunc)));
    });
  });
  return names;
}

/** What would let a task switch that has not switched yet. */
function unblockedBy(words: Int32Array, task: Addr, isRunning: boolean, inTheWay: string): string {
  const word = (offset: number): number => words[task + offset] ?? 0;
  const leaves = inTheWay === '' ? '' : ` and leaves ${inTheWay}`;
  if (word(TASK.userMode) !== 0) return 'an interrupt or a system call: it switches on the way out';
  if (isRunning) return `it goes to sleep or offers to be preempted${leaves}`;
  if (word(TASK.unreliable) !== 0) return 'a stack that can be read';
  const state = word(TASK.state);
  if (state === 0) return `it runs${leaves}`;
  if ((state & TASK_INTERRUPTIBLE) === 0)
    return `what it waits for comes${leaves}: no signal wakes it`;
  return (word(TASK.flags) & PF_KTHREAD) === 0
    ? 'a signal, as the 16th attempt sends one: it switches on the way out of the kernel'
    : `what it waits for comes${leaves}: a signal only makes it look again`;
}

function describeTask(
  words: Int32Array,
  check: CheckLayout,
  task: Addr,
  patched: ReadonlySet<string>,
): StalledTask {
  const word = (offset: number): number => words[task + offset] ?? 0;
  const running = words[percpu(check.kernel, word(TASK.cpu)) + PERCPU.curr] === task;
  const user = word(TASK.userMode) !== 0;
  const stack = user ? [] : [functionName(words, check, word(TASK.pc))];
  for (let i = Math.min(word(TASK.depth), 64) - 1; i >= 0 && !user; i--) {
    stack.push(functionName(words, check, word(TASK.size + i)));
  }
  const where = user ? ' in user mode' : '';
  const inTheWay = stack.find((name) => patched.has(name)) ?? '';
  return {
    task: taskName(words, check, task),
    patchState: word(TASK.patchState),
    pending: (word(TASK.tiFlags) & (1 << TIF_PATCH_PENDING)) !== 0,
    doing: running
      ? `running on CPU ${word(TASK.cpu)}${where}`
      : `${stateName(word(TASK.state))}${where}`,
    stack,
    inTheWay,
    unblockedBy: unblockedBy(words, task, running, inTheWay),
  };
}

/** How many tasks of a stall are described; the others are only counted. */
const MOST_DESCRIBED = 1000;

/** Tasks that are not in the target state. */
interface Behind {
  readonly count: number;
  /** The newest of them. */
  readonly tasks: readonly Addr[];
}

/** Look for tasks that are behind; undefined when the list is locked. */
function tasksBehind(
  words: Int32Array,
  { klp, kernel }: CheckLayout,
  atRest: boolean,
): Behind | undefined {
  const target = Atomics.load(words, klp.targetState);
  let count = 0;
  const isDescribed = (task: Addr): boolean =>
    Atomics.load(words, task + TASK.patchState) !== target && ++count <= MOST_DESCRIBED;
  if (atRest && !isListStable(words, kernel)) return undefined;
  const list = atRest ? listTasksNow : tryListTasks;
  const tasks = list(words, kernel, isDescribed);
  return tasks && { count, tasks };
}

/** Looks at the transition from time to time. */
export class StallDetector {
  readonly #words: Int32Array;
  readonly #check: CheckLayout;
  readonly #stallMs: number;
  #signature = '';
  #since = 0;

  constructor(words: Int32Array, check: CheckLayout, stallMs: number) {
    this.#words = words;
    this.#check = check;
    this.#stallMs = stallMs;
  }

  /**
   * The stall, once nothing has changed for long enough.
   * @param atRest whether no other thread touches the memory meanwhile
   */
  look(now: number, atRest = false): Stall | undefined {
    const words = this.#words;
    const { klp } = this.#check;
    const patch = Atomics.load(words, klp.transitionPatch);
    const target = Atomics.load(words, klp.targetState);
    if (patch === 0) {
      this.#signature = '';
      return undefined;
    }
    const behind = tasksBehind(words, this.#check, atRest);
    const what = behind ? `${behind.count}:${behind.tasks.join()}` : 'the task list is locked';
    const signature = `${patch}:${target}:${what}`;
    if (signature !== this.#signature) {
      this.#signature = signature;
      this.#since = now;
    }
    if (now - this.#since < this.#stallMs) return undefined;
    const patched = patchedNames(words, this.#check, patch);
    const tasks = (behind?.tasks ?? []).map((task) =>
      describeTask(words, this.#check, task, patched),
    );
    const count = behind?.count ?? 0;
    return { forMs: Math.round(now - this.#since), target, count, tasks };
  }
}

/** A stall as a finding, if a transition is under way in this memory and some task has not switched. */
export function stallAtEnd(
  words: Int32Array,
  { klp, kernel }: CheckLayout,
): { readonly key: string; readonly detail: string } | undefined {
  if (words[klp.transitionPatch] === 0) return undefined;
  const target = words[klp.targetState];
  const behind = listTasksNow(words, kernel, (it) => words[it + TASK.patchState] !== target);
  return behind.length === 0
    ? undefined
    : { key: 'stall', detail: `${behind.length} tasks have not switched` };
}
