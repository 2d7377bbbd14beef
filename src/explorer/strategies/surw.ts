/** Selectively uniform random walk (Zhao et al., ASPLOS 2025): uniform over the orders of the operations on a few words. */

import { RandomSource } from '../engine/random-source.js';
import { nth, type Strategy } from '../engine/strategy.js';
import { Weakness } from '../engine/weakness.js';
import type { Profile, SharedWord } from './profile.js';

/** Words whose operations are ordered, at most. */
const MOST_WORDS = 4;
/** Weight of a CPU that has no operations left according to the profile. */
const LEAST = 0.05;

/**
 * Each execution draws a few words that several CPUs share. The operations on these are what turns are counted in, and the next one
 * is each CPU's with a probability in proportion to how many it has left; how many it has is known from a profile. Everything else
 * a CPU does goes with the operation on a chosen word before it.
 */
export class SurwStrategy implements Strategy {
  readonly observes = false;
  readonly restsAlone = true;
  readonly fuel = 1;
  /** 1 for each word that was drawn. */
  readonly weights: Uint8Array;
  readonly #seed: number;
  readonly #words: readonly SharedWord[];
  readonly #random = new RandomSource();
  readonly #weakness = new Weakness(this.#random);
  readonly #left: Float64Array;
  readonly #drawn: SharedWord[] = [];
  #turn = -1;

  /** @param words number of words of the memory */
  constructor(seed: number, profile: Profile, words: number) {
    this.#seed = seed;
    this.#words = profile.shared;
    this.weights = new Uint8Array(words).fill(profile.shared.length === 0 ? 1 : 0);
    this.#left = new Float64Array(profile.cpus);
  }

  begin(run: number): boolean {
    const random = this.#random;
    random.seed(this.#seed, run);
    this.#weakness.draw();
    for (const { addr } of this.#drawn) this.weights[addr] = 0;
    this.#drawn.length = 0;
    this.#left.fill(0);
    this.#turn = -1;
    const words = this.#words;
    for (let i = words.length === 0 ? 0 : 1 + random.below(MOST_WORDS); i > 0; i--) {
      this.#draw(words[random.below(words.length)] as SharedWord);
    }
    return true;
  }

  #draw(word: SharedWord): void {
    if (this.weights[word.addr] === 1) return;
    this.weights[word.addr] = 1;
    this.#drawn.push(word);
    for (const [cpu, count] of word.counts.entries()) {
      this.#left[cpu] = this.#leftOf(cpu) + count;
    }
  }

  #leftOf(cpu: number): number {
    return this.#left[cpu] ?? 0;
  }

  next(runnable: number): number {
    if ((runnable & (runnable - 1)) === 0) return nth(runnable, 0);
    if (this.#turn >= 0) this.#left[this.#turn] = Math.max(0, this.#leftOf(this.#turn) - 1);
    let total = 0;
    for (let rest = runnable; rest !== 0; rest &= rest - 1) {
      total += LEAST + this.#leftOf(nth(rest, 0));
    }
    let at = (this.#random.next() / 0x100000000) * total;
    let cpu = nth(runnable, 0);
    for (let rest = runnable; rest !== 0; rest &= rest - 1) {
      cpu = nth(rest, 0);
      at -= LEAST + this.#leftOf(cpu);
      if (at < 0) break;
    }
    this.#turn = cpu;
    return cpu;
  }

  choose(n: number, kind: number): number {
    return this.#weakness.choose(n, kind);
  }

  observe(): void {
    // What was drawn does not depend on what was executed.
  }

  end(): void {
    // Nothing is carried over to the next execution.
  }
}
