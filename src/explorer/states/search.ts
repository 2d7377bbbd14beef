/** Searches all states of a race under sequentially consistent memory, each once. */

import type { Ablation } from '../../memory/sites.js';
import type { Prepared } from '../engine/prepared.js';
import { RandomSource } from '../engine/random-source.js';
import { countOf, lowest } from '../engine/strategy.js';
import { Judge } from '../engine/verdict.js';
import { GlobalState, type Mark } from './global-state.js';
import { HashSet, mix, mixAgain } from './hash.js';
import { Lookahead } from './lookahead.js';
import type { SearchRule } from './rules.js';
import type { End, SearchResult, Seen } from './search-result.js';

/** Seed of the executions that tell how much a search has seen. */
const PROBE_SEED = 1;
/** Executions without which there is no estimate. */
const FEWEST_PROBES = 10;

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
  /** Every step is a choice: for tests only. */
  readonly isPlain?: boolean;
}

/** A state with choices left: bit `cpu` is its next operation, then that with a late failure, then an interrupt. */
interface Frame {
  readonly mark: Mark;
  left: number;
  readonly depth: number;
  /** The CPU that took the step before, and preemptions up to there. */
  readonly last: number;
  readonly preemptions: number;
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
  readonly #isPlain: boolean;
  #ahead: Lookahead;
  #done = false;
  #overlong = false;
  /** Preemptions that an execution may have, and whether choices were left out for it. */
  #most = Infinity;
  #bounded = false;
  /** The CPU whose step was the last that mattered, and preemptions on the way to the current state. */
  #last = -1;
  #preemptions = 0;

  constructor(prepared: Prepared, { ablation, bound, broken, isPlain = false }: SearchOptions) {
    this.#isPlain = isPlain;
    this.#prepared = prepared;
    this.#ablation = ablation;
    this.#broken = broken;
    this.#judge = new Judge(prepared);
    this.#bound = bound;
    this.#state = this.#newState();
    this.#ahead = new Lookahead(this.#state, broken);
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
    this.#overlong = this.#bounded = false;
    this.#state.confirm();
    this.#state.rebuild();
    this.#goToStart();
    this.#surprises = this.#state.sharing.surprises;
    this.#doubtfulSince = -1;
    this.#passSteps = this.#steps;
    this.#visit();
  }

