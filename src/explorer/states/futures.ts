/**
 * What each local state may still touch: an access is a choice only if somebody else may come to the same bits later, and could
 * come to them now. Learnt while searching; what turns out to be wrong calls for another search.
 */

import type { Addr } from '../../memory/struct.js';
import { accesses, bitsOf, reads, writes } from './accesses.js';
import type { LocalStates } from './local-states.js';
import * as ask from './requests.js';
import type { SearchRule } from './rules.js';
import type { Sharing } from './sharing.js';

const READS = 0;
const WRITES = 1;
const LOCKS = 2;
const UNLOCKS = 3;
const SETS = 4;

/** No lock is common to all accesses of a word. */
const UNGUARDED = 0;
/** No access of the word is known. */
const UNTOUCHED = -1;

/** Future accesses of every local state, to the words that are shared. */
export class Futures {
  /** Times that a decision taken before may have been wrong. */
  surprises = 0;
  readonly #local: LocalStates;
  readonly #sharing: Sharing;
  readonly #broken: SearchRule | undefined;
  /** For each word the first of its parts, and how many there are; a part is a set of bits that are accessed together. */
  readonly #first: Int32Array;
  readonly #parts: Uint8Array;
  #bits: number[] = [];
  /** Words of one set of parts. */
  #width = 1;
  #sets = new Int32Array(0);
  #known = 0;
  /** How many ways that meet are known. */
  #joined = 0;
  /** For each word, the set of locks that every access holds. */
  readonly #guards: Int32Array;

  /** @param broken a rule whose condition is ignored: for tests only */
  constructor(local: LocalStates, sharing: Sharing, words: number, broken?: SearchRule) {
    this.#broken = broken;
    this.#local = local;
    this.#sharing = sharing;
    this.#first = new Int32Array(words).fill(-1);
    this.#parts = new Uint8Array(words);
    this.#guards = new Int32Array(words).fill(UNTOUCHED);
  }

  /** Take stock of everything that is known: before another search. */
  rebuild(): void {
    const masks = this.#masksByWord();
    this.#first.fill(-1);
    this.#bits = [];
    for (const [addr, list] of masks) {
      this.#first[addr] = this.#bits.length;
      const parts = partition(list);
      this.#parts[addr] = parts.length;
      this.#bits.push(...parts);
    }
    this.#width = Math.max(1, Math.ceil(this.#bits.length / 32));
    this.#sets = new Int32Array(SETS * this.#width * Math.max(64, 2 * this.#local.size));
    this.#known = this.#joined = 0;
    this.extend();
    this.surprises = 0;
  }

  /** The masks by which each shared word is accessed. */
  #masksByWord(): Map<Addr, Set<number>> {
    const local = this.#local;
    const masks = new Map<Addr, Set<number>>();
    for (let state = 0; state < local.size; state++) {
      const kind = local.kind(state);
      if (!accesses(kind) || !this.#sharing.isShared(local.addr(state))) continue;
      const list = masks.get(local.addr(state)) ?? new Set();
      list.add(bitsOf(kind, local.a(state)));
      masks.set(local.addr(state), list);
    }
    return masks;
  }

