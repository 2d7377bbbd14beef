/**
 * Sections of a spin lock whose order does not matter: two CPUs want one lock at some time, and reach the same state
 * whichever is first. States are compared, so sections can commute even if their accesses do not, such as two that
 * count something.
 */

import type { Addr } from '../../memory/struct.js';
import { AccessSet } from './access-set.js';
import { NONE, type GlobalState } from './global-state.js';
import { HashSet } from './hash.js';
import * as ask from './requests.js';
import type { SearchRule } from './rules.js';

/** Steps of the other CPU after which the check is given up. */
const MOST_STEPS = 2000;
/** Steps of a section. */
const LONGEST = 100;

/** Checks sections in a machine with two CPUs. */
export class Sections {
  /** Steps of the section that {@link commutes} was asked about. */
  length = 0;
  readonly #state: GlobalState;
  /** Accesses of that section, wherever it was executed. */
  readonly #own: AccessSet;
  readonly #isBlind: boolean;
  #seen = new HashSet();
  #hasBranched = false;
  #left = 0;

  /** @param broken a rule whose condition is ignored: for tests only */
  constructor(state: GlobalState, broken?: SearchRule) {
    this.#state = state;
    this.#own = new AccessSet(state.memory.size);
    this.#isBlind = broken === 'R-17';
  }

  /**
   * Whether a CPU is about to take a spin lock, and its whole section commutes with all that the other of two CPUs does
   * alone before it has to wait. The state is the same afterwards.
   */
  commutes(cpu: number): boolean {
    const state = this.#state;
    const lock = this.#lockOf(cpu);
    if (state.cpuCount !== 2 || lock < 0) return false;
    const mark = state.mark();
    state.conflicts.isAhead = true;
    this.#own.clear();
    this.length = this.#execute(cpu, lock, this.#own);
    state.restore(mark);
    let commutes = this.length > 0;
    if (commutes) {
      this.#left = MOST_STEPS;
      if (this.#hasBranched) this.#seen = new HashSet();
      this.#hasBranched = false;
      commutes = this.#walk(cpu, lock, state.takesInterrupts(state.at, cpu));
      state.restore(mark);
    }
    state.conflicts.isAhead = false;
    return commutes;
  }

  /** The spin lock that a CPU is about to take and that is free; negative for none. */
  #lockOf(cpu: number): Addr {
    const { local, at } = this.#state;
    const asked = at[this.#state.owner(cpu)] as number;
    const isLock = local.kind(asked) === ask.ASK_LOCK && this.#state.canGoOn(cpu);
    return isLock ? local.addr(asked) : -1;
  }

  /**
   * Execute a section from taking its lock to releasing it. Returns its steps, or 0 if it cannot be executed in one go.
   */
  #execute(cpu: number, lock: Addr, accesses?: AccessSet): number {
    const state = this.#state;
    const owner = state.owner(cpu);
    for (let steps = 1; steps <= LONGEST; steps++) {
      if (!state.canGoOn(cpu) || state.mayFail(cpu)) return 0;
      state.step(cpu);
      accesses?.addAll(state.local, state.conflicts.touched);
      if (state.thrown !== undefined || state.recorded) return 0;
      const at = state.at[owner] as number;
      if (at === NONE) return 0;
      if (!state.local.holds(at, lock)) return steps;
    }
    return 0;
  }

  /** Follow the CPU other than `cpu`: whether the section commutes with all that it does. */
  #walk(cpu: number, lock: Addr, takesInterrupts: boolean): boolean {
    const state = this.#state;
    const other = 1 - cpu;
    const walk = (): boolean => this.#walk(cpu, lock, takesInterrupts);
    for (;;) {
      if (this.#left-- <= 0 || state.thrown !== undefined) return false;
      if (takesInterrupts && state.interrupts.isPending(cpu)) return false;
      if (state.isInterrupted(other) && !this.#branch(() => this.#interrupt(other) && walk())) {
        return false;
      }
      if (this.#hasBranched && this.#wasHere()) return true;
      if (!state.canGoOn(other)) return state.canGoOn(cpu);
      if (state.mayFail(other) && !this.#branch(() => this.#step(other, true) && walk())) {
        return false;
      }
      const goesOn = this.#lockOf(other) === lock ? this.#swap(cpu, lock) : this.#step(other);
      if (!goesOn) return false;
    }
  }

  /** Follow one of several ways. */
  #branch(follow: () => boolean): boolean {
    const mark = this.#state.mark();
    this.#hasBranched = true;
    const commutes = follow();
    this.#state.restore(mark);
    return commutes;
  }

  #interrupt(other: number): boolean {
    const state = this.#state;
    for (const addr of state.interrupts.wordsOf(other)) {
      if (this.#own.meets(ask.ASK_GET, addr, 0)) return false;
    }
    state.interrupt(other);
    return !this.#own.meetsAny(state.local, state.conflicts.touched);
  }

  /** The other CPU takes a step. Returns whether the section commutes with it, as far as its accesses tell. */
  #step(other: number, fails = false): boolean {
    const state = this.#state;
    state.step(other, fails);
    return !state.recorded && !this.#own.meetsAny(state.local, state.conflicts.touched);
  }

  /** The other CPU executes a section of the same lock. Returns whether both orders lead to one state. */
  #swap(cpu: number, lock: Addr): boolean {
    const state = this.#state;
    const before = state.mark();
    if (this.#execute(cpu, lock, this.#own) === 0) return false;
    if (this.#execute(1 - cpu, lock) === 0) return false;
    state.hash();
    const { low, high } = state;
    state.restore(before);
    if (this.#execute(1 - cpu, lock) === 0) return false;
    const between = state.mark();
    if (this.#execute(cpu, lock, this.#own) === 0) return false;
    state.hash();
    const isSame = this.#isBlind || (state.low === low && state.high === high);
    state.restore(between);
    return isSame;
  }

  #wasHere(): boolean {
    const state = this.#state;
    state.hash();
    return !this.#seen.add(state.low, state.high);
  }
}
