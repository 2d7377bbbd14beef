/** Checks for machines on which nothing happens while one looks: I-4 and I-5 without patience, and I-6. */

import { MODULE } from '../kernel/module.js';
import { stackOf, TASK, TIF_PATCH_PENDING } from '../kernel/task.js';
import { OP_FENTRY } from '../kernel/text.js';
import { KLP_PATCH, KLP_PATCHED, KLP_UNDEFINED } from '../livepatch/layout.js';
import type { Addr } from '../memory/struct.js';
import { isBelow } from './consistency.js';
import { CHECK, type CheckLayout } from './layout.js';
import { listTasksNow } from './task-list.js';
import type { CodeMap } from './versions.js';

/** Looks at all tasks at once; each check returns a task that is wrong, or 0. */
export class StrictChecks {
  readonly #words: Int32Array;
  readonly #layout: CheckLayout;
  readonly #code: CodeMap;
  readonly #isInFlux: (task: Addr) => boolean;

  /** @param isInFlux whether a CPU is in the middle of switching a task */
  constructor(
    words: Int32Array,
    layout: CheckLayout,
    code: CodeMap,
    isInFlux: (task: Addr) => boolean,
  ) {
    this.#words = words;
    this.#layout = layout;
    this.#code = code;
    this.#isInFlux = isInFlux;
  }

  /** I-4: a task is marked exactly when it has still to switch. */
  stable(): Addr {
    const target = this.#words[this.#layout.klp.targetState] ?? 0;
    if (target === KLP_UNDEFINED) return 0;
    const wrong = this.#tasks().find(
      (task) =>
        this.#isPending(task) !== (this.#words[task + TASK.patchState] !== target) &&
        !this.#isInFlux(task),
    );
    return wrong ?? 0;
  }

  /** I-5: when a transition completes, every task is in the target state and none is marked. */
  complete(): Addr {
    const target = this.#words[this.#layout.klp.targetState] ?? 0;
    const wrong = this.#tasks().find(
      (task) => this.#isPending(task) || this.#words[task + TASK.patchState] !== target,
    );
    return wrong ?? 0;
  }

  /** I-6: when an unforced transition is complete, no task is inside a function of the side that has gone. */
  completed(patch: Addr, reached: number): Addr {
    const words = this.#words;
    if (words[this.#layout.notes + CHECK.forces] !== 0) return 0;
    const mod = words[patch + KLP_PATCH.mod] ?? 0;
    const image = words[mod + MODULE.imageIndex] ?? 0;
    const groups = this.#code.groupsOfImage[image] ?? 0;
    const isWrong = (address: Addr): boolean => {
      // At its trace site a function has not begun: the handler is about to decide.
      if (words[address] === OP_FENTRY) return false;
      const found = this.#code.find(words, address);
      if (found === undefined || (groups & (1 << found.group)) === 0) return false;
      const { version } = found;
      if (reached !== KLP_PATCHED) return version === image + 1;
      // A patch that came later is above this one: its functions are what runs.
      return version !== image + 1 && isBelow(words, this.#layout, version, image);
    };
    return this.#tasks().find((task) => this.#frames(task).some(isWrong)) ?? 0;
  }

  #tasks(): Addr[] {
    return listTasksNow(this.#words, this.#layout.kernel);
  }

  #isPending(task: Addr): boolean {
    return ((this.#words[task + TASK.tiFlags] ?? 0) & (1 << TIF_PATCH_PENDING)) !== 0;
  }

  #frames(task: Addr): number[] {
    if ((this.#words[task + TASK.userMode] ?? 0) !== 0) return [];
    const depth = this.#words[task + TASK.depth] ?? 0;
    const stack = this.#words.subarray(stackOf(task), stackOf(task) + depth);
    return [this.#words[task + TASK.pc] ?? 0, ...stack];
  }
}