  #goToStart(): void {
    this.#depth = this.#preemptions = 0;
    this.#last = -1;
    this.#ahead.clear();
    this.#state.start();
  }

  /**
   * Search again, only executions with few preemptions: choices to go on with another CPU although the one that took the last
   * step that was a choice could go on.
   */
  bound(preemptions: number): void {
    this.#most = preemptions;
    this.#done = false;
    this.#begin();
  }

  /**
   * Execute the race at random, as often as said, and see which states the search has been at. Ends the search, but for
   * {@link bound}.
   *
   * @param isLate asked at each choice: whether to stop, with the executions so far
   * @returns null if it got late before ten executions
   */
  probe(executions: number, isLate: () => boolean = () => false): Seen | null {
    const random = new RandomSource();
    let [sum, squares, run] = [0, 0, 0];
    for (; run < executions; run++) {
      random.seed(PROBE_SEED, run);
      const share = this.#probeOnce(random, isLate);
      if (share === undefined) break;
      sum += share;
      squares += share * share;
    }
    if (run < FEWEST_PROBES && run < executions) return null;
    const share = sum / run;
    const variance = Math.max(0, squares / run - share * share);
    return { share, error: Math.sqrt(variance / run) };
  }

  /** One execution at random. Returns the share of its states that are known; nothing when it got late. */
  #probeOnce(random: RandomSource, isLate: () => boolean): number | undefined {
    this.#goToStart();
    let [states, known] = [0, 0];
    for (;;) {
      const choices = this.#come();
      if (choices === 0) return states === 0 ? 1 : known / states;
      if (isLate()) return undefined;
      this.#state.hash();
      states++;
      if (this.#seen.has(...this.#hash())) known++;
      let left = choices;
      for (let skip = random.below(countOf(choices)); skip > 0; skip--) left &= left - 1;
      this.#take(lowest(left));
    }
  }

  /** Whether the search is over, exhausted or not. */
  get isDone(): boolean {
    return this.#done;
  }

  /** Steps executed so far. */
  get steps(): number {
    return this.#steps;
  }

  /** Search on. */
  run(limits: SearchLimits): SearchResult {
    while (!this.#done && this.#steps < limits.steps) this.#advance();
    return {
      exhausted: this.#done && !this.#overlong,
      states: this.#seen.size,
      steps: this.#steps,
      ends: this.#ends,
      restarts: this.#restarts,
      bounded: this.#bounded,
    };
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
    const choice = lowest(frame.left);
    frame.left &= frame.left - 1;
    this.#state.restore(frame.mark);
    this.#depth = frame.depth;
    this.#last = frame.last;
    this.#preemptions = frame.preemptions;
    this.#choose(choice);
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
    this.#ahead = new Lookahead(this.#state, this.#broken);
    return true;
  }

  #take(choice: number): void {
    const state = this.#state;
    this.#ahead.clear();
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
    const choices = this.#come();
    if (choices === 0) {
      this.#note();
      return;
    }
    this.#state.hash();
    if (!this.#seen.add(...this.#hash())) return;
    const left = this.#affordable(choices);
    this.#frames.push({
      mark: this.#state.mark(),
      left,
      depth: this.#depth,
      last: this.#last,
      preemptions: this.#preemptions,
    });
  }

  /** Execute what is no choice. Returns the choices there are then, two or more; 0 when the execution is over. */
  #come(): number {
    const state = this.#state;
    for (;;) {
      if (state.thrown !== undefined) return 0;
      this.#settle();
      if (this.#depth > this.#bound) return 0;
      const choices = this.#choices();
      if (choices === 0) {
        if (state.passTime()) continue;
        return 0;
      }
      if ((choices & (choices - 1)) !== 0) return choices;
      this.#choose(lowest(choices));
    }
  }

  /** Note how an execution ended. */
  #note(): void {
    if (this.#state.thrown !== undefined) this.#end('threw');
    else if (this.#depth > this.#bound) this.#overlong = true;
    else this.#end(this.#state.restsAs);
  }

  /** Hash of the state; with a bound, of what is left of it too. */
  #hash(): [number, number] {
    const { low, high } = this.#state;
    if (this.#most === Infinity) return [low, high];
    const spent = 64 * this.#preemptions + this.#last + 1;
    return [mix(low, spent), mixAgain(high, spent)];
  }

  /** Take a choice, and count it if it is a preemption. */
  #choose(choice: number): void {
    if (this.#isPreemption(choice)) this.#preemptions++;
    this.#last = choice % this.#state.cpuCount;
    this.#take(choice);
  }

  #isPreemption(choice: number): boolean {
    const last = this.#last;
    return last >= 0 && choice % this.#state.cpuCount !== last && this.#state.canGoOn(last);
  }

  /** Choices that the bound on preemptions leaves. */
  #affordable(choices: number): number {
    if (this.#preemptions < this.#most) return choices;
    let left = 0;
    for (let rest = choices; rest !== 0; rest &= rest - 1) {
      if (!this.#isPreemption(lowest(rest))) left |= rest & -rest;
    }
    if (left !== choices) this.#bounded = true;
    return left;
  }

  /** Execute every operation whose order with others does not matter. */
  #settle(): void {
    if (this.#isPlain) return;
    const state = this.#state;
    for (let cpu = 0; cpu < state.cpuCount; cpu++) {
      while (state.canGoOn(cpu) && !state.mayFail(cpu) && this.#depth <= this.#bound) {
        const mark = state.mark();
        this.#count(cpu);
        if (!state.step(cpu) || this.#commutes(cpu, mark)) {
          this.#ahead.stepped(cpu);
          continue;
        }
        state.restore(mark);
        this.#depth--;
        break;
      }
    }
  }

  /** Whether a step that was just taken commutes with all that others may do before it. */
  #commutes(cpu: number, mark: Mark): boolean {
    const state = this.#state;
    const ahead = this.#ahead;
    if (state.thrown !== undefined || state.recorded) return false;
    if (!ahead.isKnown(cpu)) {
      state.restore(mark);
      ahead.look(cpu);
      state.step(cpu);
    }
    return ahead.commutes(cpu, mark);
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
