/** What a memory that is not sequentially consistent answers in one step: every combination of answers, one after another. */

import type { ChoiceSource } from '../../memory/model.js';

/** No answers that were decided before: all are the sequentially consistent ones. */
export const NO_ANSWERS: readonly number[] = [];

/** Draws one of `n` answers at random. */
export type Draw = (n: number) => number;

/** Answers of the memory in the step that is being executed. */
export class Answers implements ChoiceSource {
  /** The operation has to see the newest value: its CPU was told that the word has changed. */
  fresh = false;
  /** Whether answers were left out because too many would not be the sequentially consistent ones. */
  cut = false;
  #decided = NO_ANSWERS;
  #taken: number[] = [];
  readonly #sizes: number[] = [];
  #most = Infinity;
  #weak = 0;
  #random: Draw | undefined;

  /**
   * A step begins.
   *
   * @param decided the first answers; all others are 0, or drawn from `random`
   * @param most how many answers may be other than 0
   */
  begin(decided: readonly number[], most: number, random?: Draw): void {
    this.#decided = decided;
    this.#most = most;
    this.#random = random;
    this.#taken = [];
    this.#sizes.length = 0;
    this.#weak = 0;
  }

  choose(n: number): number {
    if (this.fresh) return 0;
    const i = this.#taken.length;
    const decided = this.#decided[i];
    if (decided === undefined && this.#weak >= this.#most) {
      this.cut = true;
      return 0;
    }
    const answer = decided ?? this.#random?.(n) ?? 0;
    this.#taken.push(answer);
    this.#sizes.push(n);
    if (answer !== 0) this.#weak++;
    return answer;
  }

  /** The answers of the step. */
  get taken(): readonly number[] {
    return this.#taken;
  }

  /** How many of them are not 0. */
  get weak(): number {
    return this.#weak;
  }

  /** The next combination of answers; nothing after the last. */
  get next(): readonly number[] | undefined {
    let weak = this.#weak;
    for (let i = this.#taken.length - 1; i >= 0; i--) {
      const answer = this.#taken[i] as number;
      if (answer !== 0) weak--;
      if (answer + 1 >= (this.#sizes[i] as number)) continue;
      if (weak < this.#most) return [...this.#taken.slice(0, i), answer + 1];
      this.cut = true;
    }
    return undefined;
  }
}
