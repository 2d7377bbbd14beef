/**
 * Whether the order of the current step with what others may still do matters. If not, only one order needs to be
 * tried.
 */

import { UsageError } from '../../errors.js';
import type { Addr } from '../../memory/struct.js';
import { writes } from './accesses.js';
import type { Futures } from './futures.js';
import type { Interrupts } from './interrupts.js';
import type { LocalStates } from './local-states.js';
import * as ask from './requests.js';
import type { SearchRule } from './rules.js';
import type { Sharing } from './sharing.js';
import type { WeakMemory } from './weak-memory.js';

/** Accesses that one step may consist of; with more, code has lost its way or never ends. */
const MOST_IN_STEP = 1_000_000;

const NO_LOCKS: readonly Addr[] = [];

/** What is asked for it. */
export interface ConflictsHost {
  readonly cpuCount: number;
  /** Local state of each piece of code; negative where there is none. */
  readonly at: Int32Array;
  readonly local: LocalStates;
  readonly sharing: Sharing;
  readonly futures: Futures;
  readonly interrupts: Interrupts;
  readonly weak: WeakMemory | undefined;
}

/** Follows one step after another. */
export class Conflicts {
  /** The order of the step with others matters. */
  found = false;
  /**
   * Others can notice that the step was taken, or the step has seen the newest value of a word that others store to.
   */
  told = false;
  /** The code whose step it is. */
  owner = 0;
  /**
   * A look ahead is under way, which goes back to the current state afterwards. Meanwhile, it is not checked whether
   * steps commute.
   */
  isAhead = false;
  /** Local states whose accesses the step, or the beginning of an interrupt, consisted of. */
  readonly touched: number[] = [];
  /** Called for every access before it is carried out, with the local state that asks for it. */
  onAccess: ((owner: number, state: number) => void) | undefined;
  /** Spin locks that were held when the step began. No other code can take them before the step. */
  #held: readonly Addr[] = NO_LOCKS;
  readonly #host: ConflictsHost;
  readonly #broken: SearchRule | undefined;

  constructor(host: ConflictsHost, broken: SearchRule | undefined) {
    this.#host = host;
    this.#broken = broken;
  }

  /** Code begins. */
  beginCode(owner: number): void {
    this.owner = owner;
    this.#held = NO_LOCKS;
    this.touched.length = 0;
  }

  /** A step of a CPU begins in a local state of its code. */
  beginStep(cpu: number, owner: number, state: number): void {
    const { local } = this.#host;
    this.owner = owner;
    this.told = false;
    this.touched.length = 0;
    this.#held = this.#broken === 'R-15' ? local.knownLocks : local.heldLocks(state);
    this.found = !this.isAhead && this.#masksInterrupt(cpu, owner, state);
  }

  /** Whether an operation keeps off an interrupt that may come. */
  #masksInterrupt(cpu: number, owner: number, state: number): boolean {
    const { local, interrupts } = this.#host;
    if (!interrupts.exist || owner !== cpu || local.depth(state) !== 0) return false;
    const kind = local.kind(state);
    const isMask = kind === ask.ASK_LOCK || kind === ask.ASK_TRYLOCK || kind === ask.ASK_PREEMPT;
    if (!isMask || this.#broken === 'R-11') return false;
    return this.#mayBeInterrupted(cpu);
  }

  /** Whether an interrupt of a CPU is pending, or may be before the code that executes a step goes on. */
  #mayBeInterrupted(cpu: number): boolean {
    const { interrupts, at } = this.#host;
    if (interrupts.isPending(cpu)) return true;
    for (const addr of interrupts.wordsOf(cpu)) {
      for (let owner = 0; owner < at.length; owner++) {
        if (this.#waitsForStep(owner)) continue;
        if (this.#mayMeet(owner, ask.ASK_GET, addr, 0, false)) return true;
      }
    }
    return false;
  }

  /**
   * Whether code cannot go on before the step is executed: the code whose step it is, and what that code interrupts or is
   * interrupted by, as long as it keeps interrupts off.
   */
  #waitsForStep(other: number): boolean {
    const { owner } = this;
    const { cpuCount, local, at } = this.#host;
    if (other === owner) return true;
    if (other % cpuCount !== owner % cpuCount) return false;
    if (other < owner || this.#broken === 'R-14') return true;
    return local.depth(at[owner] as number) !== 0;
  }

  /** Whether code may still make an access that does not commute with another; an interrupt that may yet come counts. */
  #mayMeet(owner: number, kind: number, addr: Addr, a: number, asks = true): boolean {
    const { cpuCount, at, futures, interrupts } = this.#host;
    const state = at[owner] as number;
    if (state >= 0 && futures.mayMeet(state, kind, addr, a, this.#held)) return true;
    if (owner < cpuCount) return false;
    const cpu = owner - cpuCount;
    for (const root of interrupts.rootsOf(cpu)) {
      if (!futures.mayMeet(root, kind, addr, a, this.#held)) continue;
      if (!asks || this.#mayBeInterrupted(cpu)) return true;
    }
    return false;
  }

  /** Note the access that a local state asks for, and whether its order with what others may still do matters. */
  touch(state: number): void {
    const { local, weak } = this.#host;
    this.onAccess?.(this.owner, state);
    if (this.touched.push(state) > MOST_IN_STEP) {
      throw new UsageError(`code accesses memory more than ${MOST_IN_STEP} times in one step`);
    }
    if (this.isAhead) return;
    const kind = local.kind(state);
    if (weak !== undefined && this.#isFenced(state)) {
      this.#touchWord(ask.ASK_FENCE, ask.FENCE_WORD, 0);
    }
    this.#touchWord(kind, local.addr(state), local.a(state));
  }

  /** Whether what a local state of a CPU asks for is a load that may see older values than the newest, and nothing else. */
  isLazy(cpu: number, state: number): boolean {
    const { local, weak } = this.#host;
    if (!ask.isLoad(local.kind(state)) || weak?.owes(cpu) === true) return false;
    return (local.order(state) & (ask.FRESH | ask.OWES_FENCE)) === 0;
  }

  /** Whether an operation executes a strong fence besides what it is. */
  #isFenced(state: number): boolean {
    const { local, weak, cpuCount } = this.#host;
    if (ask.isFenced(local.kind(state), local.order(state))) return true;
    return weak?.owes(this.owner % cpuCount) === true;
  }

  #touchWord(kind: number, addr: Addr, a: number): void {
    const { sharing, futures, at } = this.#host;
    const { owner } = this;
    const isShared = writes(kind) ? sharing.write(owner, addr) : sharing.read(owner, addr);
    if (isShared && (writes(kind) || ask.isImmediate(kind))) this.told = true;
    if (this.found || !isShared || this.#broken === 'R-1') return;
    if (writes(kind) && this.#causesInterrupt(addr)) this.found = true;
    if (this.found || futures.isGuarded(addr)) return;
    for (let other = 0; other < at.length && !this.found; other++) {
      if (!this.#waitsForStep(other)) this.found = this.#mayMeet(other, kind, addr, a);
    }
  }

  /** Whether a store changes what interrupts depend on that may begin before it. */
  #causesInterrupt(addr: Addr): boolean {
    const { cpuCount, interrupts } = this.#host;
    for (let cpu = 0; cpu < cpuCount; cpu++) {
      if (!interrupts.wordsOf(cpu).has(addr)) continue;
      if (this.#waitsForStep(cpuCount + cpu)) continue;
      if (this.#mayBeInterrupted(cpu)) return true;
    }
    return false;
  }
}
