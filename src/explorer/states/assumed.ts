/** Answers after which code was assumed not to go on, since it has never been seen to go on after them. */

import type { LocalGraph } from './local-graph.js';

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
