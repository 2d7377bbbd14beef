/** Answers by which code was taken not to go on, as nobody has seen it do so. */

import type { LocalGraph } from './local-graph.js';

/** Notices when code goes on by one of them after all. */
export class Assumed {
  /** How often it did. */
  surprises = 0;
  /** For each local state 1 if no answer but those that are known was thought of. */
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

  /** A state is taken to have no other answers than those that are known. */
  all(state: number): void {
    if (state >= this.#all.length) {
      const larger = new Uint8Array(2 * (state + 1));
      larger.set(this.#all);
      this.#all = larger;
    }
    this.#all[state] = 1;
  }

  /** A state is taken not to be given an answer. */
  one(state: number, answer: number): void {
    const answers = this.#one.get(state);
    if (answers === undefined) this.#one.set(state, new Set([answer]));
    else answers.add(answer);
  }
}
