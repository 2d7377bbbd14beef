/**
 * What all CPUs but one may do before that one takes its next step. This executes no code and changes no memory: it
 * follows known code, by every answer that the words allow. A word may hold its current value, and any value that the
 * followed code stores.
 */

import { isUnheld, type Addr } from '../../memory/struct.js';
import { bitsOf, modified, overwrites, reads, replaces, writes } from './accesses.js';
import { Alone, type Word } from './alone.js';
import { Assumed, type SavedAssumed } from './assumed.js';
import type { Conflicts } from './conflicts.js';
import type { Futures } from './futures.js';
import type { Interrupts } from './interrupts.js';
import { type LocalGraph, UNKNOWN } from './local-graph.js';
import * as ask from './requests.js';
import type { SearchRule } from './rules.js';
import type { WeakMemory } from './weak-memory.js';

/** Local states after which following code is given up. */
const MOST_STATES = 20_000;
/** Values of a word that are told apart; with more, it may hold anything. */
const MOST_VALUES = 32;
/** Local states that are followed before it is asked again whether enough is known. */
const AT_ONCE = 16;

/** A machine whose code is looked ahead for. */
export interface MeanwhileHost {
  readonly cpuCount: number;
  /** Local state of each piece of code; negative where there is none. */
  readonly at: Int32Array;
  readonly local: LocalGraph;
  readonly memory: { read(addr: Addr): number };
  readonly weak: WeakMemory | undefined;
  readonly futures: Futures;
  readonly interrupts: Interrupts;
  readonly conflicts: Conflicts;
  takesInterrupts(at: Int32Array, cpu: number): boolean;
}

/** Looks ahead for each CPU of a machine. */
export class Meanwhile {
  readonly #state: MeanwhileHost;
  readonly #alone: readonly Alone[];
  readonly #assumed: Assumed;
  readonly #broken: SearchRule | undefined;
  /** The look under way. */
  #now: Alone;
  #look = 0;

  /** @param broken a rule whose condition is ignored: for tests only */
  constructor(state: MeanwhileHost, broken?: SearchRule) {
    this.#state = state;
    this.#broken = broken;
    this.#alone = Array.from({ length: state.cpuCount }, () => new Alone());
    this.#now = this.#alone[0] as Alone;
    this.#assumed = new Assumed(state.local);
  }

  /** Times that code which was relied on not to do something turned out to do it. */
  get surprises(): number {
    return this.#assumed.surprises;
  }

  save(): SavedAssumed {
    return this.#assumed.save();
  }
  load(saved: SavedAssumed): void {
    this.clear();
    this.#assumed.load(saved);
  }

  /** Rely on nothing: before another search. */
  rebuild(): void {
    this.clear();
    this.#assumed.clear();
  }

