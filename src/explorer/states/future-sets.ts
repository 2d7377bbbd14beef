/** For each local state, a set of accesses that its code may still come to, by kind. */

import type { Addr } from '../../memory/struct.js';
import type { LocalStates } from './local-states.js';
import * as ask from './requests.js';

export const READS = 0;
export const WRITES = 1;
export const LOCKS = 2;
export const UNLOCKS = 3;
/** Under a weak memory: what sees the newest value, and no other. */
export const LOOKS = 4;
const SETS = 5;

/** Accesses of states, as plain data. */
export interface SavedFutureSets {
  readonly surprises: number;
  readonly sets: Int32Array;
}

/** Accesses that local states may come to; those behind taking one lock can be left out. */
export class FutureSets {
  /** Times that a state which was known before turned out to come to something more. */
  surprises = 0;
  readonly #local: LocalStates;
  /** A lock that other code holds; negative for none. */
  readonly #lock: Addr;
  /** Numbers of 32 bits in one set. */
  readonly #width: number;
  #sets: Int32Array;
  /** States from here on are new, and no result relies on them yet. */
  #old = 0;

  /**
   * @param parts how many kinds of words there are
   * @param lock leave out what is behind taking this lock; negative: leave out nothing
   */
  constructor(local: LocalStates, parts: number, lock: Addr = -1) {
    this.#local = local;
    this.#lock = lock;
    this.#width = Math.max(1, Math.ceil(parts / 32));
    this.#sets = new Int32Array(SETS * this.#width * Math.max(64, local.size));
  }

  save(): SavedFutureSets {
    const used = this.#local.size * SETS * this.#width;
    return { surprises: this.surprises, sets: this.#sets.slice(0, used) };
  }
  load({ surprises, sets }: SavedFutureSets): void {
    this.surprises = surprises;
    this.#sets = sets.slice();
  }

  /** Make room for all states; those from `old` on are new. */
  begin(old: number): void {
    this.#old = old;
    const needed = this.#local.size * SETS * this.#width;
    if (needed <= this.#sets.length) return;
    const larger = new Int32Array(2 * needed);
    larger.set(this.#sets);
    this.#sets = larger;
  }

  /** A state, and so all before it, may still make an access. */
  mayStill(state: number, set: number, part: number): void {
    const local = this.#local;
    const sets = this.#sets;
    const stride = SETS * this.#width;
    const offset = set * this.#width + (part >>> 5);
    const bit = 1 << (part & 31);
    let before = -1;
    for (let at = state; at >= 0; before = at, at = local.parent(at)) {
      if (before >= 0 && this.#isBehindLock(at, local.answer(before))) return;
      const i = at * stride + offset;
      if (((sets[i] as number) & bit) !== 0) return;
      sets[i] = (sets[i] as number) | bit;
      if (at < this.#old) this.surprises++;
      for (const more of local.moreBefore(at)) {
        if (local.kind(more) !== ask.ASK_LOCK || local.addr(more) !== this.#lock)
          this.mayStill(more, set, part);
      }
    }
  }

  /** Whether code that goes on from a state with an answer has taken the lock. */
  #isBehindLock(state: number, answer: number): boolean {
    const local = this.#local;
    if (local.addr(state) !== this.#lock) return false;
    const kind = local.kind(state);
    return kind === ask.ASK_LOCK || (kind === ask.ASK_TRYLOCK && answer !== 0);
  }

  /** One state may lead to another that was known already. */
  join(before: number, after: number, parts: number): void {
    const local = this.#local;
    if (local.kind(before) === ask.ASK_LOCK && local.addr(before) === this.#lock) return;
    const base = after * SETS * this.#width;
    for (let set = 0; set < SETS; set++) {
      for (let part = 0; part < parts; part++) {
        const word = this.#sets[base + set * this.#width + (part >>> 5)] as number;
        if ((word & (1 << (part & 31))) !== 0) this.mayStill(before, set, part);
      }
    }
  }

  /** 32 bits of one set of a state: those of the parts around `part`. */
  word(state: number, set: number, part: number): number {
    return this.#sets[(state * SETS + set) * this.#width + (part >>> 5)] as number;
  }
}
