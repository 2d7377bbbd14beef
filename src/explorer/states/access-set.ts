/** A set of accesses, by word, and whether another access commutes with all of it. */

import type { Addr } from '../../memory/struct.js';
import { bitsOf, reads, writes } from './accesses.js';
import type { LocalGraph } from './local-graph.js';
import * as ask from './requests.js';

/** Accesses that some code makes. */
export class AccessSet {
  readonly #read: Int32Array;
  readonly #written: Int32Array;
  readonly #locked: Uint8Array;
  readonly #unlocked: Uint8Array;
  readonly #addrs: Addr[] = [];

  constructor(words: number) {
    this.#read = new Int32Array(words);
    this.#written = new Int32Array(words);
    this.#locked = new Uint8Array(words);
    this.#unlocked = new Uint8Array(words);
  }

  clear(): void {
    for (const addr of this.#addrs) {
      this.#read[addr] = this.#written[addr] = 0;
      this.#locked[addr] = this.#unlocked[addr] = 0;
    }
    this.#addrs.length = 0;
  }

  add(kind: number, addr: Addr, a: number): void {
    this.#addrs.push(addr);
    const bits = bitsOf(kind, a);
    if (kind === ask.ASK_LOCK || kind === ask.ASK_TRYLOCK) this.#locked[addr] = 1;
    else if (kind === ask.ASK_UNLOCK) this.#unlocked[addr] = 1;
    else {
      if (writes(kind)) this.#written[addr] = (this.#written[addr] as number) | bits;
      if (reads(kind)) this.#read[addr] = (this.#read[addr] as number) | bits;
    }
  }

  /** Add the accesses that local states ask for. */
  addAll(local: LocalGraph, states: readonly number[]): void {
    for (const state of states) this.add(local.kind(state), local.addr(state), local.a(state));
  }

  /** Whether some access of the set does not commute with another. */
  meets(kind: number, addr: Addr, a: number): boolean {
    let met = this.#written[addr] as number;
    if (writes(kind)) met |= this.#read[addr] as number;
    if ((met & bitsOf(kind, a)) !== 0) return true;
    if (kind !== ask.ASK_UNLOCK && this.#locked[addr] === 1) return true;
    const isLock = kind === ask.ASK_LOCK || kind === ask.ASK_UNLOCK;
    return !isLock && this.#unlocked[addr] === 1;
  }

  /** Whether some access of the set does not commute with what a local state asks for, for one of some states. */
  meetsAny(local: LocalGraph, states: readonly number[]): boolean {
    return states.some((at) => this.meets(local.kind(at), local.addr(at), local.a(at)));
  }
}
