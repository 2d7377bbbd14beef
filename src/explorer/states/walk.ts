/** One execution of a search of states: where it stands, how it came there, and how it goes on where it has no choice. */

import { lowest } from '../engine/strategy.js';
import { type Draw, NO_ANSWERS } from './answers.js';
import { choicesOf } from './choices.js';
import type { GlobalState } from './global-state.js';
import type { Mark, Point, SavedWalk } from './mark.js';
import { mix, mixAgain } from './hash.js';
import { Lookahead } from './lookahead.js';
import type { SearchRule } from './rules.js';
import { Sections } from './sections.js';
import type { Way } from './search-result.js';

/** Result for an operation that might be no choice: it was executed, its order matters, or it has several answers. */
const WENT = 0;
const STAYS = 1;
const HAS_ANSWERS = 2;

const NOTHING_TOUCHED: readonly number[] = [];

/** What is fixed about the executions of a search. */
export interface WalkOptions {
  /** Operations before an execution is taken for one that makes no progress. */
  readonly bound: number;
  /** A rule whose condition is ignored: for tests only. */
  readonly broken?: SearchRule | undefined;
  /** Every step is a choice: for tests only. */
  readonly isPlain?: boolean;
}

/** Executes one scenario, one execution after another, and takes steps back. */
export class Walk {
  readonly state: GlobalState;
  /** Steps executed in all executions, forward and back. */
  steps: number;
  /** Operations on the way to the current state. */
  depth = 0;
  /** The choice taken at each depth, and the answers of the memory there. */
  readonly path: number[] = [];
  readonly answers: (readonly number[])[] = [];
  /** Preemptions that an execution may have, and answers of the memory other than the sequentially consistent one. */
  most = Infinity;
  mostWeak = Infinity;
  /** The only choice is one whose order with others does not matter, but the memory may answer in several ways. */
  isForced = false;
  /** Where answers come from in an execution at random. */
  random: Draw | undefined;
  /** Code is executed only to learn about it. What is known about it is not relied on. */
  isLearning = false;
  /** The CPU of the last step that mattered, and how many preemptions and weak answers led to the current state. */
  last = -1;
  preemptions = 0;
  weak = 0;
  /** A CPU that has begun to load what others store, just before its next step that others can notice; -1: none. */
  lazy = -1;
  readonly #bound: number;
  readonly #isPlain: boolean;
  readonly #isBroken: boolean;
  readonly #ahead: Lookahead;
  readonly #sections: Sections;
  #bounded = false;

  /** @param steps how many steps were executed before */
  constructor(state: GlobalState, { bound, broken, isPlain = false }: WalkOptions, steps: number) {
    this.state = state;
    this.steps = steps;
    this.#bound = bound;
    this.#isPlain = isPlain;
    this.#isBroken = broken === 'R-19';
    this.#ahead = new Lookahead(state, broken);
    this.#sections = new Sections(state, broken);
  }

