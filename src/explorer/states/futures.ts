/**
 * What each local state may still touch. An access is a choice only if other code may access the same bits later, and
 * could do so now. This is learnt while searching; when some of it turns out to be wrong, another search is needed.
 */

import type { Addr } from '../../memory/struct.js';
import { accesses, bitsOf, reads, replaces, takesIn, writes } from './accesses.js';
import {
  FutureSets,
  type SavedFutureSets,
  LOCKS,
  LOOKS,
  READS,
  UNLOCKS,
  WRITES,
} from './future-sets.js';
import type { LocalStates } from './local-states.js';
import * as ask from './requests.js';
import type { SearchRule } from './rules.js';
import type { Sharing } from './sharing.js';

/** What {@link Futures.touches} says. */
export const LOADS = 1;
export const STORES = 2;
export const LOCKING = 4;

/** No lock is common to all accesses of a word. */
const UNGUARDED = 0;
/** No access of the word is known. */
const UNTOUCHED = -1;

/** What accesses are looked at for. */
export interface FuturesOptions {
  readonly isWeak: boolean;
  readonly broken?: SearchRule | undefined;
}

/** What is known of future accesses, as plain data. */
export interface SavedFutures {
  readonly countsAnswers: boolean;
  readonly surprises: number;
  readonly first: Int32Array;
  readonly parts: Uint8Array;
  readonly bits: readonly number[];
  readonly all: SavedFutureSets;
  readonly beforeLock: ReadonlyMap<Addr, SavedFutureSets>;
  readonly loose: Uint8Array;
  readonly known: number;
  readonly joined: number;
  readonly guards: Int32Array;
}

/** Future accesses of every local state, to the words that are shared. */
export class Futures {
  /** Answers of the memory that are not the newest are counted: then a store may not come first just because loads allow it. */
  countsAnswers = false;
  #surprises = 0;
  readonly #local: LocalStates;
  readonly #sharing: Sharing;
  readonly #broken: SearchRule | undefined;
  /** For each word the first of its parts, and how many there are; a part is a set of bits that are accessed together. */
  readonly #first: Int32Array;
  readonly #parts: Uint8Array;
  #bits: number[] = [];
  /** What states may come to. */
  #all: FutureSets;
  /** What they may come to before they take a lock, for each lock that was asked for. */
  readonly #beforeLock = new Map<Addr, FutureSets>();
  /** 1 for each word that is a lock but is stored to, or released by code that does not hold it. */
  readonly #loose: Uint8Array;
  #known = 0;
  /** How many ways that meet are known. */
  #joined = 0;
  /** For each word, the set of locks that every access holds. */
  readonly #guards: Int32Array;

  /** Memory is not sequentially consistent: words are accessed as wholes, and what only one CPU accesses is kept, too. */
  readonly #isWeak: boolean;

  /** @param options `broken` is a rule whose condition is ignored: for tests only */
  constructor(local: LocalStates, sharing: Sharing, words: number, options: FuturesOptions) {
    this.#broken = options.broken;
    this.#isWeak = options.isWeak;
    this.#local = local;
    this.#sharing = sharing;
    this.#first = new Int32Array(words).fill(-1);
    this.#parts = new Uint8Array(words);
    this.#guards = new Int32Array(words).fill(UNTOUCHED);
    this.#loose = new Uint8Array(words);
    this.#all = new FutureSets(local, 0);
  }

