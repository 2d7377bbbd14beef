/** Answers after which code was assumed not to go on, since it has never been seen to go on after them. */

import type { LocalGraph } from './local-graph.js';

/** Assumptions, as plain data. */
export interface SavedAssumed {
  readonly surprises: number;
  readonly all: Uint8Array;
  readonly one: ReadonlyMap<number, ReadonlySet<number>>;
}

/** Notices when code goes on after such an answer nevertheless. */
export class Assumed {
  /** How often it did. */
  surprises = 0;
  /** For each local state, 1 if it was assumed to have no other answers than those that are known. */
  #all = new Uint8Array(0);
  readonly #one = new Map<number, Set<number>>();

  constructor(local: LocalGraph) {
    local.onLink = (state, answer) => {
      if (this.#all[state] === 1 || this.#one.get(state)?.has(answer) === true) this.surprises++;
    };
  }

  save(): SavedAssumed {
    return { surprises: this.surprises, all: this.#all, one: this.#one };
  }
  load({ surprises, all, one }: SavedAssumed): void {
    this.surprises = surprises;
    this.#all = all.slice();
    this.#one.clear();
    for (const [state, answers] of one) this.#one.set(state, new Set(answers));
  }

  /** Assume nothing any more. */
  clear(): void {
    this.#all.fill(0);
    this.#one.clear();
    this.surprises = 0;
  }

  /** Assume that a state has no other answers than those that are known. */
  all(state: number): void {
    if (state >= this.#all.length) {
      const larger = new Uint8Array(2 * (state + 1));
      larger.set(this.#all);
      this.#all = larger;
    }
    this.#all[state] = 1;
  }

  /** Assume that a state is never given a certain answer. */
  one(state: number, answer: number): void {
    const answers = this.#one.get(state);
    if (answers === undefined) this.#one.set(state, new Set([answer]));
    else answers.add(answer);
  }
}
