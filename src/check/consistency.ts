/**
 * The consistency oracle (I-8): judged by the code that tasks really ran.
 *
 * A task could be switched in user mode, off the CPU, and in cond_resched() with the hook on. Between two such
 * places, all code that it runs of functions which one patch replaces is of one side: the patch's, or what was there
 * before it. A place counts for a patch only if no function that the patch takes part in is on the task's stack.
 */

import { TASK } from '../kernel/task.js';
import { OP_FENTRY } from '../kernel/text.js';
import type { Addr } from '../memory/struct.js';
import { CHECK, type CheckLayout } from './layout.js';
import type { CodeMap, MarkedFunction } from './versions.js';

/** Whether version `v` of a group was there before the patch of image `i` came. */
export function isBelow(words: Int32Array, { notes }: CheckLayout, v: number, i: number): boolean {
  if (v === 0) return true;
  const note = (field: number): number => Atomics.load(words, notes + field);
  if ((note(CHECK.live) & (1 << (v - 1))) === 0) return true;
  return note(CHECK.enabledAt + v - 1) < note(CHECK.enabledAt + i);
}

/** Judges the marks of the tasks that one CPU runs. */
export class ConsistencyOracle {
  readonly #words: Int32Array;
  readonly #layout: CheckLayout;
  readonly #code: CodeMap;

  constructor(words: Int32Array, layout: CheckLayout, code: CodeMap) {
    this.#words = words;
    this.#layout = layout;
    this.#code = code;
  }

  #note(field: number, index = 0): number {
    return Atomics.load(this.#words, this.#layout.notes + field + index);
  }

  /** Side of the patch of image `i` that a function is on: 1 new, 0 old, undefined when it says nothing. */
  #sideOf({ version, group }: MarkedFunction, i: number): 0 | 1 | undefined {
    const bit = 1 << group;
    const nop = (this.#note(CHECK.nopGroups, i) & bit) !== 0;
    if (!nop && ((this.#code.groupsOfImage[i] ?? 0) & bit) === 0) return undefined;
    if (version === i + 1 || (nop && version === 0)) return 1;
    return isBelow(this.#words, this.#layout, version, i) ? 0 : undefined;
  }

  /**
   * A task runs code of a version.
   *
   * @returns the image of the patch whose two sides the task has now mixed, or -1
   */
  mark(task: Addr, mark: number): number {
    const words = this.#words;
    const ran = { version: mark >> 16, group: mark & 0xffff };
    const live = this.#note(CHECK.live);
    let mixed = -1;
    for (let i = 0; i < this.#code.groupsOfImage.length; i++) {
      if ((live & (1 << i)) === 0) continue;
      const side = this.#sideOf(ran, i);
      if (side === undefined) continue;
      const field = task + (side === 1 ? TASK.sawNew : TASK.sawOld);
      words[field] = (words[field] ?? 0) | (1 << i);
      const both = (words[task + TASK.sawOld] ?? 0) & (words[task + TASK.sawNew] ?? 0);
      if (both & (1 << i) && words[task + TASK.sawForce] === this.#note(CHECK.forces)) mixed = i;
    }
    return mixed;
  }

  /** The task could be switched here: forget what it ran of patches that have nothing on its stack. */
  quiesce(task: Addr): void {
    const words = this.#words;
    if (!(words[task + TASK.sawOld] ?? 0) && !(words[task + TASK.sawNew] ?? 0)) {
      if (words[task + TASK.sawForce] === this.#note(CHECK.forces)) return;
    }
    let keep = 0;
    if ((words[task + TASK.userMode] ?? 0) === 0) {
      const depth = words[task + TASK.depth] ?? 0;
      const pc = words[task + TASK.pc] ?? 0;
      // At the trace site of an original nothing is decided yet: which version runs will be seen when it does.
      const undecided = words[pc] === OP_FENTRY && this.#code.find(words, pc)?.version === 0;
      keep = undecided ? 0 : this.#patchesAt(pc);
      for (let i = 0; i < depth; i++) keep |= this.#patchesAt(words[task + TASK.size + i] ?? 0);
    }
    words[task + TASK.sawOld] = (words[task + TASK.sawOld] ?? 0) & keep;
    words[task + TASK.sawNew] = (words[task + TASK.sawNew] ?? 0) & keep;
    if (keep === 0) words[task + TASK.sawForce] = this.#note(CHECK.forces);
  }

  /** Patches that the function around a return address keeps a task from being switched for, as bits. */
  #patchesAt(addr: Addr): number {
    const found = this.#code.find(this.#words, addr);
    if (!found) return 0;
    let patches = 0;
    for (let i = 0; i < this.#code.groupsOfImage.length; i++) {
      // An original for which there is a nop holds its patch up only as long as the nop is there, which may end at any time.
      const nop = (this.#note(CHECK.nopGroups, i) & (1 << found.group)) !== 0;
      if (nop && found.version === 0) continue;
      if (this.#sideOf(found, i) !== undefined) patches |= 1 << i;
    }
    return patches;
  }
}
