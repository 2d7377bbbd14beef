/** Searches all states of a race under sequentially consistent memory, each once. */

import type { Ablation } from '../../memory/sites.js';
import type { Prepared } from '../engine/prepared.js';
import { countOf } from '../engine/strategy.js';
import { Judge, type Verdict } from '../engine/verdict.js';
import { GlobalState, type Mark } from './global-state.js';
import { HashSet } from './hash.js';
import type { SearchRule } from './rules.js';

/** What a search has found so far. */
export interface SearchResult {
  /** Every state was searched, and nothing was left out. */
  readonly exhausted: boolean;
  /** States in which somebody had a choice. */
  readonly states: number;
  /** Steps executed, to and fro. */
  readonly steps: number;
  /** Ends reached, by the key of their verdict. */
  readonly ends: ReadonlyMap<string, End>;
  /** Part of the search, from 0 to 1, as every choice of one state counts the same. */
  readonly done: number;
  /** How often the search began again, as a word turned out to be shared. */
  readonly restarts: number;
}

/** Ends with the same outcome. */
export interface End {
  readonly verdict: Verdict;
  /** States in which an execution ended so. */
  count: number;
  /** The way to the first: see `PathStrategy`. */
  readonly path: readonly number[];
}

/** How far a search may go. */
export interface SearchLimits {
  /** Steps, to and fro. */
  readonly steps: number;
}

/** What a search is made with. */
export interface SearchOptions {
  readonly ablation: Ablation;
  /** Operations before an execution is taken for one that makes no progress. */
  readonly bound: number;
  /** A rule whose condition is ignored: for tests only. */
  readonly broken?: SearchRule | undefined;
}

/** A state with choices left: bit `cpu` is its next operation, then that with a late failure, then an interrupt. */
interface Frame {
  readonly mark: Mark;
  left: number;
  /** Number of choices there were. */
  readonly choices: number;
  readonly depth: number;
}

/** Depth-first search over the states of one scenario. */
export class StateSearch {
  readonly #prepared: Prepared;
  readonly #ablation: Ablation;
  readonly #judge: Judge;
  readonly #bound: number;
  readonly #broken: SearchRule | undefined;
  #state: GlobalState;
  #seen = new HashSet();
  #frames: Frame[] = [];
  #ends = new Map<string, End>();
  /** The choice taken at each depth. */
  readonly #path: number[] = [];
  #steps = 0;
  #restarts = 0;
  #keepsEvents = false;
  /** Operations on the way to the current state. */
  #depth = 0;
  #surprises = 0;
  /** Steps when something first turned out to be wrong in this pass, and when the pass began; negative: nothing did. */
  #doubtfulSince = -1;
  #passSteps = 0;
  #done = false;
  #overlong = false;

  constructor(prepared: Prepared, { ablation, bound, broken }: SearchOptions) {
    this.#prepared = prepared;
    this.#ablation = ablation;
    this.#broken = broken;
    this.#judge = new Judge(prepared);
    this.#bound = bound;
    this.#state = this.#newState();
    this.#begin();
  }

