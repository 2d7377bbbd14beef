/** Sequentially consistent memory: every load returns the newest value, fences do nothing. The baseline of the weak one. */

import {
  CHOOSE_FAIL,
  RMW_ADD,
  RMW_AND,
  RMW_CMPXCHG,
  RMW_OR,
  type ChoiceSource,
} from '../../memory/model.js';
import { unheldLock } from '../../memory/fault.js';
import { POISON, type Addr, type CpuId } from '../../memory/struct.js';
import type { ExplorerMemory } from './explorer-memory.js';

/** A memory without any weakness; its only choice is a trylock that fails late. */
export class ScMemory implements ExplorerMemory {
  words: Int32Array = new Int32Array(0);
  #choices: ChoiceSource | undefined;

  reset(initial: Int32Array, choices: ChoiceSource): void {
    if (this.words.length === initial.length) this.words.set(initial);
    else this.words = Int32Array.from(initial);
    this.#choices = choices;
  }

  load(_cpu: CpuId, addr: Addr, _order: number): number {
    return this.words[addr] as number;
  }

  store(_cpu: CpuId, addr: Addr, value: number, _order: number): void {
    this.words[addr] = value;
  }

  rmw(_c: CpuId, addr: Addr, op: number, operand: number, expected: number, _o: number): number {
    const { words } = this;
    const old = words[addr] as number;
    if (op === RMW_CMPXCHG) {
      if (old === expected) words[addr] = operand;
    } else if (op === RMW_ADD) words[addr] = old + operand;
    else if (op === RMW_AND) words[addr] = old & operand;
    else if (op === RMW_OR) words[addr] = old | operand;
    else words[addr] = operand;
    return old;
  }

  rmwEnd(_cpu: CpuId): void {
    // No fence does anything here.
  }

  fence(_cpu: CpuId, _kind: number): void {
    // No fence does anything here.
  }

  lock(cpu: CpuId, addr: Addr): boolean {
    if (this.words[addr] !== 0) return false;
    this.words[addr] = cpu + 1;
    return true;
  }

  unlock(cpu: CpuId, addr: Addr): void {
    const holder = this.words[addr];
    if (holder === 0 || holder === POISON) unheldLock(cpu, addr);
    this.words[addr] = 0;
  }

  holds(cpu: CpuId, addr: Addr): boolean {
    return this.words[addr] === cpu + 1;
  }

  trylock(cpu: CpuId, addr: Addr): boolean {
    if (this.words[addr] !== 0) return false;
    if (this.#choices?.choose(2, CHOOSE_FAIL) === 1) return false;
    return this.lock(cpu, addr);
  }

  newest(addr: Addr): number {
    return this.words[addr] as number;
  }

  poke(addr: Addr, value: number): void {
    this.words[addr] = value;
  }
}