  /** It has to go to a point after {@link load}. */
  save(): SavedWalk {
    const { path, answers, steps, most, mostWeak } = this;
    return { path, answers, steps, most, mostWeak, bounded: this.#bounded };
  }
  load({ path, answers, steps, most, mostWeak, bounded }: SavedWalk): void {
    for (const choice of path) this.path.push(choice);
    for (const taken of answers) this.answers.push(taken);
    Object.assign(this, { steps, most, mostWeak });
    this.#bounded = bounded;
  }

  /** Go back to the beginning. */
  start(): void {
    this.depth = this.preemptions = this.weak = 0;
    this.last = this.lazy = -1;
    this.#ahead.clear();
    this.state.meanwhile.clear();
    this.state.start();
  }

  /** Whether choices or answers were left out because of a bound. */
  get bounded(): boolean {
    return this.#bounded || this.state.weak?.answers.cut === true;
  }

  /** From now on, record whether something is left out because of a bound. */
  forgetBounded(): void {
    this.#bounded = false;
    if (this.state.weak !== undefined) this.state.weak.answers.cut = false;
  }

  /** The point where the execution stands. */
  here(): Point {
    const { depth, last, preemptions, weak, lazy } = this;
    return { mark: this.state.mark(), depth, last, preemptions, weak, lazy };
  }

  /** Go to a point of this execution, or of another one that shares the point with it. */
  goTo(point: Point): void {
    this.state.restore(point.mark);
    this.state.meanwhile.clear();
    this.depth = point.depth;
    this.last = point.last;
    this.preemptions = point.preemptions;
    this.weak = point.weak;
    this.lazy = point.lazy;
  }

  /** The way on which the execution came to its current point. */
  get way(): Way {
    return { path: this.path.slice(0, this.depth), answers: this.answers.slice(0, this.depth) };
  }

  /** Whether the execution has gone on for too long. */
  get isOverlong(): boolean {
    return this.depth > this.#bound;
  }

  /**
   * Execute all steps that are no choice. Returns the choices that there are then: two or more, or one with several
   * answers of the memory; 0 when the execution is over.
   */
  come(): number {
    const state = this.state;
    for (;;) {
      if (state.thrown !== undefined) return 0;
      const forced = this.#settle();
      this.isForced = forced >= 0;
      if (this.isForced) return 1 << forced;
      if (this.isOverlong) return 0;
      const choices = this.#ofLazy(choicesOf(this.state));
      if (choices === 0) {
        if (state.passTime()) continue;
        return 0;
      }
      if ((choices & (choices - 1)) !== 0) return choices;
      if (!this.#goAlone(lowest(choices))) return choices;
    }
  }

  /** Choices that there are while a CPU loads what others store: its own. */
  #ofLazy(choices: number): number {
    if (this.lazy < 0) return choices;
    const n = this.state.cpuCount;
    const own = choices & ((1 << this.lazy) | (1 << (2 * n + this.lazy)));
    if (own !== 0) return own;
    this.lazy = -1;
    return choices;
  }

  /** Hash of the state. With a bound, the hash includes how much of the bound is left. */
  hash(): [number, number] {
    this.state.hash();
    const { low, high } = this.state;
    if (this.most === Infinity && this.mostWeak === Infinity) {
      return this.lazy < 0 ? [low, high] : [mix(low, this.lazy), mixAgain(high, this.lazy)];
    }
    const spent = 64 * this.preemptions + this.last + 1;
    return [mix(mix(low, spent), this.weak), mixAgain(mixAgain(high, spent), this.weak)];
  }

  /**
   * Take a choice, and count it if it is a preemption.
   *
   * @param isForced the order of the step with others does not matter, so it is no preemption
   * @param answers answers of the memory; missing ones are the sequentially consistent answers
   * @returns whether the order of the step with others matters
   */
  choose(choice: number, isForced = false, answers?: readonly number[]): boolean {
    if (!isForced) {
      if (this.#isPreemption(choice)) this.preemptions++;
      this.last = choice % this.state.cpuCount;
    }
    return this.take(choice, answers, isForced);
  }

  /** Take the only choice. Returns false, without taking it, if the memory may answer in several ways. */
  #goAlone(choice: number): boolean {
    if (this.state.weak === undefined || this.random !== undefined) {
      this.choose(choice);
      return true;
    }
    const mark = this.state.mark();
    const { last, preemptions, lazy } = this;
    this.choose(choice);
    if (this.state.weak.answers.taken.length === 0) return true;
    this.#takeBack(mark, lazy);
    this.last = last;
    this.preemptions = preemptions;
    return false;
  }

  /** Take back the last step. */
  #takeBack(mark: Mark, lazy: number): void {
    this.lazy = lazy;
    this.weak -= this.state.weak?.answers.weak ?? 0;
    this.depth--;
    this.state.restore(mark);
  }

