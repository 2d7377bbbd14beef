/**
 * What one of two CPUs does when it goes on alone, until it has to wait for the other. As long as the other takes no
 * step, nothing else can happen. So a step of the other CPU that commutes with all of this is no choice.
 */

import type { Addr } from '../../memory/struct.js';
import { AccessSet } from './access-set.js';
import { writes } from './accesses.js';
import type { GlobalState } from './global-state.js';
import type { Mark } from './mark.js';
import { HashSet, mix, mixAgain } from './hash.js';
import * as ask from './requests.js';
import type { SearchRule } from './rules.js';

/** Steps after which looking ahead is given up. */
const MOST_STEPS = 2000;

/** The accesses of a CPU that goes on alone. */
class Solo extends AccessSet {
  isKnown = false;
  /** Its end is not known, or one of its accesses is known not to commute with the step that was asked about. */
  isOpen = false;
  /** An interrupt of the other CPU is pending at some time. */
  interrupts = false;
  /** Words that the CPU waits for in the end, or that would make an interrupt pending. */
  readonly awaited = new Set<Addr>();

  override clear(): void {
    super.clear();
    this.awaited.clear();
    this.isKnown = this.isOpen = this.interrupts = false;
  }
}

/** Looks ahead in a machine with two CPUs. */
export class Lookahead {
  readonly #state: GlobalState;
  readonly #solos: readonly Solo[];
  readonly #isShort: boolean;
  /** Accesses of the step that was asked about. */
  readonly #asked: AccessSet;
  /** Whether the CPU that takes the step would take an interrupt before it. */
  #takesInterrupts = false;
  #left = 0;
  /** States that were passed since an interrupt was a choice. */
  #seen = new HashSet();
  #hasBranched = false;

  /** @param broken a rule whose condition is ignored: for tests only */
  constructor(state: GlobalState, broken?: SearchRule) {
    this.#state = state;
    const count = state.cpuCount === 2 ? 2 : 0;
    this.#solos = Array.from({ length: count }, () => new Solo(state.memory.size));
    this.#asked = new AccessSet(state.memory.size);
    this.#isShort = broken === 'R-16';
  }

  /** Forget everything: after a step that was a choice, and where another way is followed. */
  clear(): void {
    for (const solo of this.#solos) if (solo.isKnown) solo.clear();
  }

  /** Note that a CPU has taken a step that was no choice. */
  stepped(cpu: number): void {
    const solo = this.#solos[1 - cpu];
    if (solo?.isKnown !== true) return;
    const { local, conflicts } = this.#state;
    const own = this.#state.interrupts.wordsOf(cpu);
    for (const state of conflicts.touched) {
      if (!writes(local.kind(state))) continue;
      const addr = local.addr(state);
      if (solo.awaited.has(addr) || own.has(addr)) {
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
    const { local, conflicts } = this.#state;
    if (solo.interrupts && this.#state.takesInterrupts(before.at, cpu)) return false;
    return !solo.meetsAny(local, conflicts.touched);
  }

  /**
   * Find out what the CPU other than `cpu` does alone, until it is clear that a step of `cpu` does not commute with it.
   * The state is the same afterwards.
   *
   * @param asked local states whose accesses that step consists of
   */
  look(cpu: number, asked: readonly number[]): void {
    const state = this.#state;
    const solo = this.#solos[1 - cpu] as Solo;
    solo.clear();
    solo.isKnown = true;
    this.#asked.clear();
    this.#asked.addAll(state.local, asked);
    this.#takesInterrupts = state.takesInterrupts(state.at, cpu);
    this.#left = MOST_STEPS;
    if (this.#hasBranched) this.#seen = new HashSet();
    this.#hasBranched = false;
    const mark = state.mark();
    state.conflicts.isAhead = true;
    this.#walk(solo, 1 - cpu, cpu);
    state.conflicts.isAhead = false;
    state.restore(mark);
    for (const addr of state.interrupts.wordsOf(1 - cpu)) solo.awaited.add(addr);
  }

  #walk(solo: Solo, cpu: number, other: number): void {
    const state = this.#state;
    while (!solo.isOpen && state.thrown === undefined) {
      if (this.#left-- <= 0) {
        solo.isOpen = true;
        return;
      }
      if (!solo.interrupts && state.interrupts.isPending(other)) {
        solo.interrupts = true;
        solo.isOpen = this.#takesInterrupts;
        continue;
      }
      if (state.isInterrupted(cpu)) {
        for (const addr of state.interrupts.wordsOf(cpu)) {
          solo.add(ask.ASK_GET, addr, 0);
          if (this.#asked.meets(ask.ASK_GET, addr, 0)) solo.isOpen = true;
        }
        this.#branch(solo, cpu, other, () => {
          state.interrupt(cpu);
        });
        this.#hasBranched = true;
      }
      if (this.#hasBranched && this.#wasHere()) return;
      if (!state.canGoOn(cpu)) {
        const at = state.at[state.owner(cpu)] as number;
        if (state.local.addr(at) >= 0) solo.awaited.add(state.local.addr(at));
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
    const { local, conflicts } = this.#state;
    solo.addAll(local, conflicts.touched);
    if (this.#asked.meetsAny(local, conflicts.touched)) solo.isOpen = true;
  }
}
