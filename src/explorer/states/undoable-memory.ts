/** A sequentially consistent memory whose stores can be taken back, with a hash of its words at any time. */

import type { Addr } from '../../memory/struct.js';
import { mix, mixAgain } from './hash.js';

/** Words that are changed and changed back. */
export class UndoableMemory {
  readonly words: Int32Array;
  readonly #initial: Int32Array;
  /** Hash of all words, in two halves. */
  low = 0;
  high = 0;
  #undo = new Int32Array(1 << 10);
  #length = 0;

  constructor(initial: Int32Array) {
    this.#initial = initial;
    this.words = Int32Array.from(initial);
  }

  read(addr: Addr): number {
    return this.words[addr] as number;
  }

  write(addr: Addr, value: number): void {
    const old = this.words[addr] as number;
    if (old === value) return;
    if (this.#length + 2 > this.#undo.length) {
      const larger = new Int32Array(2 * this.#undo.length);
      larger.set(this.#undo);
      this.#undo = larger;
    }
    this.#undo[this.#length++] = addr;
    this.#undo[this.#length++] = old;
    this.#replace(addr, old, value);
  }

  #replace(addr: Addr, old: number, value: number): void {
    this.low ^= mix(addr, old) ^ mix(addr, value);
    this.high ^= mixAgain(addr, old) ^ mixAgain(addr, value);
    this.words[addr] = value;
  }

  /** What a word adds to {@link low}. */
  lowOf(addr: Addr): number {
    const initial = this.#initial[addr] as number;
    const value = this.words[addr] as number;
    return initial === value ? 0 : mix(addr, initial) ^ mix(addr, value);
  }
  /** What a word adds to {@link high}. */
  highOf(addr: Addr): number {
    const initial = this.#initial[addr] as number;
    const value = this.words[addr] as number;
    return initial === value ? 0 : mixAgain(addr, initial) ^ mixAgain(addr, value);
  }

  /** A point to which the memory can be taken back. */
  get mark(): number {
    return this.#length;
  }

  /** Take back everything since a mark. */
  restore(mark: number): void {
    while (this.#length > mark) {
      const old = this.#undo[--this.#length] as number;
      const addr = this.#undo[--this.#length] as Addr;
      this.#replace(addr, this.words[addr] as number, old);
    }
  }
}
