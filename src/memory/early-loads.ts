/** One CPU's early loads: what words held a moment ago, and which words the CPU is likely to load next. */

import type { Random } from './random.js';
import { FIRST_VALID_ADDR, type Addr } from './struct.js';

const SLOTS = 256;
const RECENT = 8;
/** Words after the address of an object that are taken for its fields. */
const OBJECT = 64;

function slotOf(addr: Addr): number {
  return Math.imul(addr, 0x9e3779b1) >>> 24;
}

/**
 * A table of samples. A sample is a load that was carried out before the program asked for it. The table keeps at most
 * one sample of a word, and the CPU replaces or forgets it whenever it accesses the word in memory, so a sample is never
 * older than what the CPU last read or wrote there (coherence). Whether a sample is young enough for a load is the
 * CPU's business: samples carry the time of the CPU's clock.
 */
export class EarlyLoads {
  readonly #words: Int32Array;
  readonly #random: Random;
  readonly #addr = new Int32Array(SLOTS);
  readonly #value = new Int32Array(SLOTS);
  readonly #time = new Float64Array(SLOTS);
  readonly #nextKey = new Int32Array(SLOTS);
  readonly #nextAddr = new Int32Array(SLOTS);
  readonly #exposed = new Int32Array(SLOTS);
  readonly #exposedNext = new Int32Array(SLOTS);
  readonly #recent = new Int32Array(RECENT);
  #head = 0;
  #exposing = false;

  constructor(words: Int32Array, random: Random) {
    this.#words = words;
    this.#random = random;
  }

  /** Slot of the sample of a word, or -1. */
  find(addr: Addr): number {
    const slot = slotOf(addr);
    return this.#addr[slot] === addr ? slot : -1;
  }

  /** Value of the sample in a slot. */
  valueAt(slot: number): number {
    return this.#value[slot] as number;
  }

  /** Time of the sample in a slot. */
  timeAt(slot: number): number {
    return this.#time[slot] as number;
  }

  /** Keep what a word held at `time`, in place of any earlier sample of it. */
  keep(addr: Addr, value: number, time: number): void {
    const slot = slotOf(addr);
    this.#addr[slot] = addr;
    this.#value[slot] = value;
    this.#time[slot] = time;
  }

  /** Drop the sample of a word that the CPU itself has changed. */
  forget(addr: Addr): void {
    const slot = slotOf(addr);
    if (this.#addr[slot] === addr) this.#addr[slot] = 0;
  }

  /**
   * Learn that the program loads `addr` after what it loaded before.
   *
   * @param current the task that the CPU executes: its fields are learnt by their offsets, as it may be another task next time
   */
  learn(addr: Addr, current: Addr): void {
    const previous = this.#ago(0);
    const slot = slotOf(previous);
    const field = addr - current;
    const learnt = current !== 0 && field >= 0 && field < OBJECT ? ~field : addr;
    this.#nextKey[slot] = previous;
    this.#nextAddr[slot] = learnt;
    if (this.#exposing) this.#exposedNext[slot] = learnt;
    this.#exposing = false;
    this.#head = (this.#head + 1) & (RECENT - 1);
    this.#recent[this.#head] = addr;
  }

  /** The last load is no longer ordered before the next one: remember both, and carry the next one out first. */
  expose(): void {
    const addr = this.#ago(0);
    this.#exposed[slotOf(addr)] = addr;
    this.#exposing = true;
  }

  /** Whether the next load is to be carried out ahead of a load of this word. */
  isExposed(addr: Addr): boolean {
    return this.#exposed[slotOf(addr)] === addr;
  }

  /**
   * Sample one word that the program is likely to load after `addr`, which it has just learnt.
   *
   * @param time the moment of the sample
   * @param floor a sample of the word from before this moment is too old; a newer sample is kept
   */
  fetchAhead(addr: Addr, current: Addr, time: number, floor: number): void {
    const choice = this.#random.next();
    const guess =
      (choice & 1) === 0
        ? this.#follow(addr, current, (choice >>> 1) & 3)
        : this.#stride(addr, choice >>> 1);
    this.#sample(guess, addr, time, floor);
  }

  /** Sample the word that is loaded after `addr`, where the order of the two is gone. */
  fetchExposed(addr: Addr, current: Addr, time: number, floor: number): void {
    const learnt = this.#exposedNext[slotOf(addr)] as number;
    this.#sample(learnt < 0 ? current + ~learnt : learnt, addr, time, floor);
  }

  #sample(guess: Addr, addr: Addr, time: number, floor: number): void {
    if ((guess - FIRST_VALID_ADDR) >>> 0 >= this.#words.length - FIRST_VALID_ADDR) return;
    if (guess === addr) return;
    const slot = this.find(guess);
    if (slot >= 0 && this.timeAt(slot) >= floor) return;
    this.keep(guess, Atomics.load(this.#words, guess), time);
  }

  /** The load that followed `addr` the last time, or one up to `hops` later. */
  #follow(addr: Addr, current: Addr, hops: number): Addr {
    let next = addr;
    for (; hops >= 0; hops--) {
      const slot = slotOf(next);
      if (this.#nextKey[slot] !== next) break;
      const learnt = this.#nextAddr[slot] as number;
      next = learnt < 0 ? current + ~learnt : learnt;
    }
    return next;
  }

  /** `addr` plus the distance from some recent load to a later one. */
  #stride(addr: Addr, choice: number): Addr {
    const from = 1 + ((choice & 7) % (RECENT - 1));
    const to = (choice >>> 3) % from;
    return addr + this.#ago(to) - this.#ago(from);
  }

  #ago(loads: number): Addr {
    return this.#recent[(this.#head - loads) & (RECENT - 1)] as number;
  }
}
