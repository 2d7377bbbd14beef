/** One CPU's pending stores: they enter in program order, and land in any order that the memory model allows. */

import { releaseLock } from './native.js';
import type { Random } from './random.js';
import type { Addr } from './struct.js';

/** What a pending entry does to its word when it lands. */
export const PENDING_STORE = 0;
/** A release store: lands after everything older. */
export const PENDING_RELEASE = 1;
/** The release of a spin lock: lands after everything older, and wakes a CPU that sleeps on the lock. */
export const PENDING_UNLOCK = 5;
/** Atomics that return no value: they are carried out on the word when they land. */
export const PENDING_ADD = 2;
export const PENDING_OR = 3;
export const PENDING_AND = 4;

const CAPACITY = 16;

/**
 * A store buffer that drains out of order across different words.
 *
 * Entries of one word land in program order (coherence). `smp_wmb()` starts an epoch: nothing of a later epoch lands
 * before all of an earlier one. A release store lands after every older entry, and younger entries may overtake it.
 * Loads have always been carried out before a younger store enters, so every load-to-store order holds by itself.
 */
export class StoreBuffer {
  /** Number of pending entries. */
  size = 0;
  /** Number of pending unlocks. */
  unlocks = 0;
  /** Entries that landed before an older one. */
  overtakes = 0;

  readonly #words: Int32Array;
  readonly #random: Random;
  readonly #landed: (addr: Addr) => void;
  readonly #addr = new Int32Array(CAPACITY);
  readonly #value = new Int32Array(CAPACITY);
  readonly #kind = new Uint8Array(CAPACITY);
  readonly #wake = new Uint8Array(CAPACITY);
  readonly #held = new Uint8Array(CAPACITY);
  readonly #epochOf = new Int32Array(CAPACITY);
  readonly #born = new Float64Array(CAPACITY);
  #epoch = 0;

  /**
   * @param words the shared memory
   * @param random chooses what lands next
   * @param landed told the word of every entry that lands
   */
  constructor(words: Int32Array, random: Random, landed: (addr: Addr) => void) {
    this.#words = words;
    this.#random = random;
    this.#landed = landed;
  }

  /** Append an entry, `now` being the CPU's clock; makes room first if none is left. */
  push(addr: Addr, value: number, kind: number, now: number): void {
    if (this.size === CAPACITY && !this.drainOne()) this.drainOldest();
    if (kind === PENDING_UNLOCK) this.unlocks++;
    const i = this.size++;
    this.#addr[i] = addr;
    this.#value[i] = value;
    this.#kind[i] = kind;
    this.#wake[i] = 0;
    this.#held[i] = 0;
    this.#epochOf[i] = this.#epoch;
    this.#born[i] = now;
  }

  /** `smp_wmb()`: entries from here on land after all that are pending. */
  cut(): void {
    if (this.size > 0) this.#epoch = (this.#epoch + 1) | 0;
  }

  /** Index of the newest entry of a word, or -1. */
  newest(addr: Addr): number {
    let i = this.size;
    while (--i >= 0 && this.#addr[i] !== addr);
    return i;
  }

  /** Whether the entry at an index is a store, so that a load can take its value. */
  forwards(index: number): boolean {
    return (this.#kind[index] as number) <= PENDING_RELEASE;
  }

  /** Value of the entry at an index. */
  valueAt(index: number): number {
    return this.#value[index] as number;
  }

  /** Have the entry at an index wake the sleepers of its word when it lands. */
  wakeAt(index: number): void {
    this.#wake[index] = 1;
  }

  /** Let land what a read-modify-write of `addr` that goes to memory now must not overtake. */
  drainBefore(addr: Addr): void {
    while (this.size > 0 && this.#epochOf[0] !== this.#epoch) this.#land(0);
    for (let i = this.newest(addr); i >= 0; i = this.newest(addr)) this.#land(0);
  }

  /**
   * Keep back some of what is pending since the last `smp_wmb()`, while others and younger ones land, until {@link letGo} or
   * a full barrier: a CPU that sees some of it and misses the rest finds two things that do not go together. At least one
   * entry is kept back, if there is any.
   */
  hold(): void {
    let first = 0;
    while (first < this.size && this.#epochOf[first] !== this.#epoch) first++;
    const count = this.size - first;
    if (count === 0) return;
    for (let i = first; i < this.size; i++) this.#held[i] = this.#random.below(2);
    this.#held[first + this.#random.below(count)] = 1;
  }

  /** Let everything land that needs not wait for what is kept back. */
  drainYounger(): void {
    while (this.drainOne());
  }

  /** Keep nothing back any longer. */
  letGo(): void {
    this.#held.fill(0);
  }

  /** Let the oldest entry land if it was pushed before `time` and is not kept back. */
  expire(time: number): void {
    if (this.size > 0 && this.#held[0] === 0 && (this.#born[0] as number) < time) this.#land(0);
  }

  /** Let one entry land, any that may; returns false when none was found. */
  drainOne(): boolean {
    const start = this.size > 1 ? this.#random.below(this.size) : 0;
    let i = start;
    while (i >= 0 && !this.#mayLand(i)) i--;
    if (i < 0) for (i = start + 1; i < this.size && !this.#mayLand(i); i++);
    if (i >= this.size) return false;
    if (i > 0) this.overtakes++;
    this.#land(i);
    return true;
  }

  /** Let the oldest entry land. */
  drainOldest(): void {
    this.#land(0);
  }

  /** Let everything land, in an order that is allowed. */
  drainAll(): void {
    if (this.size === 0) return;
    this.letGo();
    while (this.size > 0) this.drainOne();
  }

  #mayLand(i: number): boolean {
    if (this.#held[i] === 1) return false;
    if (i === 0) return true;
    const kind = this.#kind[i];
    if (kind === PENDING_RELEASE || kind === PENDING_UNLOCK) return false;
    if (this.#epochOf[i] !== this.#epochOf[0]) return false;
    for (let older = 0; older < i; older++) {
      if (this.#addr[older] === this.#addr[i]) return false;
    }
    return true;
  }

  #land(i: number): void {
    const addr = this.#addr[i] as number;
    this.#perform(addr, this.#value[i] as number, this.#kind[i] as number);
    this.#landed(addr);
    if (this.#wake[i] === 1) Atomics.notify(this.#words, addr);
    this.#remove(i);
  }

  #perform(addr: Addr, value: number, kind: number): void {
    if (kind <= PENDING_RELEASE) Atomics.store(this.#words, addr, value);
    else if (kind === PENDING_ADD) Atomics.add(this.#words, addr, value);
    else if (kind === PENDING_OR) Atomics.or(this.#words, addr, value);
    else if (kind === PENDING_AND) Atomics.and(this.#words, addr, value);
    else this.#unlock(addr);
  }

  #unlock(lock: Addr): void {
    this.unlocks--;
    releaseLock(this.#words, lock);
  }

  #remove(i: number): void {
    const last = --this.size;
    for (; i < last; i++) {
      this.#addr[i] = this.#addr[i + 1] as number;
      this.#value[i] = this.#value[i + 1] as number;
      this.#kind[i] = this.#kind[i + 1] as number;
      this.#wake[i] = this.#wake[i + 1] as number;
      this.#held[i] = this.#held[i + 1] as number;
      this.#epochOf[i] = this.#epochOf[i + 1] as number;
      this.#born[i] = this.#born[i + 1] as number;
    }
  }
}
