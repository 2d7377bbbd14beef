/**
 * What one of two CPUs does when it goes on alone, until it has to wait for the other. As long as the other takes no step, that
 * is all that can happen: a step of the other with which all of it commutes is no choice.
 */

import type { Addr } from '../../memory/struct.js';
import { bitsOf, reads, writes } from './accesses.js';
import type { GlobalState, Mark } from './global-state.js';
import { HashSet, mix, mixAgain } from './hash.js';
import * as ask from './requests.js';
import type { SearchRule } from './rules.js';

/** Steps after which looking ahead is given up. */
const MOST_STEPS = 2000;

/** The accesses of a CPU that goes on alone, by word. */
class Solo {
  isKnown = false;
  /** There is no end to it. */
  isOpen = false;
  /** An interrupt of the other CPU is pending at some time. */
  interrupts = false;
  readonly read: Int32Array;
  readonly written: Int32Array;
  readonly locked: Uint8Array;
  readonly unlocked: Uint8Array;
  /** 1 for each word that the CPU waits for in the end, or that would make an interrupt pending. */
  readonly awaited: Uint8Array;
  readonly #addrs: Addr[] = [];

  constructor(words: number) {
    this.read = new Int32Array(words);
    this.written = new Int32Array(words);
    this.locked = new Uint8Array(words);
    this.unlocked = new Uint8Array(words);
    this.awaited = new Uint8Array(words);
  }

  clear(): void {
    for (const addr of this.#addrs) {
      this.read[addr] = this.written[addr] = 0;
      this.locked[addr] = this.unlocked[addr] = this.awaited[addr] = 0;
    }
    this.#addrs.length = 0;
    this.isKnown = this.isOpen = this.interrupts = false;
  }

  /** Note an access. */
  add(kind: number, addr: Addr, a: number): void {
    this.#addrs.push(addr);
    const bits = bitsOf(kind, a);
    if (kind === ask.ASK_LOCK || kind === ask.ASK_TRYLOCK) this.locked[addr] = 1;
    else if (kind === ask.ASK_UNLOCK) this.unlocked[addr] = 1;
    else {
      if (writes(kind)) this.written[addr] = (this.written[addr] as number) | bits;
      if (reads(kind)) this.read[addr] = (this.read[addr] as number) | bits;
    }
  }

  await(addr: Addr): void {
    this.#addrs.push(addr);
    this.awaited[addr] = 1;
  }

  /** Whether some access does not commute with another. */
  meets(kind: number, addr: Addr, a: number): boolean {
    let met = this.written[addr] as number;
    if (writes(kind)) met |= this.read[addr] as number;
    if ((met & bitsOf(kind, a)) !== 0) return true;
    if (kind !== ask.ASK_UNLOCK && this.locked[addr] === 1) return true;
    const isLock = kind === ask.ASK_LOCK || kind === ask.ASK_UNLOCK;
    return !isLock && this.unlocked[addr] === 1;
  }
}

/** Looks ahead in a machine with two CPUs. */
export class Lookahead {
  readonly #state: GlobalState;
  readonly #solos: readonly Solo[];
  readonly #isShort: boolean;
  #left = 0;
  /** States that were passed since an interrupt was a choice. */
  #seen = new HashSet();
  #hasBranched = false;

  /** @param broken a rule whose condition is ignored: for tests only */
  constructor(state: GlobalState, broken?: SearchRule) {
    this.#state = state;
    const count = state.cpuCount === 2 ? 2 : 0;
    this.#solos = Array.from({ length: count }, () => new Solo(state.memory.size));
    this.#isShort = broken === 'R-16';
  }

  /** Forget everything: after a step that was a choice, and where another way is followed. */
  clear(): void {
    for (const solo of this.#solos) if (solo.isKnown) solo.clear();
  }

  /** A CPU has taken a step that was no choice. */
  stepped(cpu: number): void {
    const solo = this.#solos[1 - cpu];
    if (solo?.isKnown !== true) return;
    const { local, touched } = this.#state;
    const own = this.#state.pendingWordsOf(cpu);
    for (const state of touched) {
      if (!writes(local.kind(state))) continue;
      const addr = local.addr(state);
      if (solo.awaited[addr] === 1 || own.has(addr)) {
        solo.clear();
        return;
      }
    }
  }

  /** Whether what the other CPU does is known; else {@link look} has to be called where the step has not been taken. */
  isKnown(cpu: number): boolean {
    return this.#solos[1 - cpu]?.isKnown !== false;
  }

  /** Whether the step that was taken since a mark commutes with all that the other CPU does alone before it. */
  commutes(cpu: number, before: Mark): boolean {
    const solo = this.#solos[1 - cpu];
    if (solo === undefined || solo.isOpen) return false;
    const { local, touched } = this.#state;
    if (solo.interrupts && this.#state.takesInterrupts(before.at, cpu)) return false;
    return touched.every((at) => !solo.meets(local.kind(at), local.addr(at), local.a(at)));
  }

  /** See what the CPU other than `cpu` does alone. The state is as before, after. */
  look(cpu: number): void {
    const solo = this.#solos[1 - cpu] as Solo;
    solo.clear();
    solo.isKnown = true;
    this.#left = MOST_STEPS;
    if (this.#hasBranched) this.#seen = new HashSet();
    this.#hasBranched = false;
    const mark = this.#state.mark();
    this.#walk(solo, 1 - cpu, cpu);
    this.#state.restore(mark);
    for (const addr of this.#state.pendingWordsOf(1 - cpu)) solo.await(addr);
  }

  #walk(solo: Solo, cpu: number, other: number): void {
    const state = this.#state;
    while (!solo.isOpen && state.thrown === undefined) {
      if (this.#left-- <= 0) {
        solo.isOpen = true;
        return;
      }
      if (!solo.interrupts) solo.interrupts = state.isPending(other);
      if (state.isInterrupted(cpu)) {
        for (const addr of state.pendingWordsOf(cpu)) solo.add(ask.ASK_GET, addr, 0);
        this.#branch(solo, cpu, other, () => {
          state.interrupt(cpu);
        });
        this.#hasBranched = true;
      }
      if (this.#hasBranched && this.#wasHere()) return;
      if (!state.canGoOn(cpu)) {
        const at = state.at[state.owner(cpu)] as number;
        if (state.local.addr(at) >= 0) solo.await(state.local.addr(at));
        return;
      }
      if (state.mayFail(cpu)) {
        this.#branch(solo, cpu, other, () => {
          state.step(cpu, true);
        });
      }
      state.step(cpu);
      this.#note(solo);
      if (this.#isShort) return;
    }
  }

  /** Whether a way that was looked at before came to the same state. */
  #wasHere(): boolean {
    const { at, local, memory } = this.#state;
    let { low, high } = memory;
    for (let i = 0; i < at.length; i++) {
      const state = at[i] as number;
      low ^= mix(i + 1, state < 0 ? 0 : local.hash(state));
      high ^= mixAgain(i + 1, state < 0 ? 0 : local.hashAgain(state));
    }
    return !this.#seen.add(low, high);
  }

  #branch(solo: Solo, cpu: number, other: number, begin: () => void): void {
    const mark = this.#state.mark();
    begin();
    this.#note(solo);
    this.#walk(solo, cpu, other);
    this.#state.restore(mark);
  }

  #note(solo: Solo): void {
    const { local, touched } = this.#state;
    for (const state of touched) solo.add(local.kind(state), local.addr(state), local.a(state));
  }
}
