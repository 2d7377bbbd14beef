/**
 * Which words more than one piece of code touches, one of them with a store. This is learnt while executing: an access
 * of a word that no other code was seen to touch is no choice. When that turns out to be wrong, the search has to start
 * again.
 */

import type { Addr } from '../../memory/struct.js';

/** What is known of the words of a memory, as plain data. */
export interface SavedSharing {
  readonly readers: Int32Array;
  readonly writers: Int32Array;
  readonly surprises: number;
}

/** Which code reads and which code writes each word; code is numbered from 0 to 30. */
export class Sharing {
  readonly #readers: Int32Array;
  readonly #writers: Int32Array;
  /** Times that a word which one piece of code alone had touched turned out to be shared. */
  surprises = 0;

  constructor(words: number) {
    this.#readers = new Int32Array(words);
    this.#writers = new Int32Array(words);
  }

  save(): SavedSharing {
    return { readers: this.#readers, writers: this.#writers, surprises: this.surprises };
  }
  load({ readers, writers, surprises }: SavedSharing): void {
    this.#readers.set(readers);
    this.#writers.set(writers);
    this.surprises = surprises;
  }

  /** Code `owner` loads a word. Returns whether the order with others may matter. */
  read(owner: number, addr: Addr): boolean {
    const bit = 1 << owner;
    const others = (this.#writers[addr] as number) & ~bit;
    if (((this.#readers[addr] as number) & bit) === 0) {
      this.#readers[addr] = (this.#readers[addr] as number) | bit;
      if (others !== 0) this.surprises++;
    }
    return others !== 0;
  }

  /** Code `owner` stores to a word, or loads and stores. */
  write(owner: number, addr: Addr): boolean {
    const bit = 1 << owner;
    const others = ((this.#readers[addr] as number) | (this.#writers[addr] as number)) & ~bit;
    if (((this.#writers[addr] as number) & bit) === 0) {
      this.#writers[addr] = (this.#writers[addr] as number) | bit;
      if (others !== 0) this.surprises++;
    }
    return others !== 0;
  }

  /** Whether more than one piece of code touches a word, and one of them stores to it. */
  isShared(addr: Addr): boolean {
    const writers = this.#writers[addr] as number;
    const all = writers | (this.#readers[addr] as number);
    return writers !== 0 && (all & (all - 1)) !== 0;
  }

  /** Whether any code stores to a word. */
  isWritten(addr: Addr): boolean {
    return this.#writers[addr] !== 0;
  }

  /** Code other than that of `owners` (a bit mask) that stores to a word. */
  writersBesides(owners: number, addr: Addr): number {
    return (this.#writers[addr] as number) & ~owners;
  }
}
