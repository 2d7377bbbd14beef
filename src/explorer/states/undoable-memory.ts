/** A sequentially consistent memory whose stores can be taken back, with a hash of its words at any time. */

import { freedLock, notHeld } from '../../memory/fault.js';
import { POISON, type Addr, type CpuId } from '../../memory/struct.js';
import { modified } from './accesses.js';
import { mix, mixAgain } from './hash.js';
import * as ask from './requests.js';

/** What local states ask for. */
export interface Requests {
  kind(state: number): number;
  addr(state: number): Addr;
  a(state: number): number;
  b(state: number): number;
  order(state: number): number;
}

/** A memory and how it came to be, as plain data. */
export interface SavedMemory {
  /** Words, and what they held before, from the first store on. */
  readonly undo: Int32Array;
  readonly words: Int32Array;
}

/** Words that can be changed, and changed back. */
export class UndoableMemory {
  /** Hash of the words that {@link hashDead} was told of, in two halves. */
  deadLow = 0;
  deadHigh = 0;
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

  /** Hash the words of `addrs` whose bits in `live` are not set: they are not read before they are overwritten. */
  hashDead(live: Int32Array, addrs: readonly Addr[]): void {
    let [low, high] = [0, 0];
    for (let i = 0; i < live.length; i++) {
      for (let dead = ~(live[i] as number); dead !== 0; dead &= dead - 1) {
        const addr = addrs[32 * i + 31 - Math.clz32(dead & -dead)];
        if (addr === undefined) break;
        low ^= this.lowOf(addr);
        high ^= this.highOf(addr);
      }
    }
    this.deadLow = low;
    this.deadHigh = high;
  }

  /** Number of words. */
  get size(): number {
    return this.words.length;
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

  /**
   * Carry out the operation that the code of a CPU asks for. Returns what the code is told.
   *
   * @param fails a trylock fails although nobody holds the lock
   * @throws KernelOops for a lock that cannot be taken or released
   */
  operate(cpu: CpuId, asked: Requests, state: number, fails: boolean): number {
    const addr = asked.addr(state);
    const a = asked.a(state);
    switch (asked.kind(state)) {
      case ask.ASK_READ:
        return this.read(addr);
      case ask.ASK_BIT:
        return (this.read(addr) >>> a) & 1;
      case ask.ASK_WRITE:
      case ask.ASK_PREEMPT:
        this.write(addr, a);
        return 0;
      case ask.ASK_LOCK:
        if (this.read(addr) === POISON) freedLock(cpu, addr);
        this.write(addr, cpu + 1);
        return 0;
      case ask.ASK_TRYLOCK:
        return this.#trylock(cpu, addr, fails);
      case ask.ASK_UNLOCK: {
        const holder = this.read(addr);
        if (holder !== cpu + 1) notHeld(cpu, addr, holder);
        this.write(addr, 0);
        return 0;
      }
      case ask.ASK_RELAX:
      case ask.ASK_MWAIT:
        return 0;
      default:
        return this.#modify(asked.kind(state), addr, a, asked.b(state));
    }
  }

  #trylock(cpu: CpuId, addr: Addr, fails: boolean): number {
    const holder = this.read(addr);
    if (holder === POISON) freedLock(cpu, addr);
    if (holder !== 0 || fails) return 0;
    this.write(addr, cpu + 1);
    return 1;
  }

  #modify(kind: number, addr: Addr, a: number, b: number): number {
    const old = this.read(addr);
    this.write(addr, modified(kind, old, a, b));
    if (kind === ask.ASK_SET_BIT || kind === ask.ASK_CLEAR_BIT) return (old >>> a) & 1;
    return kind === ask.ASK_ADD || kind === ask.ASK_OR || kind === ask.ASK_AND ? 0 : old;
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

  save(): SavedMemory {
    return { undo: this.#undo.slice(0, this.#length), words: this.words };
  }
  load({ undo, words }: SavedMemory): void {
    this.restore(0);
    for (const [addr, value] of words.entries()) {
      if (value !== this.words[addr]) this.#replace(addr, this.words[addr] as number, value);
    }
    this.#undo = undo.slice();
    this.#length = undo.length;
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
