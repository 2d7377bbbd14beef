/** Partial order sampling (Yuan, Yang and Gu, CAV 2018): random priorities of operations, drawn anew where operations race. */

import { RandomSource } from '../engine/random-source.js';
import { nth, type Position, type Step, type Strategy } from '../engine/strategy.js';
import { Weakness } from '../engine/weakness.js';
import { isWriting, type Profile } from './profile.js';

/**
 * Executes the pending operation with the highest priority, and draws a new one for each pending operation that races with it. What
 * is pending is known from a profile, by the CPU's position: a CPU at a place where no profiled execution was keeps its priority.
 */
export class PosStrategy implements Strategy {
  readonly observes = true;
  readonly restsAlone = false;
  readonly fuel = 1;
  readonly #seed: number;
  readonly #profile: Profile;
  readonly #random = new RandomSource();
  readonly #weakness = new Weakness(this.#random);
  readonly #priorities: Float64Array;
  readonly #at: Float64Array;

  constructor(seed: number, profile: Profile) {
    this.#seed = seed;
    this.#profile = profile;
    this.#priorities = new Float64Array(profile.cpus);
    this.#at = new Float64Array(profile.cpus);
  }

  begin(run: number): boolean {
    this.#random.seed(this.#seed, run);
    this.#weakness.draw();
    this.#at.fill(0);
    for (let cpu = 0; cpu < this.#priorities.length; cpu++) this.#renew(cpu);
    return true;
  }

  #renew(cpu: number): void {
    this.#priorities[cpu] = this.#random.next();
  }

  next(runnable: number, last: number, cpus: readonly Position[]): number {
    if (last >= 0) this.#at[last] = cpus[last]?.decidedAt ?? 0;
    let best = nth(runnable, 0);
    for (let rest = runnable & (runnable - 1); rest !== 0; rest &= rest - 1) {
      const cpu = nth(rest, 0);
      if ((this.#priorities[cpu] as number) > (this.#priorities[best] as number)) best = cpu;
    }
    return best;
  }

  choose(n: number, kind: number): number {
    return this.#weakness.choose(n, kind);
  }

  observe({ cpu, access, addr }: Step): void {
    this.#renew(cpu);
    for (let other = 0; other < this.#priorities.length; other++) {
      if (other === cpu) continue;
      const pending = this.#profile.next[other]?.get(this.#at[other] as number);
      if (pending?.addr === addr && (pending.writes || isWriting(access))) this.#renew(other);
    }
  }

  end(): void {
    // Nothing is carried over to the next execution.
  }
}
