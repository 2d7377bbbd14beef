/** Probabilistic concurrency testing for weak memory (Gao, Chakraborty and Ozkan, ASPLOS 2023): depth over communication. */

import { CHOOSE_READ } from '../../memory/model.js';
import { RandomSource } from '../engine/random-source.js';
import { nth, type Strategy } from '../engine/strategy.js';
import { Weakness } from '../engine/weakness.js';
import type { Profile } from './profile.js';

/** Parameters of the search. */
export interface PctwmParameters {
  /** Communications that a bug needs: reads of what other CPUs stored. */
  readonly depth: number;
  /** Of how many stores, the newest first, a communication may read. */
  readonly history: number;
}

/**
 * Runs the CPU with the highest priority. All loads that may read several stores read the oldest, which is what their CPU knows
 * already, but for a few that are drawn: those communicate, and come as late as can be. A load is known only when it is executed:
 * its CPU is held back right after the load before it.
 */
export class PctwmStrategy implements Strategy {
  readonly observes = false;
  readonly restsAlone = true;
  readonly fuel = 1;
  readonly #seed: number;
  readonly #parameters: PctwmParameters;
  readonly #cpus: number;
  /** Loads of an execution with several answers. */
  readonly #reads: number;
  readonly #random = new RandomSource();
  readonly #weakness = new Weakness(this.#random);
  readonly #priorities: number[] = [];
  readonly #sinks = new Set<number>();
  #floor = 0;
  #read = 0;

  constructor(seed: number, parameters: PctwmParameters, { cpus, reads }: Profile) {
    this.#seed = seed;
    this.#parameters = parameters;
    this.#cpus = cpus;
    this.#reads = Math.max(1, Math.round(reads));
  }

  begin(run: number): boolean {
    const random = this.#random;
    random.seed(this.#seed, run);
    this.#weakness.draw();
    for (let cpu = 0; cpu < this.#cpus; cpu++) this.#priorities[cpu] = 1 + random.next();
    this.#sinks.clear();
    for (let i = 0; i < this.#parameters.depth; i++) this.#sinks.add(random.below(this.#reads));
    this.#floor = 0;
    this.#read = 0;
    return true;
  }

  next(runnable: number): number {
    let best = nth(runnable, 0);
    for (let rest = runnable & (runnable - 1); rest !== 0; rest &= rest - 1) {
      const cpu = nth(rest, 0);
      if ((this.#priorities[cpu] as number) > (this.#priorities[best] as number)) best = cpu;
    }
    return best;
  }

  choose(n: number, kind: number, cpu: number): number {
    if (kind !== CHOOSE_READ) return this.#weakness.choose(n, kind);
    const isSink = this.#sinks.has(this.#read++);
    if (this.#sinks.has(this.#read)) this.#priorities[cpu] = --this.#floor;
    return isSink ? this.#random.below(Math.min(n, this.#parameters.history)) : n - 1;
  }

  observe(): void {
    // What was drawn does not depend on what was executed.
  }

  end(): void {
    // Nothing is carried over to the next execution.
  }
}
