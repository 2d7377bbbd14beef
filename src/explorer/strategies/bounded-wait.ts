/**
 * Bounds how long a CPU that could go on gets no turn. Where time passes with what CPUs execute, a CPU that is left out
 * for long lets the time-outs of others expire, which says nothing about the code.
 */

import { countOf, type Position, type Strategy } from '../engine/strategy.js';

/** Another strategy's decisions, as long as no CPU waits too long for its turn. */
export class BoundedWait implements Strategy {
  readonly observes = false;
  readonly #chosen: Strategy;
  readonly #longest: number;
  #fuel = 1;
  /** CPUs that could go on when the strategy was asked last. */
  #runnable = 0;
  /** For each CPU the operations that it had executed, and those of all CPUs, when its wait began. */
  readonly #own: number[] = [];
  readonly #since: number[] = [];

  /**
   * @param chosen decides otherwise; may not observe
   * @param longest operations of the others after which a CPU gets its turn
   */
  constructor(chosen: Strategy, longest: number) {
    if (chosen.observes) throw new RangeError('a strategy that observes cannot be overruled');
    this.#chosen = chosen;
    this.#longest = longest;
  }

  get fuel(): number {
    return this.#fuel;
  }
  get weights(): Uint8Array | undefined {
    return this.#chosen.weights;
  }
  get restsAlone(): boolean {
    return this.#chosen.restsAlone;
  }

  begin(run: number): boolean {
    this.#runnable = 0;
    return this.#chosen.begin(run);
  }

  next(runnable: number, last: number, cpus: readonly Position[]): number {
    const late = this.#late(runnable, cpus);
    this.#runnable = runnable;
    if (late >= 0) {
      // Whatever comes of its turn, the others get theirs afterwards.
      this.#runnable &= ~(1 << late);
      this.#fuel = 1;
      return late;
    }
    const next = this.#chosen.next(runnable, last, cpus);
    this.#fuel = this.#chosen.fuel;
    return next;
  }

  /** The CPU that has waited longest, if that is too long; else -1. */
  #late(runnable: number, cpus: readonly Position[]): number {
    if (countOf(runnable) < 2) return -1;
    let all = 0;
    for (const { count } of cpus) all += count;
    let late = -1;
    let longest = this.#longest;
    for (let id = 0; id < cpus.length; id++) {
      const { count } = cpus[id] as Position;
      const waits = (this.#runnable & runnable & (1 << id)) !== 0 && this.#own[id] === count;
      if (!waits) {
        this.#own[id] = count;
        this.#since[id] = all;
      } else if (all - (this.#since[id] as number) > longest) {
        longest = all - (this.#since[id] as number);
        late = id;
      }
    }
    return late;
  }

  choose(
    ...[n, kind, cpu, addr, step, index]: Parameters<Strategy['choose']>
  ): ReturnType<Strategy['choose']> {
    return this.#chosen.choose(n, kind, cpu, addr, step, index);
  }

  observe(): void {
    // Neither does the other strategy.
  }

  end(): void {
    this.#chosen.end();
  }
}
