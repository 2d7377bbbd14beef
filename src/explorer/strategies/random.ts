/**
 * Random strategy: each execution draws how it schedules (uniform, sticky, uneven, by priorities) and how weak its memory is. If it is
 * known what the CPUs share, turns of some executions are measured in accesses to that.
 */

import { RandomSource } from '../engine/random-source.js';
import { countOf, nth, type Strategy } from '../engine/strategy.js';
import { times, TUNED, Weakness } from '../engine/weakness.js';
import type { Profile } from './profile.js';

const UNIFORM = 0;
const STICKY = 1;
const PRIORITY = 2;
const UNEVEN = 3;
/** Modes in which turns are measured in accesses to what is shared: uneven, uneven by priorities, and a few long turns. */
const UNEVEN_SHARED = 4;
const PRIORITY_SHARED = 5;
const LONG_SHARED = 6;

/** What an execution draws from; what stands there more often is drawn more often. */
interface Draws {
  readonly modes: readonly number[];
  /** Mean number of operations between two decisions of an execution that does not schedule uniformly. */
  readonly paces: readonly number[];
}

const BLIND: Draws = {
  modes: [UNIFORM, STICKY, PRIORITY, UNEVEN, UNEVEN],
  paces: [4, 12, 40, 120, 400],
};

/** What found the rare bugs of the catalogue soonest, without finding any other much later (`npm run bench:find`). */
const PROFILED: Draws = {
  modes: [
    ...times(13, UNIFORM),
    ...times(2, STICKY),
    ...times(5, PRIORITY),
    ...times(9, UNEVEN),
    ...times(7, UNEVEN_SHARED),
    ...times(18, PRIORITY_SHARED),
    LONG_SHARED,
  ],
  paces: [4, 4, 4, 12, 40, 120, 400, 400],
};

/** Longest turn of an uneven execution, as a power of 2. */
const UNEVEN_BITS = 10;

/** What an access to a shared word takes of a turn, where any other operation takes 1. */
const SHARED_WEIGHT = 64;

/** What an execution is known to do with what its CPUs share. */
interface Shared {
  readonly weights: Uint8Array;
  /** Accesses of all CPUs to it in one execution. */
  readonly accesses: number;
  /** Longest turn that is uneven in such accesses, as a power of 2. */
  readonly bits: number;
}

/** @param words number of words of the memory */
function sharedOf({ shared }: Profile, words: number): Shared {
  const weights = new Uint8Array(words).fill(1);
  let sum = 0;
  for (const { addr, counts } of shared) {
    weights[addr] = SHARED_WEIGHT;
    for (const count of counts) sum += count;
  }
  const accesses = Math.max(1, Math.ceil(sum));
  return { weights, accesses, bits: Math.ceil(Math.log2(accesses)) };
}

/** Draws everything from a seed and the number of the execution. */
export class RandomStrategy implements Strategy {
  readonly observes = false;
  readonly restsAlone: boolean = true;
  fuel = 1;
  weights: Uint8Array | undefined;
  readonly #seed: number;
  readonly #random = new RandomSource();
  readonly #priorities = new Float64Array(32);
  readonly #draws: Draws;
  readonly #shared: Shared | undefined;
  readonly #even = new Weakness(this.#random);
  readonly #tuned = new Weakness(this.#random, TUNED);
  #weakness = this.#even;
  #mode = UNIFORM;
  #pace = 1;

  /**
   * @param profile what the CPUs share, if that is known
   * @param words number of words of the memory, with a profile
   */
  constructor(seed: number, profile?: Profile, words = 0) {
    this.#seed = seed;
    this.#draws = profile === undefined ? BLIND : PROFILED;
    this.#shared = profile && sharedOf(profile, words);
  }

  begin(run: number): boolean {
    const random = this.#random;
    random.seed(this.#seed, run);
    const { modes, paces } = this.#draws;
    this.#mode = modes[random.below(modes.length)] as number;
    this.#pace = paces[random.below(paces.length)] as number;
    this.weights = this.#mode >= UNEVEN_SHARED ? this.#shared?.weights : undefined;
    const isEven = this.#shared === undefined || this.#mode === UNIFORM;
    this.#weakness = isEven ? this.#even : this.#tuned;
    this.#weakness.draw();
    if (this.#isByPriority) {
      for (let i = 0; i < 32; i++) this.#priorities[i] = random.next();
    }
    return true;
  }

  get #isByPriority(): boolean {
    return this.#mode === PRIORITY || this.#mode === PRIORITY_SHARED;
  }

  next(runnable: number, last: number): number {
    if ((runnable & (runnable - 1)) === 0) {
      this.fuel = 1;
      return nth(runnable, 0);
    }
    if (this.#isByPriority) return this.#byPriority(runnable, last);
    this.fuel = this.#turn();
    return nth(runnable, this.#random.below(countOf(runnable)));
  }

  /** How long a turn is: one operation, about as many as the pace says, or anything between one and very many. */
  #turn(): number {
    const random = this.#random;
    if (this.#mode === UNIFORM) return 1;
    if (this.#mode === STICKY || this.#mode === PRIORITY) return 1 + random.below(2 * this.#pace);
    if (this.#mode === UNEVEN || this.#shared === undefined) {
      return 1 + random.below(1 << random.below(UNEVEN_BITS + 1));
    }
    return this.#sharedTurn(this.#shared);
  }

  #sharedTurn({ accesses, bits }: Shared): number {
    const random = this.#random;
    if (this.#mode === LONG_SHARED) return 1 + random.below(SHARED_WEIGHT * accesses);
    return SHARED_WEIGHT * (1 + random.below(1 << random.below(bits + 1)));
  }

  #byPriority(runnable: number, last: number): number {
    const priorities = this.#priorities;
    if (last >= 0) priorities[last] = this.#random.next() * 0.5;
    let best = -1;
    for (let rest = runnable; rest !== 0; rest &= rest - 1) {
      const cpu = nth(rest, 0);
      if (best < 0 || (priorities[cpu] as number) > (priorities[best] as number)) best = cpu;
    }
    this.fuel = this.#turn();
    return best;
  }

  choose(n: number, kind: number): number {
    return this.#weakness.choose(n, kind);
  }

  observe(): void {
    // Draws do not depend on what was executed.
  }

  end(): void {
    // Nothing is carried over to the next execution.
  }
}
