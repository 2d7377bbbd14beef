/** Probabilistic concurrency testing (Burckhardt et al., ASPLOS 2010): random priorities with d - 1 changes of them. */

import { RandomSource } from '../engine/random-source.js';
import { nth, type Position, type Strategy } from '../engine/strategy.js';
import { Weakness } from '../engine/weakness.js';

/** Parameters of the guarantee. */
export interface PctParameters {
  /** Number of CPUs. */
  readonly n: number;
  /** Operations of an execution, at most. */
  readonly k: number;
  /** Depth of the bugs looked for: ordering constraints that must hold for one to show. */
  readonly d: number;
}

/** Least probability with which one execution finds a bug of depth d, if the memory is sequentially consistent. */
export function pctBound({ n, k, d }: PctParameters): number {
  return 1 / (n * k ** (d - 1));
}

/**
 * Always runs the CPU with the highest priority. At each of d - 1 random operations, the priority of that CPU falls
 * below all others.
 */
export class PctStrategy implements Strategy {
  readonly observes = false;
  readonly restsAlone = false;
  fuel = 1;
  readonly #seed: number;
  readonly #parameters: PctParameters;
  readonly #random = new RandomSource();
  readonly #weakness = new Weakness(this.#random);
  readonly #priorities: number[] = [];
  #changes: number[] = [];
  #floor = 0;

  constructor(seed: number, parameters: PctParameters) {
    this.#seed = seed;
    this.#parameters = parameters;
  }

  begin(run: number): boolean {
    const { n, k: steps, d: depth } = this.#parameters;
    const random = this.#random;
    random.seed(this.#seed, run);
    this.#weakness.draw();
    for (let cpu = 0; cpu < n; cpu++) this.#priorities[cpu] = 1 + random.next();
    this.#changes = Array.from({ length: depth - 1 }, () => 1 + random.below(steps)).sort(
      (a, b) => b - a,
    );
    this.#floor = 0;
    return true;
  }

  next(runnable: number, last: number, cpus: readonly Position[]): number {
    let executed = 0;
    for (const { count } of cpus) executed += count;
    while ((this.#changes.at(-1) ?? Infinity) <= executed) {
      this.#changes.pop();
      if (last >= 0) this.#priorities[last] = --this.#floor;
    }
    let best = -1;
    for (let rest = runnable; rest !== 0; rest &= rest - 1) {
      const cpu = nth(rest, 0);
      if (best < 0 || this.#priority(cpu) > this.#priority(best)) best = cpu;
    }
    this.fuel = (this.#changes.at(-1) ?? Infinity) - executed;
    return best;
  }

  #priority(cpu: number): number {
    return this.#priorities[cpu] ?? 0;
  }

  choose(n: number, kind: number): number {
    return this.#weakness.choose(n, kind);
  }

  observe(): void {
    // Priorities do not depend on what was executed.
  }

  end(): void {
    // Nothing is carried over to the next execution.
  }
}
