/** Which words may still be read before they are overwritten. The values of all other words are not part of a state. */

import type { Addr } from '../../memory/struct.js';
import { accesses, dependsOn, overwrites, writes } from './accesses.js';
import type { LocalStates } from './local-states.js';
import type { SearchRule } from './rules.js';

/** What is known of live words, as plain data. */
export interface SavedLiveness {
  readonly surprises: number;
  readonly addrs: readonly Addr[];
  readonly outside: Uint8Array;
  readonly width: number;
  readonly sets: Int32Array;
  readonly always: Int32Array;
  readonly known: number;
  readonly joined: number;
}

/** For each local state, the written words that its code may read before it overwrites them. */
export class Liveness {
  /** Times that a word which was left out of states turned out to be read later. */
  surprises = 0;
  /** Words that are written, by number. */
  readonly addrs: Addr[] = [];
  readonly #local: LocalStates;
  readonly #broken: SearchRule | undefined;
  /** Number of each word that is written, negative for others. */
  readonly #numberOf: Int32Array;
  /** Words that are read from outside: by outcomes, when time passes, by what makes interrupts pending. */
  readonly #outside: Uint8Array;
  /** Numbers of 32 bits for each state. */
  #width = 1;
  #sets = new Int32Array(64);
  /** The same set for what is read from outside. */
  #always = new Int32Array(1);
  #known = 0;
  #joined = 0;

  /** @param broken a rule whose condition is ignored: for tests only */
  constructor(local: LocalStates, words: number, broken?: SearchRule) {
    this.#local = local;
    this.#broken = broken;
    this.#numberOf = new Int32Array(words).fill(-1);
    this.#outside = new Uint8Array(words);
  }

  save(): SavedLiveness {
    return {
      ...{ surprises: this.surprises, addrs: this.addrs, outside: this.#outside },
      ...{ width: this.#width, sets: this.#sets.slice(0, this.#width * this.#known) },
      ...{ always: this.#always, known: this.#known, joined: this.#joined },
    };
  }
  load(saved: SavedLiveness): void {
    this.surprises = saved.surprises;
    this.addrs.push(...saved.addrs);
    for (const [number, addr] of this.addrs.entries()) this.#numberOf[addr] = number;
    this.#outside.set(saved.outside);
    this.#width = saved.width;
    this.#sets = saved.sets.slice();
    this.#always = saved.always.slice();
    this.#known = saved.known;
    this.#joined = saved.joined;
  }

  /** Evaluate everything that is known, before another search. */
  rebuild(): void {
    const local = this.#local;
    for (let state = 0; state < local.size; state++) this.#number(state);
    this.#width = Math.max(1, Math.ceil(this.addrs.length / 32));
    this.#always = new Int32Array(this.#width);
    for (const [number, addr] of this.addrs.entries()) {
      if (this.#outside[addr] === 1) this.#keep(number);
    }
    this.#sets = new Int32Array(this.#width * Math.max(64, 2 * local.size));
    this.#known = this.#joined = 0;
    this.extend();
    this.surprises = 0;
  }

  /** A word that is written first after this is part of every state until the next search. */
  #number(state: number): void {
    const kind = this.#local.kind(state);
    if (!accesses(kind) || !writes(kind)) return;
    const addr = this.#local.addr(state);
    if ((this.#numberOf[addr] as number) >= 0) return;
    this.#numberOf[addr] = this.addrs.length;
    this.addrs.push(addr);
  }

  #keep(number: number): void {
    this.#always[number >>> 5] = (this.#always[number >>> 5] as number) | (1 << (number & 31));
  }

  /** A word is read from outside, at any time. */
  readOutside(addr: Addr): void {
    if (this.#outside[addr] === 1 || this.#broken === 'R-12') return;
    this.#outside[addr] = 1;
    if ((this.#numberOf[addr] as number) < 0) return;
    this.#keep(this.#numberOf[addr] as number);
    this.surprises++;
  }

  /** Learn of the local states made since the last call. */
  extend(): void {
    const local = this.#local;
    const old = this.#known;
    if (local.size * this.#width > this.#sets.length) {
      const larger = new Int32Array(2 * local.size * this.#width);
      larger.set(this.#sets);
      this.#sets = larger;
    }
    for (; this.#known < local.size; this.#known++) this.#learn(this.#known, old);
    const { joined } = local;
    for (; this.#joined < joined.length; this.#joined += 2) {
      this.#join(joined[this.#joined] as number, joined[this.#joined + 1] as number, old);
    }
  }

  #learn(state: number, old: number): void {
    const local = this.#local;
    const kind = local.kind(state);
    if (!accesses(kind) || !dependsOn(kind)) return;
    const number = this.#numberOf[local.addr(state)] as number;
    if (number >= 0) this.#expose(state, number, old);
  }

  /** A word may be read from a state on, and so from those before it up to where it is overwritten. */
  #expose(state: number, number: number, old: number): void {
    const local = this.#local;
    const sets = this.#sets;
    const offset = number >>> 5;
    const bit = 1 << (number & 31);
    for (let at = state; at >= 0; at = local.parent(at)) {
      const i = at * this.#width + offset;
      if (((sets[i] as number) & bit) !== 0) return;
      if (at !== state && this.#overwrites(at, number)) return;
      sets[i] = (sets[i] as number) | bit;
      if (at < old) this.surprises++;
      for (const before of local.moreBefore(at)) this.#exposeBefore(before, number, old);
    }
  }

  #exposeBefore(before: number, number: number, old: number): void {
    if (!this.#overwrites(before, number)) this.#expose(before, number, old);
  }

  #overwrites(state: number, number: number): boolean {
    const local = this.#local;
    return overwrites(local.kind(state)) && this.#numberOf[local.addr(state)] === number;
  }

  #join(before: number, after: number, old: number): void {
    const base = after * this.#width;
    for (let i = 0; i < this.#width; i++) {
      for (let left = this.#sets[base + i] as number; left !== 0; left &= left - 1) {
        this.#exposeBefore(before, 32 * i + 31 - Math.clz32(left & -left), old);
      }
    }
  }

  /** Begin a set of live words with those that are read from outside. */
  begin(live: Int32Array): Int32Array {
    const set = live.length === this.#width ? live : new Int32Array(this.#width);
    set.set(this.#always);
    return set;
  }

  /** Whether a word is in a set; one that was never known to be written is. */
  isIn(live: Int32Array, addr: Addr): boolean {
    const number = this.#numberOf[addr] as number;
    if (number < 0 || number >>> 5 >= live.length) return true;
    return ((live[number >>> 5] as number) & (1 << (number & 31))) !== 0;
  }

  /** Add what the code in a local state may read. */
  join(live: Int32Array, state: number): void {
    const base = state * this.#width;
    for (let i = 0; i < live.length; i++) {
      live[i] = (live[i] as number) | (this.#sets[base + i] as number);
    }
  }
}