  /** Forget what is known: where another way is followed, and after a step that was a choice. */
  clear(): void {
    for (const alone of this.#alone) alone.isKnown = false;
  }

  /** Whether what the others may do without a CPU is known; else {@link look} has to be called before its step is taken. */
  isKnown(cpu: number): boolean {
    return (this.#alone[cpu] as Alone).isKnown;
  }

  /** Note that a CPU has taken a step that was no choice. */
  stepped(cpu: number): void {
    for (const [other, alone] of this.#alone.entries()) {
      // It may do less than before, and words hold something else.
      if (other !== cpu) alone.isKnown = false;
    }
    const alone = this.#alone[cpu] as Alone;
    if (!alone.isKnown) return;
    const { local, conflicts, at } = this.#state;
    if (this.#state.takesInterrupts(at, cpu) !== alone.takesInterrupts) alone.isKnown = false;
    for (const state of conflicts.touched) {
      if (writes(local.kind(state)) && alone.at(local.addr(state)) !== undefined) {
        alone.isKnown = false;
        return;
      }
    }
  }

  /** Whether the accesses of a step of a CPU commute with all that the others may do before it. */
  commutes(cpu: number, touched: readonly number[]): boolean {
    const alone = this.#alone[cpu] as Alone;
    if (!alone.isKnown) return false;
    for (let isMore = true; isMore; isMore = !alone.isWhole && this.#goOn(cpu)) {
      if (alone.isOpen || this.#meetsAny(alone, cpu, touched)) return false;
    }
    return !alone.isOpen && !this.#meetsAny(alone, cpu, touched);
  }

  #meetsAny(alone: Alone, cpu: number, touched: readonly number[]): boolean {
    const { local, weak } = this.#state;
    for (const state of touched) {
      const kind = local.kind(state);
      if (this.#meets(alone, kind, local.addr(state), local.a(state))) return true;
      const isFenced = weak !== undefined && this.#isFenced(state, cpu);
      if (isFenced && this.#meets(alone, ask.ASK_FENCE, ask.FENCE_WORD, 0)) return true;
    }
    return false;
  }

  #isFenced(state: number, cpu: number): boolean {
    const { local, weak } = this.#state;
    return ask.isFenced(local.kind(state), local.order(state)) || weak?.owes(cpu) === true;
  }

  #meets(alone: Alone, kind: number, addr: Addr, a: number): boolean {
    const word = alone.at(addr);
    if (word === undefined) return false;
    let met = word.written;
    if (writes(kind)) met |= this.#mayComeFirst(kind) ? word.looked : word.read | word.looked;
    if ((met & this.#bitsOf(kind, a)) !== 0) return true;
    if (kind !== ask.ASK_UNLOCK && word.locked) return true;
    return kind !== ask.ASK_LOCK && kind !== ask.ASK_UNLOCK && word.unlocked;
  }

  /** Whether a store may come before loads of others, which may see the older value all the same. */
  #mayComeFirst(kind: number): boolean {
    const { weak, futures } = this.#state;
    return weak !== undefined && !futures.countsAnswers && !replaces(kind);
  }

  #bitsOf(kind: number, a: number): number {
    return this.#state.weak === undefined ? bitsOf(kind, a) : -1;
  }

  /** Begin to find out what the others may do without a CPU, from their current states. */
  look(cpu: number): void {
    const state = this.#state;
    const { cpuCount, at, weak } = state;
    const alone = (this.#now = this.#alone[cpu] as Alone);
    alone.isKnown = true;
    alone.isOpen = alone.isWhole = false;
    alone.look = ++this.#look;
    alone.count = alone.open.length = 0;
    alone.begun.clear();
    alone.grow(state.local.size);
    for (let other = 0; other < cpuCount; other++) {
      if (other === cpu) continue;
      this.#reach(at[other] as number, other);
      this.#reach(at[cpuCount + other] as number, other);
      if (weak?.owes(other) === true) this.#access(ask.ASK_FENCE, ask.FENCE_WORD, 0);
    }
    alone.takesInterrupts = state.takesInterrupts(at, cpu);
    this.#beginInterrupts(cpu);
  }

  /** Continue to find out. Returns whether there may be more to find. */
  #goOn(cpu: number): boolean {
    const { interrupts, local } = this.#state;
    const alone = (this.#now = this.#alone[cpu] as Alone);
    alone.grow(local.size);
    let left = AT_ONCE;
    for (let state = alone.open.pop(); state !== undefined; state = alone.open.pop()) {
      this.#follow(state, alone.cpus[state] as number);
      if (alone.isOpen) return false;
      if (--left === 0) return true;
    }
    if (this.#beginInterrupts(cpu)) return true;
    alone.isWhole = true;
    if (interrupts.exist && alone.takesInterrupts) {
      const words = interrupts.wordsOf(cpu);
      alone.isOpen = interrupts.isPending(cpu) || this.#changes(words);
      for (const addr of words) alone.word(addr).awaited = true;
    }
    return false;
  }

  /** Whether code that is followed stores to one of some words. */
  #changes(addrs: ReadonlySet<Addr>): boolean {
    for (const addr of addrs) if ((this.#now.at(addr)?.written ?? 0) !== 0) return true;
    return false;
  }

  /** Follow the interrupts of others that may come by now. Returns whether there are more than before. */
  #beginInterrupts(cpu: number): boolean {
    const { cpuCount, interrupts, local } = this.#state;
    const { begun } = this.#now;
    let isAny = false;
    for (let other = 0; other < cpuCount; other++) {
      if (other === cpu || begun.has(other)) continue;
      const words = interrupts.wordsOf(other);
      for (const addr of words) this.#now.word(addr).awaited = true;
      if (!interrupts.isPending(other) && !this.#changes(words)) continue;
      begun.add(other);
      isAny = true;
      for (const addr of words) this.#access(ask.ASK_GET, addr, 0);
      for (const root of interrupts.rootsOf(other)) this.#reach(local.next(root, 0), other);
    }
    return isAny;
  }

  #reach(state: number, cpu: number): void {
    if (state < 0 || this.#now.seen[state] === this.#look) return;
    this.#now.seen[state] = this.#look;
    this.#now.cpus[state] = cpu;
    this.#now.open.push(state);
    if (++this.#now.count > MOST_STATES) this.#now.isOpen = true;
  }

  #follow(state: number, cpu: number): void {
    const { local, weak } = this.#state;
    const kind = local.kind(state);
    if (kind === ask.ASK_END || kind === ask.ASK_THROW) return;
    if (kind === ask.ASK_TRACE) {
      this.#go(state, 0, cpu);
      return;
    }
    const addr = local.addr(state);
    const word = this.#now.word(addr);
    if (dependsOnValue(kind) && this.#now.using[state] !== this.#look) {
      this.#now.using[state] = this.#look;
      word.users.push(state);
    }
    if (!this.#canPass(kind, word, addr, local.a(state))) {
      word.awaited = true;
      if (kind === ask.ASK_TRYLOCK) {
        this.#access(ask.ASK_READ, addr, 0);
        this.#go(state, 0, cpu);
      }
      return;
    }
    this.#access(kind, addr, local.a(state), local.order(state));
    if (weak !== undefined && ask.isFenced(kind, local.order(state))) {
      this.#access(ask.ASK_FENCE, ask.FENCE_WORD, 0);
    }
    if (this.#broken === 'R-24') return;
    if (this.#broken !== 'R-25') this.#store(kind, word, state, cpu);
    this.#answer(kind, word, state, cpu);
  }

  /** Whether what waits for a word may go on. */
  #canPass(kind: number, word: Word, addr: Addr, a: number): boolean {
    const { memory } = this.#state;
    if (word.isAny) return true;
    if (kind === ask.ASK_LOCK || kind === ask.ASK_TRYLOCK) {
      return word.unlocked || word.stored.length > 0 || isUnheld(memory.read(addr));
    }
    if (kind !== ask.ASK_RELAX && kind !== ask.ASK_MWAIT) return true;
    return memory.read(addr) !== a || word.stored.some((value) => value !== a);
  }

  /** Note an access that is made. */
  #access(kind: number, addr: Addr, a: number, order = 0): void {
    const word = this.#now.word(addr);
    const bits = this.#bitsOf(kind, a);
    const isLocking = kind === ask.ASK_LOCK || kind === ask.ASK_TRYLOCK;
    if (isLocking || kind === ask.ASK_UNLOCK) this.#lock(word, isLocking);
    else {
      if (writes(kind)) word.written |= bits;
      if (reads(kind)) word.read |= bits;
    }
    if (kind === ask.ASK_TRYLOCK) word.read |= bits;
    if (ask.looks(kind, order)) word.looked |= bits;
  }

  #lock(word: Word, isLocking: boolean): void {
    const isNew = isLocking ? !word.locked : !word.unlocked;
    if (isLocking) word.locked = true;
    else word.unlocked = true;
    if (isNew) this.#now.open.push(...word.users);
  }

  /** Note the values that an access leaves. */
  #store(kind: number, word: Word, state: number, cpu: number): void {
    const { local } = this.#state;
    const a = local.a(state);
    if (kind === ask.ASK_CMPXCHG) this.#add(word, local.b(state));
    else if (kind === ask.ASK_XCHG || overwrites(kind)) this.#add(word, a);
    else if (kind === ask.ASK_ADD || kind === ask.ASK_FETCH_ADD) this.#addAny(word);
    else if (ask.isModify(kind)) {
      if (word.isAny) return;
      for (const value of this.#values(word, local.addr(state), cpu, false)) {
        this.#add(word, modified(kind, value, a, 0));
      }
    }
  }

  #add(word: Word, value: number): void {
    if (word.isAny || word.stored.includes(value)) return;
    if (word.stored.length >= MOST_VALUES) {
      this.#addAny(word);
      return;
    }
    word.stored.push(value);
    this.#now.open.push(...word.users);
  }

  #addAny(word: Word): void {
    if (word.isAny) return;
    word.isAny = true;
    this.#now.open.push(...word.users);
  }

  /** Values that a word may hold, or that it held as far as a CPU can still see. */
  #values(word: Word, addr: Addr, cpu: number, isNewest: boolean): number[] {
    const { memory, weak } = this.#state;
    const values = [...word.stored];
    if (weak === undefined || isNewest) values.push(memory.read(addr));
    else weak.eachReadable(cpu, addr, (value) => void values.push(value));
    return values;
  }

  /** Follow the code by each answer that an access may be given. */
  #answer(kind: number, word: Word, state: number, cpu: number): void {
    const { local } = this.#state;
    const isLock = word.locked || word.unlocked;
    if (word.isAny || isLock || !reads(kind) || isWait(kind)) {
      this.#assumed.all(state);
      local.eachNext(state, (_, next) => {
        this.#reach(next, cpu);
      });
      return;
    }
    const isNewest = ask.looks(kind, local.order(state));
    const a = local.a(state);
    const isBit = kind === ask.ASK_BIT || kind === ask.ASK_SET_BIT || kind === ask.ASK_CLEAR_BIT;
    for (const value of this.#values(word, local.addr(state), cpu, isNewest)) {
      this.#go(state, isBit ? (value >>> a) & 1 : value, cpu);
    }
  }

  #go(state: number, answer: number, cpu: number): void {
    const next = this.#state.local.next(state, answer);
    if (next === UNKNOWN) this.#assumed.one(state, answer);
    else this.#reach(next, cpu);
  }
}

const isWait = (kind: number): boolean =>
  kind === ask.ASK_LOCK ||
  kind === ask.ASK_TRYLOCK ||
  kind === ask.ASK_RELAX ||
  kind === ask.ASK_MWAIT;

/** Whether what an access returns, or leaves, depends on the value of the word. */
const dependsOnValue = (kind: number): boolean =>
  reads(kind) || kind === ask.ASK_OR || kind === ask.ASK_AND;