  #newState(): GlobalState {
    return new GlobalState(this.#prepared, {
      ablation: this.#ablation,
      keepsEvents: this.#keepsEvents,
      broken: this.#broken,
    });
  }

  #begin(): void {
    this.#seen = new HashSet();
    this.#frames = [];
    this.#ends = new Map();
    this.#overlong = false;
    this.#depth = 0;
    this.#state.confirm();
    this.#state.rebuild();
    this.#state.start();
    this.#surprises = this.#state.sharing.surprises;
    this.#doubtfulSince = -1;
    this.#passSteps = this.#steps;
    this.#visit();
  }

  /** Whether the search is over, exhausted or not. */
  get isDone(): boolean {
    return this.#done;
  }

  /** Search on. */
  run(limits: SearchLimits): SearchResult {
    while (!this.#done && this.#steps < limits.steps) this.#advance();
    return {
      exhausted: this.#done && !this.#overlong,
      states: this.#seen.size,
      steps: this.#steps,
      ends: this.#ends,
      done: this.#done ? 1 : this.#doneSoFar(),
      restarts: this.#restarts,
    };
  }

  #doneSoFar(): number {
    let [done, weight] = [0, 1];
    for (const { left, choices } of this.#frames) {
      weight /= choices;
      done += weight * (choices - countOf(left) - 1);
    }
    return done;
  }

  #advance(): void {
    if (this.#mustBeginAgain()) {
      this.#restarts++;
      this.#begin();
      return;
    }
    const frame = this.#frames.at(-1);
    if (frame === undefined) {
      this.#done = true;
      return;
    }
    if (frame.left === 0) {
      this.#frames.pop();
      return;
    }
    const choice = 31 - Math.clz32(frame.left & -frame.left);
    frame.left &= frame.left - 1;
    this.#state.restore(frame.mark);
    this.#depth = frame.depth;
    this.#take(choice);
    this.#visit();
  }

  /** Whether something that the search relied on turned out to be wrong, and enough has been learnt since. */
  #mustBeginAgain(): boolean {
    const { sharing, surprises } = this.#state;
    if (this.#mustKeepEvents()) return true;
    if (this.#broken === 'R-2') return false;
    if (this.#doubtfulSince < 0) {
      if (sharing.surprises === this.#surprises && surprises === 0) {
        return this.#frames.length === 0 && !this.#state.confirm();
      }
      this.#doubtfulSince = this.#steps;
    }
    const learnt = this.#steps - this.#doubtfulSince;
    return this.#frames.length === 0 || learnt > 2 * (this.#doubtfulSince - this.#passSteps);
  }

  #mustKeepEvents(): boolean {
    if (this.#keepsEvents || !this.#state.usesEvents) return false;
    this.#keepsEvents = true;
    this.#state = this.#newState();
    return true;
  }

  #take(choice: number): void {
    const state = this.#state;
    const n = state.cpuCount;
    this.#count(choice);
    if (choice >= 2 * n) state.interrupt(choice - 2 * n);
    else if (choice >= n) state.step(choice - n, true);
    else state.step(choice);
  }

  #count(choice: number): void {
    this.#steps++;
    this.#path[this.#depth++] = choice;
  }

  /** Execute what is no choice, then note the state and its choices, or how the execution ended. */
  #visit(): void {
    const state = this.#state;
    for (;;) {
      if (state.thrown !== undefined) {
        this.#end('threw');
        return;
      }
      this.#settle();
      if (this.#depth > this.#bound) {
        this.#overlong = true;
        return;
      }
      const choices = this.#choices();
      if (choices === 0) {
        if (state.passTime()) continue;
        this.#end(state.restsAs);
        return;
      }
      if ((choices & (choices - 1)) === 0) {
        this.#take(31 - Math.clz32(choices));
        continue;
      }
      state.hash();
      if (!this.#seen.add(state.low, state.high)) return;
      this.#frames.push({
        mark: state.mark(),
        left: choices,
        choices: countOf(choices),
        depth: this.#depth,
      });
      return;
    }
  }

  /** Execute every operation whose order with others does not matter. */
  #settle(): void {
    const state = this.#state;
    for (let cpu = 0; cpu < state.cpuCount; cpu++) {
      while (state.canGoOn(cpu) && !state.mayFail(cpu) && this.#depth <= this.#bound) {
        const mark = state.mark();
        this.#count(cpu);
        if (!state.step(cpu)) continue;
        state.restore(mark);
        this.#depth--;
        break;
      }
    }
  }

  #choices(): number {
    const state = this.#state;
    const n = state.cpuCount;
    let choices = 0;
    for (let cpu = 0; cpu < n; cpu++) {
      if (state.canGoOn(cpu)) {
        choices |= 1 << cpu;
        if (state.mayFail(cpu)) choices |= 1 << (n + cpu);
      }
      if (state.isInterrupted(cpu)) choices |= 1 << (2 * n + cpu);
    }
    return choices;
  }

  #end(reason: 'ended' | 'deadlock' | 'threw'): void {
    const verdict = this.#judge.judge(this.#state, reason, undefined);
    const known = this.#ends.get(verdict.key);
    if (known !== undefined) known.count++;
    else this.#ends.set(verdict.key, { verdict, count: 1, path: this.#path.slice(0, this.#depth) });
  }
}
