/** Stalls: a transition in which nothing has moved for a long time, and the tasks that hold it up. */

import { isListStable, listTasksNow, tryListTasks } from '../check/task-list.js';
import { taskName } from '../check/flight.js';
import type { CheckLayout } from '../check/layout.js';
import { PERCPU, percpu } from '../kernel/layout.js';
import { SYMBOL } from '../kernel/kallsyms.js';
import { LIST } from '../kernel/list.js';
import { MODULE } from '../kernel/module.js';
import {
  idleTask,
  PF_KTHREAD,
  TASK,
  TASK_INTERRUPTIBLE,
  TIF_PATCH_PENDING,
} from '../kernel/task.js';
import { KERNEL_FACTS } from '../kernel/versions.js';
import { KLP_FUNC, KLP_OBJECT, KLP_OPS, KLP_PATCH } from '../livepatch/layout.js';
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

/** What is needed of a machine to find the tasks that hold a transition up. */
export type StallLayout = Pick<CheckLayout, 'kernel' | 'klp'>;

/** Name of the function an address lies in. */
function functionName(words: Int32Array, { kernel }: StallLayout, addr: Addr): string {
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

/** Calls a function for each link of a list of the kernel. */
function each(words: Int32Array, head: Addr, body: (node: Addr) => void): void {
  // The lists may change meanwhile, so the walk is no longer than they can be.
  let node = words[head + LIST.next] ?? 0;
  for (let i = 0; i < 1000 && node !== head && node !== 0; i++) {
    body(node);
    node = words[node + LIST.next] ?? 0;
  }
}

/**
 * Names of the functions in which no task may be when it switches: what was in use before the patch, or what the patch
 * brought.
 *
 * @kernel klp_check_stack_func, kernel/livepatch/transition.c:206 (v6.1)
 */
function namesInTheWay(
  words: Int32Array,
  check: StallLayout,
  patch: Addr,
  target: number,
): Set<string> {
  const at = (addr: Addr): number => words[addr] ?? 0;
  const stacks = new Set<Addr>();
  each(words, check.klp.ops, (ops) => stacks.add(ops + KLP_OPS.funcStack));
  const nameOf = (func: Addr): string => {
    if (target === 0) return functionName(words, check, at(func + KLP_FUNC.newFunc));
    const older = at(func + KLP_FUNC.stackNode + LIST.next);
    return older === 0 || older === func + KLP_FUNC.stackNode || stacks.has(older)
      ? (check.kernel.names[at(func + KLP_FUNC.oldName)] ?? '?')
      : functionName(words, check, at(older - KLP_FUNC.stackNode + KLP_FUNC.newFunc));
  };
  const names = new Set<string>();
  each(words, patch + KLP_PATCH.objList, (obj) => {
    each(words, obj + KLP_OBJECT.funcList, (func) => {
      names.add(nameOf(func));
    });
  });
  return names;
}

const ON_THE_WAY = 'it then switches on the way to user mode';

/** What would let a user program switch that is in the kernel: it switches at the latest when it leaves it. */
function unblocksProgram(state: number, isRunning: boolean): string {
  if (isRunning || state === 0) return `the end of its system call: ${ON_THE_WAY}`;
  return (state & TASK_INTERRUPTIBLE) === 0
    ? `the end of what it waits for: ${ON_THE_WAY}; no signal wakes it`
    : `a signal, as the 16th attempt sends one: ${ON_THE_WAY}`;
}

const isIdle = (kernel: StallLayout['kernel'], task: Addr): boolean =>
  Array.from({ length: kernel.cpus }, (_, n) => idleTask(kernel, n)).includes(task);

/** What would let a task switch that has not switched yet. */
function unblockedBy(
  words: Int32Array,
  { kernel }: StallLayout,
  task: Addr,
  isRunning: boolean,
  inTheWay: string,
): string {
  const word = (offset: number): number => words[task + offset] ?? 0;
  const state = word(TASK.state);
  if (word(TASK.userMode) !== 0) return `an interrupt or a system call: ${ON_THE_WAY}`;
  const isProgram = (word(TASK.flags) & PF_KTHREAD) === 0;
  if (isIdle(kernel, task)) return 'its CPU in the idle loop, whichever way it gets there';
  if (isProgram && (inTheWay !== '' || isRunning)) return unblocksProgram(state, isRunning);
  const outside = inTheWay === '' ? '' : ` outside of ${inTheWay}`;
  if (isRunning) {
    const hook = KERNEL_FACTS[kernel.version].switchHook === 'cond_resched';
    const itself = hook ? ', or a cond_resched() of its own there' : '';
    return `an attempt that finds it off its CPU${outside}${itself}`;
  }
  if (word(TASK.unreliable) !== 0) return 'a stack that can be read: it has to run on';
  const leaves = inTheWay === '' ? '' : `, after which it has to leave ${inTheWay}`;
  if (state === 0) {
    return leaves === ''
      ? 'an attempt that can read its stack, here or once it has run on'
      : `a CPU to run on${leaves}`;
  }
  if (leaves === '') return 'the next attempt: no function of the transition is on its stack';
  const signal =
    (state & TASK_INTERRUPTIBLE) === 0 ? 'no signal wakes it' : 'a signal only makes it look again';
  return `the end of what it waits for${leaves}; ${signal}`;
}

function describeTask(
  words: Int32Array,
  check: StallLayout,
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
    unblockedBy: unblockedBy(words, check, task, running, inTheWay),
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
  { klp, kernel }: StallLayout,
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
  readonly #check: StallLayout;
  readonly #stallMs: number;
  #signature = '';
  #since = 0;

  constructor(words: Int32Array, check: StallLayout, stallMs: number) {
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
    const patched = namesInTheWay(words, this.#check, patch, target);
    const tasks = (behind?.tasks ?? []).map((task) =>
      describeTask(words, this.#check, task, patched),
    );
    const count = behind?.count ?? 0;
    return { forMs: Math.round(now - this.#since), target, count, tasks };
  }
}

/** The transition that is under way in this memory with the tasks that have not switched; undefined: none is. */
export function stallNow(
  words: Int32Array,
  check: StallLayout,
): (Stall & { readonly patch: string }) | undefined {
  const patch = Atomics.load(words, check.klp.transitionPatch);
  const stall = new StallDetector(words, check, 0).look(0);
  const mod = words[patch + KLP_PATCH.mod] ?? 0;
  const name = check.kernel.names[words[mod + MODULE.name] ?? 0] ?? '?';
  return stall && { ...stall, patch: name };
}

/** A task that has not switched, in one line: what it does, in which functions, and what would let it switch. */
export function stalledTaskText(t: StalledTask): string {
  return (
    `${t.task} patch_state ${t.patchState}${t.pending ? ', pending' : ', NOT pending'}, ` +
    `${t.doing}${t.stack.length === 0 ? '' : `, in ${t.stack.join(' < ')}`}` +
    `${t.inTheWay === '' ? '' : `; ${t.inTheWay} is in the way`}; would unblock it: ${t.unblockedBy}`
  );
}

/** A stall as a finding, if a transition is under way in this memory and some task has not switched. */
export function stallAtEnd(
  words: Int32Array,
  { klp, kernel }: StallLayout,
): { readonly key: string; readonly detail: string } | undefined {
  if (words[klp.transitionPatch] === 0) return undefined;
  const target = words[klp.targetState];
  const behind = listTasksNow(words, kernel, (it) => words[it + TASK.patchState] !== target);
  return behind.length === 0
    ? undefined
    : { key: 'stall', detail: `${behind.length} tasks have not switched` };
}
