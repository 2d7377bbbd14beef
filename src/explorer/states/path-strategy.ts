/** Executes, with the real engine, the way on which a search of states came to an end. */

import { CHOOSE_FAIL } from '../../memory/model.js';
import { ACCESS_ATTEMPT, ACCESS_NONE, ACCESS_PEEK } from '../engine/operations.js';
import { CHOOSE_INTERRUPT, lowest, type Step, type Strategy } from '../engine/strategy.js';

/**
 * Follows one way. It holds a number for each step: that of the CPU, plus the number of CPUs when a trylock fails late,
 * plus twice that number when the CPU begins an interrupt, plus three times that number when it begins to wait and
 * executes the fence that it owes. What the engine counts as a step and the search does not (the end of code, beginning
 * to wait) is executed when no other CPU can go on.
 */
export class PathStrategy implements Strategy {
  readonly observes = true;
  readonly restsAlone = false;
  readonly fuel = 1;
  readonly #path: readonly number[];
  readonly #cpus: number;
  readonly #answers: readonly (readonly number[])[];
  /** Answers given in the step under way. */
  #given = 0;
  #at = 0;
  /** CPUs that are to begin an interrupt with their next step. */
  #interrupted = 0;

  /** @param answers answers of the memory in each step; where missing, the sequentially consistent ones */
  constructor(path: readonly number[], cpus: number, answers: readonly (readonly number[])[] = []) {
    this.#path = path;
    this.#cpus = cpus;
    this.#answers = answers;
  }

  begin(): boolean {
    this.#at = 0;
    this.#interrupted = this.#given = 0;
    return true;
  }

  next(runnable: number): number {
    let choice = this.#path[this.#at];
    while (choice !== undefined && choice >= 2 * this.#cpus && !this.#isWait(choice)) {
      this.#interrupted |= 1 << (choice - 2 * this.#cpus);
      choice = this.#path[++this.#at];
    }
    const cpu = choice === undefined ? -1 : choice % this.#cpus;
    return cpu >= 0 && (runnable & (1 << cpu)) !== 0 ? cpu : lowest(runnable);
  }

  /** Whether a CPU begins to wait, with the fence that it owes. */
  #isWait(choice: number): boolean {
    return choice >= 3 * this.#cpus;
  }

  choose(n: number, kind: number, cpu: number): number {
    if (kind === CHOOSE_INTERRUPT) return (this.#interrupted >> cpu) & 1;
    const answers = this.#answers[this.#at];
    if (answers !== undefined) return Math.min(answers[this.#given++] ?? 0, n - 1);
    return kind === CHOOSE_FAIL && this.#path[this.#at] === this.#cpus + cpu ? 1 : 0;
  }

  observe({ cpu, access, addr, strong }: Step): void {
    const choice = this.#path[this.#at];
    if (choice === undefined || choice % this.#cpus !== cpu) return;
    if (access === ACCESS_PEEK || (access === ACCESS_ATTEMPT) !== this.#isWait(choice)) return;
    if (access === ACCESS_NONE && addr === 0 && !strong) return;
    this.#at++;
    this.#given = 0;
    this.#interrupted &= ~(1 << cpu);
  }

  end(): void {
    // One way, as often as wanted.
  }
}
