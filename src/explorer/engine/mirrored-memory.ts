/** A memory whose newest values are also kept in an array, which the checks of a whole machine read. */

import type { ChoiceSource } from '../../memory/model.js';
import type { Addr, CpuId } from '../../memory/struct.js';
import type { ExplorerMemory } from './explorer-memory.js';
import { ScMemory } from './sc-memory.js';

/** A memory whose newest values are kept in an array. */
interface WithNewest extends ExplorerMemory {
  /** The newest value of every word, once an execution has begun; words that only checks use may be written here. */
  readonly words: Int32Array;
}

/** The same memory with its newest values in an array. A sequentially consistent memory has them there anyway. */
export function withNewest(memory: ExplorerMemory, words: number): WithNewest {
  return memory instanceof ScMemory ? memory : new MirroredMemory(memory, words);
}

/** Passes everything on to another memory, and keeps {@link words} up to date. */
class MirroredMemory implements WithNewest {
  readonly words: Int32Array;
  readonly #memory: ExplorerMemory;

  constructor(memory: ExplorerMemory, words: number) {
    this.#memory = memory;
    this.words = new Int32Array(words);
  }

  reset(initial: Int32Array, choices: ChoiceSource): void {
    this.#memory.reset(initial, choices);
    this.words.set(initial);
  }

  load(cpu: CpuId, addr: Addr, order: number): number {
    return this.#memory.load(cpu, addr, order);
  }

  store(cpu: CpuId, addr: Addr, value: number, order: number): void {
    this.#memory.store(cpu, addr, value, order);
    this.words[addr] = this.#memory.newest(addr);
  }

  rmw(
    cpu: CpuId,
    addr: Addr,
    op: number,
    operand: number,
    expected: number,
    order: number,
  ): number {
    const old = this.#memory.rmw(cpu, addr, op, operand, expected, order);
    this.words[addr] = this.#memory.newest(addr);
    return old;
  }

  rmwEnd(cpu: CpuId): void {
    this.#memory.rmwEnd(cpu);
  }

  fence(cpu: CpuId, kind: number): void {
    this.#memory.fence(cpu, kind);
  }

  lock(cpu: CpuId, addr: Addr): boolean {
    const taken = this.#memory.lock(cpu, addr);
    this.words[addr] = this.#memory.newest(addr);
    return taken;
  }

  unlock(cpu: CpuId, addr: Addr): void {
    this.#memory.unlock(cpu, addr);
    this.words[addr] = this.#memory.newest(addr);
  }

  holds(cpu: CpuId, addr: Addr): boolean {
    return this.#memory.holds(cpu, addr);
  }

  trylock(cpu: CpuId, addr: Addr): boolean {
    const taken = this.#memory.trylock(cpu, addr);
    this.words[addr] = this.#memory.newest(addr);
    return taken;
  }

  newest(addr: Addr): number {
    return this.words[addr] as number;
  }

  poke(addr: Addr, value: number): void {
    this.#memory.poke(addr, value);
    this.words[addr] = value;
  }
}
