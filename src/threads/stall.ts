/** Stalls: a transition in which nothing has moved for a long time, and the tasks that hold it up. */

import { tryListTasks } from '../check/task-list.js';
import { taskName } from '../check/flight.js';
import type { CheckLayout } from '../check/layout.js';
import { PERCPU, percpu } from '../kernel/layout.js';
import { SYMBOL } from '../kernel/kallsyms.js';
import { TASK, TIF_PATCH_PENDING } from '../kernel/task.js';
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
}

/** A transition without progress. */
export interface Stall {
  readonly forMs: number;
  readonly target: number;
  /** Those that are behind; empty when somebody holds the lock of the task list all the while. */
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

function describeTask(words: Int32Array, check: CheckLayout, task: Addr): StalledTask {
  const word = (offset: number): number => words[task + offset] ?? 0;
  const running = words[percpu(check.kernel, word(TASK.cpu)) + PERCPU.curr] === task;
  const user = word(TASK.userMode) !== 0;
  const stack = user ? [] : [functionName(words, check, word(TASK.pc))];
  for (let i = Math.min(word(TASK.depth), 64) - 1; i >= 0 && !user; i--) {
    stack.push(functionName(words, check, word(TASK.size + i)));
  }
  const where = user ? ' in user mode' : '';
  return {
    task: taskName(words, check, task),
    patchState: word(TASK.patchState),
    pending: (word(TASK.tiFlags) & (1 << TIF_PATCH_PENDING)) !== 0,
    doing: running
      ? `running on CPU ${word(TASK.cpu)}${where}`
      : `state ${word(TASK.state)}${where}`,
    stack,
  };
}

/** Looks at the transition now and then. */
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

  /** The stall, once nothing has changed for long enough. */
  look(now: number): Stall | undefined {
    const words = this.#words;
    const { klp, kernel } = this.#check;
    const patch = Atomics.load(words, klp.transitionPatch);
    const target = Atomics.load(words, klp.targetState);
    if (patch === 0) {
      this.#signature = '';
      return undefined;
    }
    const listed = tryListTasks(words, kernel);
    const behind = (listed ?? []).filter(
      (task) => Atomics.load(words, task + TASK.patchState) !== target,
    );
    const what = listed === undefined ? 'the task list is locked' : behind.join(',');
    const signature = `${patch}:${target}:${what}`;
    if (signature !== this.#signature) {
      this.#signature = signature;
      this.#since = now;
    }
    if (now - this.#since < this.#stallMs) return undefined;
    const tasks = behind.map((task) => describeTask(words, this.#check, task));
    return { forMs: Math.round(now - this.#since), target, tasks };
  }
}