  #isPreemption(choice: number): boolean {
    const last = this.last;
    return last >= 0 && choice % this.state.cpuCount !== last && this.state.canGoOn(last);
  }

  /** Choices that the bound on preemptions leaves. */
  affordable(choices: number): number {
    if (this.preemptions < this.most) return choices;
    let left = 0;
    for (let rest = choices; rest !== 0; rest &= rest - 1) {
      if (!this.#isPreemption(lowest(rest))) left |= rest & -rest;
    }
    if (left !== choices) this.#bounded = true;
    return left;
  }

  /** Take a step. Returns whether its order with others matters. @param isForced see {@link choose} */
  take(choice: number, decided: readonly number[] = NO_ANSWERS, isForced = false): boolean {
    const state = this.state;
    const { weak, meanwhile } = state;
    this.#ahead.clear();
    if (!isForced || this.isLearning) meanwhile.clear();
    else if (weak !== undefined) this.#mayGoAlone(choice);
    const n = state.cpuCount;
    const isWait = weak !== undefined && choice < n && state.isBlocked(choice);
    this.#count(isWait ? 3 * n + choice : choice);
    weak?.answers.begin(decided, this.mostWeak - this.weak, this.random);
    const isLazy = weak !== undefined && choice < n && !isWait && this.#isLazy(choice);
    const isShared = this.#carryOut(choice);
    if (weak === undefined) return isShared;
    const isContended = isShared && !(isForced && this.#commutesWeakly(choice));
    this.#beLazy(choice % n, isLazy && !state.conflicts.told && isContended, isShared);
    this.answers[this.depth - 1] = weak.answers.taken;
    this.weak += weak.answers.weak;
    return isContended;
  }

  /** Whether the step that was just taken commutes with all that others may do before it. */
  #commutesWeakly(cpu: number): boolean {
    const { state } = this;
    if (state.recorded || state.thrown !== undefined) return false;
    return state.meanwhile.commutes(cpu, state.conflicts.touched);
  }

  #isLazy(cpu: number): boolean {
    const { conflicts, at } = this.state;
    return conflicts.isLazy(cpu, at[this.state.owner(cpu)] as number);
  }

  /** Note whether a CPU goes on loading. The others wait until it has taken a step that they can notice. */
  #beLazy(cpu: number, isLazy: boolean, isShared: boolean): void {
    if (this.mostWeak !== Infinity || this.#isPlain) return;
    if (isLazy) this.lazy = cpu;
    else if (!this.#isBroken && this.lazy === cpu && (isShared || this.state.conflicts.told))
      this.lazy = -1;
  }

  #carryOut(choice: number): boolean {
    const state = this.state;
    const n = state.cpuCount;
    if (choice < n) return state.step(choice);
    if (choice < 2 * n) return state.step(choice - n, true);
    state.interrupt(choice - 2 * n);
    return true;
  }

  #count(choice: number): void {
    this.steps++;
    this.path[this.depth++] = choice;
  }

  /**
   * Execute every operation whose order with others does not matter. Returns a CPU whose next operation is of this
   * kind, but may be answered by the memory in several ways; -1 when there is none.
   */
  #settle(): number {
    if (this.#isPlain) return -1;
    const state = this.state;
    let isOver: boolean;
    do {
      isOver = true;
      for (let cpu = 0; cpu < state.cpuCount; cpu++) {
        while (state.canGoOn(cpu) && !state.mayFail(cpu) && !this.isOverlong) {
          const went = state.weak === undefined ? this.#goesAlone(cpu) : this.#goesAloneWeakly(cpu);
          if (went === HAS_ANSWERS) return cpu;
          if (went === STAYS) break;
          // A step that one CPU has already taken no longer matters to the others.
          isOver = state.weak === undefined;
        }
      }
    } while (!isOver);
    return -1;
  }

  /** Execute the next operation of a CPU if its order with others does not matter. */
  #goesAlone(cpu: number): number {
    const state = this.state;
    const mark = state.mark();
    this.#count(cpu);
    if (!state.step(cpu) || this.#commutes(cpu, mark)) {
      this.#ahead.stepped(cpu);
      state.meanwhile.stepped(cpu);
      return WENT;
    }
    state.restore(mark);
    this.depth--;
    return this.#passSection(cpu) ? WENT : STAYS;
  }

  /** Execute the section of a lock that a CPU is about to take, if it commutes with all that others may do before it. */
  #passSection(cpu: number): boolean {
    if (!this.#sections.commutes(cpu)) return false;
    this.#ahead.clear();
    for (let left = this.#sections.length; left > 0; left--) {
      this.#count(cpu);
      this.state.step(cpu);
    }
    return true;
  }

  /** The same for an operation that the memory may answer in several ways. Then it is not executed. */
  #goesAloneWeakly(cpu: number): number {
    const state = this.state;
    if (state.isBlocked(cpu) || !this.#mayGoAlone(cpu)) return STAYS;
    if (this.isLearning) {
      this.take(cpu);
      return WENT;
    }
    const mark = state.mark();
    const { lazy } = this;
    let isContended = this.take(cpu, NO_ANSWERS, true);
    if (isContended && !state.meanwhile.isKnown(cpu)) {
      this.#takeBack(mark, lazy);
      state.meanwhile.look(cpu);
      state.meanwhile.commutes(cpu, NOTHING_TOUCHED);
      isContended = this.take(cpu, NO_ANSWERS, true);
    }
    const isOnly = this.random !== undefined || state.weak?.answers.taken.length === 0;
    if (isOnly && !isContended) {
      state.meanwhile.stepped(cpu);
      return WENT;
    }
    this.#takeBack(mark, lazy);
    return isContended ? STAYS : HAS_ANSWERS;
  }

  /** The same, with more than one other CPU: whether a step commutes with all that they may do. */
  #commutesWithAll(cpu: number, mark: Mark): boolean {
    const { state } = this;
    const asked = [...state.conflicts.touched];
    if (state.meanwhile.isKnown(cpu)) return state.meanwhile.commutes(cpu, asked);
    state.restore(mark);
    state.meanwhile.look(cpu);
    const commutes = state.meanwhile.commutes(cpu, asked);
    state.step(cpu);
    return commutes;
  }

  /** Whether the order of the next operation of a CPU with others does not matter, as far as can be told before it is executed. */
  #mayGoAlone(cpu: number): boolean {
    const { state } = this;
    if (!state.isContended(cpu)) return true;
    if (this.isLearning) return false;
    const touched = [...state.conflicts.touched];
    if (!state.meanwhile.isKnown(cpu)) state.meanwhile.look(cpu);
    return state.meanwhile.commutes(cpu, touched);
  }

  /** Whether a step that was just taken commutes with all that others may do before it. */
  #commutes(cpu: number, mark: Mark): boolean {
    const state = this.state;
    const ahead = this.#ahead;
    if (state.thrown !== undefined || state.recorded) return false;
    if (state.cpuCount > 2) return this.#commutesWithAll(cpu, mark);
    if (!ahead.isKnown(cpu)) {
      const asked = [...state.conflicts.touched];
      state.restore(mark);
      ahead.look(cpu, asked);
      state.step(cpu);
    }
    return ahead.commutes(cpu, mark);
  }
}
