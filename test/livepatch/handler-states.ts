/** Generated states for the ftrace handler: a function stack, its functions' flags, and the patch state of the task. */

import { FTRACE_FN_KLP, FTRACE_OPS } from '../../src/kernel/ftrace.js';
import { LIST, LIST_POISON1 } from '../../src/kernel/list.js';
import { TASK } from '../../src/kernel/task.js';
import { KLP_FUNC, KLP_OPS } from '../../src/livepatch/layout.js';
import { Random } from '../../src/memory/random.js';
import { POISON } from '../../src/memory/struct.js';

/** Functions that a stack can hold. */
export const MOST_FUNCS = 8;

/** Where the state lies; plain data, so that another thread can write it. */
export interface Arena {
  readonly buffer: SharedArrayBuffer;
  readonly ops: number;
  readonly funcs: readonly number[];
  readonly task: number;
  /** Counts the writer's changes: odd while one is under way. */
  readonly sequence: number;
  /** Non-zero: the writer is to stop. */
  readonly stop: number;
}

/** Writes states. */
export class StateWriter {
  readonly #words: Int32Array;
  readonly #arena: Arena;
  readonly #random: Random;

  constructor(arena: Arena, seed: number) {
    this.#words = new Int32Array(arena.buffer);
    this.#arena = arena;
    this.#random = new Random(seed);
    // As in every ops; who goes past the end of the stack takes it for an address.
    const fops = arena.ops + KLP_OPS.fops;
    this.#words.fill(0, fops, fops + FTRACE_OPS.size);
    this.#words[fops + FTRACE_OPS.func] = FTRACE_FN_KLP;
    arena.funcs.forEach((func, i) => {
      this.#words[func + KLP_FUNC.newFunc] = 1000 + i;
    });
  }

  /** Any state that the handler can meet in a machine that works: stacks of 0 to 8, all flags, all patch states. */
  any(): void {
    const words = this.#words;
    const { ops, funcs, task } = this.#arena;
    const head = ops + KLP_OPS.funcStack;
    const [depth, first, step] = [this.#below(MOST_FUNCS + 1), this.#below(8), this.#below(4)];
    let link = head;
    for (let i = 0; i < depth; i++) {
      const func = funcs[(first + i * (2 * step + 1)) % MOST_FUNCS]!;
      words[func + KLP_FUNC.transition] = this.#below(2);
      words[func + KLP_FUNC.nop] = this.#below(3) === 0 ? 1 : 0;
      words[link + LIST.next] = func + KLP_FUNC.stackNode;
      link = func + KLP_FUNC.stackNode;
    }
    words[link + LIST.next] = head;
    words[task + TASK.patchState] = this.#below(3) - 1;
  }

  /** As {@link any}, called by the list function or not, and now and then a recursion of the task, or a link into freed or no memory. */
  anyOrBroken(): void {
    this.any();
    const words = this.#words;
    const { ops, funcs, task } = this.#arena;
    words[task + TASK.traceRecursion] = (this.#below(32) === 0 ? 1 : 0) | (2 * this.#below(2));
    if (this.#below(32) !== 0) return;
    const nowhere = [0, 1, 17, -1, POISON, LIST_POISON1, words.length, words.length + 3];
    const at =
      this.#below(2) === 0 ? ops + KLP_OPS.funcStack : funcs[this.#below(8)]! + KLP_FUNC.stackNode;
    words[at + LIST.next] = nowhere[this.#below(nowhere.length)]!;
  }

  #below(n: number): number {
    return this.#random.below(n);
  }
}
