/** Executes, with the real engine, the way on which a search of states came to an end. */

import { CHOOSE_FAIL } from '../../memory/model.js';
import { ACCESS_ATTEMPT, ACCESS_NONE, ACCESS_PEEK } from '../engine/operations.js';
import { CHOOSE_INTERRUPT, lowest, type Step, type Strategy } from '../engine/strategy.js';

/**
 * Follows one way: for each step the CPU, the number of CPUs more when a trylock fails late, twice as many more when the CPU
 * begins an interrupt. What the engine counts as a step and the search does not (the end of code, beginning to wait) is
 * executed when nobody else can go on.
 */
export class PathStrategy implements Strategy {
  readonly observes = true;
  readonly restsAlone = false;
  readonly fuel = 1;
  readonly #path: readonly number[];
  readonly #cpus: number;
  #at = 0;
  /** CPUs that are to begin an interrupt with their next step. */
  #interrupted = 0;

  constructor(path: readonly number[], cpus: number) {
    this.#path = path;
    this.#cpus = cpus;
  }

  begin(): boolean {
    this.#at = 0;
    this.#interrupted = 0;
    return true;
  }

  next(runnable: number): number {
    let choice = this.#path[this.#at];
    while (choice !== undefined && choice >= 2 * this.#cpus) {
      this.#interrupted |= 1 << (choice - 2 * this.#cpus);
      choice = this.#path[++this.#at];
    }
    const cpu = choice === undefined ? -1 : choice % this.#cpus;
    return cpu >= 0 && (runnable & (1 << cpu)) !== 0 ? cpu : lowest(runnable);
  }

  choose(_n: number, kind: number, cpu: number): number {
    if (kind === CHOOSE_INTERRUPT) return (this.#interrupted >> cpu) & 1;
    return kind === CHOOSE_FAIL && this.#path[this.#at] === this.#cpus + cpu ? 1 : 0;
  }

  observe({ cpu, access, addr }: Step): void {
    const isOther = access === ACCESS_PEEK || access === ACCESS_ATTEMPT;
    if (isOther || (access === ACCESS_NONE && addr === 0)) return;
    if (this.#path[this.#at] === undefined || (this.#path[this.#at] as number) % this.#cpus !== cpu)
      return;
    this.#at++;
    this.#interrupted &= ~(1 << cpu);
  }

  end(): void {
    // One way, as often as wanted.
  }
}