  /** Learn of the local states made since the last call. */
  extend(): void {
    const local = this.#local;
    const stride = SETS * this.#width;
    if (local.size * stride > this.#sets.length) {
      const larger = new Int32Array(2 * local.size * stride);
      larger.set(this.#sets);
      this.#sets = larger;
    }
    const old = this.#known;
    for (; this.#known < local.size; this.#known++) this.#learn(this.#known, old);
    const { joined } = local;
    for (; this.#joined < joined.length; this.#joined += 2) {
      this.#join(joined[this.#joined] as number, joined[this.#joined + 1] as number, old);
    }
  }

  #learn(state: number, old: number): void {
    const local = this.#local;
    const kind = local.kind(state);
    if (!accesses(kind)) return;
    const addr = local.addr(state);
    this.#guard(addr, local.locks(state));
    const first = this.#first[addr] as number;
    if (first < 0) return;
    const bits = bitsOf(kind, local.a(state));
    for (let part = first; part < first + (this.#parts[addr] as number); part++) {
      if (((this.#bits[part] as number) & bits) === 0) continue;
      if (kind === ask.ASK_LOCK || kind === ask.ASK_TRYLOCK)
        this.#mayStill(state, LOCKS, part, old);
      else if (kind === ask.ASK_UNLOCK) this.#mayStill(state, UNLOCKS, part, old);
      else {
        if (writes(kind)) this.#mayStill(state, WRITES, part, old);
        if (reads(kind)) this.#mayStill(state, READS, part, old);
      }
    }
  }

  #guard(addr: Addr, locks: number): void {
    const before = this.#guards[addr] as number;
    if (this.#broken === 'R-4' && before > UNGUARDED) return;
    const now = before === UNTOUCHED ? locks : this.#local.commonLocks(before, locks);
    if (before !== UNTOUCHED && before !== UNGUARDED && now === UNGUARDED) this.surprises++;
    this.#guards[addr] = now;
  }

  /** A state, and so all before it, may still make an access. */
  #mayStill(state: number, set: number, part: number, old: number): void {
    const sets = this.#sets;
    const stride = SETS * this.#width;
    const offset = set * this.#width + (part >>> 5);
    const bit = 1 << (part & 31);
    for (let at = state; at >= 0; at = this.#local.parent(at)) {
      const i = at * stride + offset;
      if (((sets[i] as number) & bit) !== 0) return;
      sets[i] = (sets[i] as number) | bit;
      if (at < old) this.surprises++;
      for (const before of this.#local.moreBefore(at)) this.#mayStill(before, set, part, old);
    }
  }

  /** One state may lead to another that was known already. */
  #join(before: number, after: number, old: number): void {
    const base = after * SETS * this.#width;
    for (let set = 0; set < SETS; set++) {
      for (let part = 0; part < this.#bits.length; part++) {
        const word = this.#sets[base + set * this.#width + (part >>> 5)] as number;
        if ((word & (1 << (part & 31))) !== 0) this.#mayStill(before, set, part, old);
      }
    }
  }

  /** Whether all accesses of a word hold a common lock, as far as is known. */
  isGuarded(addr: Addr): boolean {
    return (this.#guards[addr] as number) > UNGUARDED;
  }

  /** Whether code in local state `other` may still make an access that does not commute with one of kind `kind`. */
  mayMeet(other: number, kind: number, addr: Addr, a: number): boolean {
    const first = this.#first[addr] as number;
    if (first < 0) return this.#sharing.isShared(addr);
    const bits = this.#broken === 'R-3' ? bitsOf(kind, a) & 1 : bitsOf(kind, a);
    const sets = this.#sets;
    const base = other * SETS * this.#width;
    for (let part = first; part < first + (this.#parts[addr] as number); part++) {
      if (((this.#bits[part] as number) & bits) === 0) continue;
      const i = base + (part >>> 5);
      let met = sets[i + WRITES * this.#width] as number;
      if (writes(kind)) met |= sets[i + READS * this.#width] as number;
      // Nobody takes a lock before it is released, and who releases it has taken it.
      if (this.#broken === 'R-5' && kind === ask.ASK_UNLOCK) met = 0;
      if (kind !== ask.ASK_UNLOCK) met |= sets[i + LOCKS * this.#width] as number;
      if (kind !== ask.ASK_LOCK && kind !== ask.ASK_UNLOCK)
        met |= sets[i + UNLOCKS * this.#width] as number;
      if ((met & (1 << (part & 31))) !== 0) return true;
    }
    return false;
  }
}

/** Cut 32 bits into parts such that each mask is a union of them. */
function partition(masks: ReadonlySet<number>): number[] {
  let parts = [-1];
  for (const mask of masks) {
    parts = parts.flatMap((part) => [part & mask, part & ~mask]).filter((part) => part !== 0);
  }
  return parts;
}
