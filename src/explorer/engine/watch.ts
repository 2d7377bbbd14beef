/**
 * Words that decide whether more than one CPU can go on. While only one can, and none of these words changes, the
 * strategy is not asked.
 */

import type { Addr } from '../../memory/struct.js';
import type { StateView } from '../../scenario/declare.js';
import type { ExplorerMemory } from './explorer-memory.js';

/** The words that a CPU waits for, or that an interrupt depends on. Reading a word through it adds the word. */
export class Watch implements StateView {
  /** 1 for each word that is watched. */
  readonly words: Uint8Array;
  readonly #memory: ExplorerMemory;
  // Only so many elements count: emptying an array would give its memory away, execution after execution.
  readonly #added: Addr[] = [];
  #count = 0;

  constructor(memory: ExplorerMemory, words: number) {
    this.#memory = memory;
    this.words = new Uint8Array(words);
  }

  /** Watch a word until {@link clear}. */
  add(addr: Addr): void {
    if (this.words[addr] !== 0) return;
    this.words[addr] = 1;
    this.#added[this.#count++] = addr;
  }

  read(addr: Addr): number {
    this.add(addr);
    return this.#memory.newest(addr);
  }

  /** Watch nothing. */
  clear(): void {
    for (let i = 0; i < this.#count; i++) this.words[this.#added[i] as Addr] = 0;
    this.#count = 0;
  }
}