  save(): SavedFutures {
    const beforeLock = new Map([...this.#beforeLock].map(([lock, sets]) => [lock, sets.save()]));
    return {
      ...{ countsAnswers: this.countsAnswers, surprises: this.#surprises, first: this.#first },
      ...{ parts: this.#parts, bits: this.#bits, all: this.#all.save(), beforeLock },
      ...{ loose: this.#loose, known: this.#known, joined: this.#joined, guards: this.#guards },
    };
  }

  load(saved: SavedFutures): void {
    this.countsAnswers = saved.countsAnswers;
    this.#surprises = saved.surprises;
    this.#first.set(saved.first);
    this.#parts.set(saved.parts);
    this.#bits = [...saved.bits];
    this.#all = new FutureSets(this.#local, this.#bits.length);
    this.#all.load(saved.all);
    for (const [lock, before] of saved.beforeLock) {
      const sets = new FutureSets(this.#local, this.#bits.length, lock);
      sets.load(before);
      this.#beforeLock.set(lock, sets);
    }
    this.#loose.set(saved.loose);
    this.#known = saved.known;
    this.#joined = saved.joined;
    this.#guards.set(saved.guards);
  }

  /** Times that a decision taken before may have been wrong. */
  get surprises(): number {
    let sum = this.#surprises + this.#all.surprises;
    for (const sets of this.#beforeLock.values()) sum += sets.surprises;
    return sum;
  }

  /** Evaluate everything that is known, before another search. */
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
    this.#all = new FutureSets(this.#local, this.#bits.length);
    this.#beforeLock.clear();
    this.#known = this.#joined = 0;
    this.extend();
    this.#all.surprises = this.#surprises = 0;
  }

  /** The masks by which each shared word is accessed. */
  #masksByWord(): Map<Addr, Set<number>> {
    const local = this.#local;
    const masks = new Map<Addr, Set<number>>();
    for (let state = 0; state < local.size; state++) {
      const kind = local.kind(state);
      if (!accesses(kind)) continue;
      this.#addMask(masks, local.addr(state), this.#bitsOf(kind, local.a(state)));
      if (this.#isFenced(state)) this.#addMask(masks, ask.FENCE_WORD, -1);
    }
    return masks;
  }

  #addMask(masks: Map<Addr, Set<number>>, addr: Addr, bits: number): void {
    const sharing = this.#sharing;
    if (!sharing.isShared(addr) && !(this.#isWeak && sharing.isWritten(addr))) return;
    const list = masks.get(addr) ?? new Set();
    list.add(bits);
    masks.set(addr, list);
  }

  #bitsOf(kind: number, a: number): number {
    return this.#isWeak ? -1 : bitsOf(kind, a);
  }

  /** Whether an operation executes a strong fence besides what it is. */
  #isFenced(state: number): boolean {
    return this.#isWeak && ask.isFenced(this.#local.kind(state), this.#local.order(state));
  }

  /** Learn of the local states made since the last call. */
  extend(): void {
    const local = this.#local;
    if (this.#known === local.size && this.#joined === local.joined.length) return;
    const all = [this.#all, ...this.#beforeLock.values()];
    for (const sets of all) sets.begin(this.#known);
    for (; this.#known < local.size; this.#known++) {
      this.#note(this.#known);
      for (const sets of all) this.#learn(sets, this.#known);
    }
    const { joined } = local;
    for (; this.#joined < joined.length; this.#joined += 2) {
      for (const sets of all) this.#join(sets, this.#joined);
    }
  }

  #join(sets: FutureSets, at: number): void {
    const { joined } = this.#local;
    sets.join(joined[at] as number, joined[at + 1] as number, this.#bits.length);
  }

  /** What is to be known of an access besides who may still make it. */
  #note(state: number): void {
    const local = this.#local;
    const kind = local.kind(state);
    if (!accesses(kind)) return;
    const addr = local.addr(state);
    this.#guard(addr, local.locks(state));
    if (this.#isFenced(state)) this.#guard(ask.FENCE_WORD, local.locks(state));
    if (!writes(kind) || kind === ask.ASK_LOCK || kind === ask.ASK_TRYLOCK) return;
    if (kind === ask.ASK_UNLOCK && local.holds(state, addr)) return;
    if (this.#loose[addr] === 0 && this.#beforeLock.has(addr)) this.#surprises++;
    this.#loose[addr] = 1;
  }

  #learn(sets: FutureSets, state: number): void {
    const local = this.#local;
    const kind = local.kind(state);
    if (!accesses(kind)) return;
    if (this.#isFenced(state)) this.#learnWord(sets, state, ask.ASK_FENCE, ask.FENCE_WORD);
    this.#learnWord(sets, state, kind, local.addr(state));
  }

  #learnWord(sets: FutureSets, state: number, kind: number, addr: Addr): void {
    const first = this.#first[addr] as number;
    if (first < 0) return;
    const bits = this.#bitsOf(kind, this.#local.a(state));
    for (let part = first; part < first + (this.#parts[addr] as number); part++) {
      if (((this.#bits[part] as number) & bits) === 0) continue;
      // Under a weak memory a trylock that fails has read from one of several messages.
      if (this.#isWeak && kind === ask.ASK_TRYLOCK) sets.mayStill(state, READS, part);
      if (kind === ask.ASK_LOCK || kind === ask.ASK_TRYLOCK) sets.mayStill(state, LOCKS, part);
      else if (kind === ask.ASK_UNLOCK) sets.mayStill(state, UNLOCKS, part);
      else {
        if (writes(kind)) sets.mayStill(state, WRITES, part);
        if (this.#isWeak ? takesIn(kind) : reads(kind)) sets.mayStill(state, READS, part);
        if (this.#looks(state, kind)) sets.mayStill(state, LOOKS, part);
      }
    }
  }

  #looks(state: number, kind: number): boolean {
    return this.#isWeak && this.#broken !== 'R-18' && ask.looks(kind, this.#local.order(state));
  }

  /** What states may come to before they take a lock. */
  #before(lock: Addr): FutureSets {
    const known = this.#beforeLock.get(lock);
    if (known !== undefined) return known;
    const sets = new FutureSets(this.#local, this.#bits.length, lock);
    this.#beforeLock.set(lock, sets);
    sets.begin(this.#known);
    for (let state = 0; state < this.#known; state++) this.#learn(sets, state);
    for (let at = 0; at < this.#joined; at += 2) this.#join(sets, at);
    sets.surprises = 0;
    return sets;
  }

  #guard(addr: Addr, locks: number): void {
    const before = this.#guards[addr] as number;
    if (this.#broken === 'R-4' && before > UNGUARDED) return;
    const now = before === UNTOUCHED ? locks : this.#local.commonLocks(before, locks);
    if (before !== UNTOUCHED && before !== UNGUARDED && now === UNGUARDED) this.#surprises++;
    this.#guards[addr] = now;
  }

  /** Whether all accesses of a word hold a common lock, as far as is known. */
  isGuarded(addr: Addr): boolean {
    return (this.#guards[addr] as number) > UNGUARDED;
  }

  /**
   * Whether code in local state `other` may still make an access that does not commute with one of kind `kind`, before that one
   * is made: it cannot take any of the locks `held`.
   */
  mayMeet(other: number, kind: number, addr: Addr, a: number, held: readonly Addr[]): boolean {
    if ((this.#first[addr] as number) < 0) return this.#sharing.isShared(addr);
    if (!this.#meets(this.#all, other, kind, addr, a)) return false;
    for (const lock of held) {
      if (this.#loose[lock] === 1) continue;
      if (!this.#meets(this.#before(lock), other, kind, addr, a)) return false;
    }
    return true;
  }

  /** What code in a local state may still do to a word: {@link LOADS}, {@link STORES}, {@link LOCKING}; all if it is not known. */
  touches(state: number, addr: Addr): number {
    const first = this.#first[addr] as number;
    if (first < 0) return LOADS | STORES | LOCKING;
    const sets = this.#all;
    let touched = 0;
    for (let part = first; part < first + (this.#parts[addr] as number); part++) {
      const bit = 1 << (part & 31);
      const locks = sets.word(state, LOCKS, part) | sets.word(state, UNLOCKS, part);
      if ((locks & bit) !== 0) touched |= LOCKING;
      if ((sets.word(state, READS, part) & bit) !== 0) touched |= LOADS;
      if ((sets.word(state, WRITES, part) & bit) !== 0) touched |= STORES;
    }
    return touched;
  }

  /** Whether code in a local state may still take a lock. */
  mayLock(state: number): boolean {
    for (let part = 0; part < this.#bits.length; part += 32) {
      if (this.#all.word(state, LOCKS, part) !== 0) return true;
    }
    return false;
  }

  /** Whether a store may as well come before loads of others: a weak memory still shows them what a store of code has replaced. */
  #mayComeFirst(kind: number): boolean {
    return this.#isWeak && !this.countsAnswers && !replaces(kind);
  }

  #meets(sets: FutureSets, other: number, kind: number, addr: Addr, a: number): boolean {
    const first = this.#first[addr] as number;
    const bits = this.#broken === 'R-3' ? this.#bitsOf(kind, a) & 1 : this.#bitsOf(kind, a);
    for (let part = first; part < first + (this.#parts[addr] as number); part++) {
      if (((this.#bits[part] as number) & bits) === 0) continue;
      let met = sets.word(other, WRITES, part);
      if (writes(kind)) met |= sets.word(other, this.#mayComeFirst(kind) ? LOOKS : READS, part);
      // No code takes a lock before it is released, and the code that releases a lock is the code that has taken it.
      if (this.#broken === 'R-5' && kind === ask.ASK_UNLOCK) met = 0;
      if (kind !== ask.ASK_UNLOCK) met |= sets.word(other, LOCKS, part);
      if (kind !== ask.ASK_LOCK && kind !== ask.ASK_UNLOCK) met |= sets.word(other, UNLOCKS, part);
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
