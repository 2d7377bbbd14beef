/** Searches all states of a race, each once, under sequentially consistent memory or that of the Linux kernel. */

import type { Ablation } from '../../memory/sites.js';
import type { Prepared } from '../engine/prepared.js';
import { RandomSource } from '../engine/random-source.js';
import { countOf, lowest } from '../engine/strategy.js';
import { Judge } from '../engine/verdict.js';
import { choicesOf } from './choices.js';
import { GlobalState } from './global-state.js';
import { HashSet } from './hash.js';
import { LEARNT_FROM, Learning } from './learning.js';
import type { Point, SavedWalk } from './mark.js';
import type { SearchRule } from './rules.js';
import type { End, SearchResult, Seen } from './search-result.js';
import { loadState, saveState, type SavedState } from './saved-state.js';
import { Walk } from './walk.js';

/** Seed of the executions that tell how much a search has seen. */
const PROBE_SEED = 1;
/** Executions without which there is no estimate. */
const FEWEST_PROBES = 10;

/** How far a search may go. */
export interface SearchLimits {
  /** Steps, forward and back. */
  readonly steps: number;
}

/** What a search is made with. */
export interface SearchOptions {
  readonly ablation: Ablation;
  /** Whether the memory is that of the Linux kernel memory model; default: it is sequentially consistent. */
  readonly isWeak?: boolean;
  /** Operations before an execution is taken for one that makes no progress. */
  readonly bound: number;
  /** A rule whose condition is ignored: for tests only. */
  readonly broken?: SearchRule | undefined;
  /** Every step is a choice: for tests only. */
  readonly isPlain?: boolean;
  /** Random executions from which a search under a weak memory learns at first: for tests only. */
  readonly learntFrom?: number;
}

/** A state with choices left: bit `cpu` is its next operation, then that with a late failure, then an interrupt. */
interface Frame {
  readonly at: Point;
  left: number;
  /** A choice whose order with others does not matter, but which the memory may answer in several ways; -1: none. */
  readonly forced: number;
  /** For one of the answers the order did matter, so the other choices still have to be taken. */
  isOpen: boolean;
  /** The choice taken last, and the answers of the memory for taking it again; undefined if all answers were given. */
  choice: number;
  answers: readonly number[] | undefined;
}

/**
 * Steps for which a pass goes on once something that it relied on turned out to be wrong, to learn more: as a share of
 * its steps before, and at least.
 */
const LEARNING = 2;
const LEAST_LEARNT = 20_000;

/** A search under way, as plain data. */
export interface SavedSearch {
  readonly state: SavedState;
  readonly walk: SavedWalk;
  readonly seen: Int32Array;
  readonly frames: readonly Frame[];
  readonly ends: ReadonlyMap<string, End>;
  readonly restarts: number;
  readonly keepsEvents: boolean;
  readonly surprises: number;
  readonly doubtfulSince: number;
  readonly passSteps: number;
  readonly isDone: boolean;
  readonly isOverlong: boolean;
  /** Executions that the search has learnt from. */
  readonly learnt: number;
}

/** Depth-first search over the states of one scenario. */
export class StateSearch {
  readonly #prepared: Prepared;
  readonly #options: SearchOptions;
  readonly #judge: Judge;
  readonly #learning = new Learning();
  #walk: Walk;
  #seen = new HashSet();
  #frames: Frame[] = [];
  #ends = new Map<string, End>();
  #restarts = 0;
  #keepsEvents = false;
  #surprises = 0;
  /**
   * Step counts at which something first turned out to be wrong in this pass (negative: nothing did), and at which the
   * pass began.
   */
  #doubtfulSince = -1;
  #passSteps = 0;
  #done = false;
  #overlong = false;

  /** @param saved the search to go on with: of the same scenario, with the same options and the same code */
  constructor(prepared: Prepared, options: SearchOptions, saved?: SavedSearch) {
    this.#prepared = prepared;
    this.#options = options;
    this.#judge = new Judge(prepared);
    if (saved !== undefined) {
      this.#walk = this.#load(saved);
      return;
    }
    this.#walk = this.#newWalk(0);
    this.#learn(this.#walk);
    this.#begin();
  }

  /** The search as it stands, for another one to go on with. It has to be written before this one goes on. */
  save(): SavedSearch {
    return {
      ...{ state: saveState(this.#walk.state), walk: this.#walk.save(), seen: this.#seen.save() },
      ...{ frames: this.#frames, ends: this.#ends, restarts: this.#restarts },
      ...{ keepsEvents: this.#keepsEvents, surprises: this.#surprises },
      ...{ doubtfulSince: this.#doubtfulSince, passSteps: this.#passSteps },
      ...{ isDone: this.#done, isOverlong: this.#overlong, learnt: this.#learning.run },
    };
  }

  #load(saved: SavedSearch): Walk {
    this.#keepsEvents = saved.keepsEvents;
    const walk = this.#newWalk(0);
    loadState(walk.state, saved.state, this.#prepared.machine);
    walk.load(saved.walk);
    this.#seen = HashSet.load(saved.seen);
    this.#frames = saved.frames.map((frame) => ({ ...frame }));
    for (const [key, end] of saved.ends) this.#ends.set(key, { ...end });
    this.#restarts = saved.restarts;
    this.#surprises = saved.surprises;
    this.#doubtfulSince = saved.doubtfulSince;
    this.#passSteps = saved.passSteps;
    this.#done = saved.isDone;
    this.#overlong = saved.isOverlong;
    this.#learning.run = saved.learnt;
    return walk;
  }

  #newWalk(steps: number): Walk {
    const { ablation, isWeak = false, broken } = this.#options;
    const keepsEvents = this.#keepsEvents;
    const state = new GlobalState(this.#prepared, { ablation, keepsEvents, isWeak, broken });
    return new Walk(state, this.#options, steps);
  }

  #learn(walk: Walk): void {
    if (this.#options.isWeak !== true) return;
    this.#learning.learn(walk, this.#options.learntFrom ?? LEARNT_FROM);
  }

  #begin(): void {
    const { state } = this.#walk;
    this.#seen = new HashSet();
    this.#frames = [];
    this.#ends = new Map();
    this.#overlong = false;
    this.#walk.forgetBounded();
    state.confirm();
    state.rebuild();
    this.#walk.start();
    this.#surprises = state.sharing.surprises;
    this.#doubtfulSince = -1;
    this.#passSteps = this.#walk.steps;
    this.#visit();
  }

  /**
   * Search again, but only executions with few preemptions. A preemption is a choice to go on with another CPU although
   * the one that took the last step that was a choice could go on.
   *
   * @param weak answers of the memory other than the sequentially consistent one, at most
   */
  bound(preemptions: number, weak = Infinity): void {
    this.#walk.most = preemptions;
    this.#walk.mostWeak = weak;
    this.#walk.state.futures.countsAnswers = weak !== Infinity;
    this.#done = false;
    this.#begin();
  }

  /**
   * Execute the race at random, the given number of times, and see which of the states the search has reached. This
   * ends the search, except for {@link bound}.
   *
   * @param isLate asked at each choice: whether to stop, with the executions so far
   * @returns null if it got late before ten executions
   */
  probe(executions: number, isLate: () => boolean = () => false): Seen | null {
    const random = new RandomSource();
    let [sum, squares, run] = [0, 0, 0];
    this.#walk.random = (n) => random.below(n);
    for (; run < executions; run++) {
      random.seed(PROBE_SEED, run);
      const share = this.#probeOnce(random, isLate);
      if (share === undefined) break;
      sum += share;
      squares += share * share;
    }
    this.#walk.random = undefined;
    if (run < FEWEST_PROBES && run < executions) return null;
    const share = sum / run;
    const variance = Math.max(0, squares / run - share * share);
    return { share, error: Math.sqrt(variance / run) };
  }

  /** Run one random execution. Returns the share of its states that are known, or undefined when it got late. */
  #probeOnce(random: RandomSource, isLate: () => boolean): number | undefined {
    const walk = this.#walk;
    walk.start();
    let [states, known] = [0, 0];
    for (;;) {
      const choices = walk.come();
      if (choices === 0) return states === 0 ? 1 : known / states;
      if (isLate()) return undefined;
      states++;
      if (this.#seen.has(...walk.hash())) known++;
      let left = choices;
      for (let skip = random.below(countOf(choices)); skip > 0; skip--) left &= left - 1;
      walk.take(lowest(left));
    }
  }

  /** Whether the search is over, exhausted or not. */
  get isDone(): boolean {
    return this.#done;
  }

  /** A hash over all states of the search, whatever their order. */
  get digest(): string {
    return this.#seen.digest;
  }

  /** Steps executed so far. */
  get steps(): number {
    return this.#walk.steps;
  }

  /** Continue the search. */
  run(limits: SearchLimits): SearchResult {
    while (!this.#done && this.#walk.steps < limits.steps) this.#advance();
    return {
      exhausted: this.#done && !this.#overlong,
      states: this.#seen.size,
      steps: this.#walk.steps,
      ends: this.#ends,
      restarts: this.#restarts,
      bounded: this.#walk.bounded,
    };
  }

  #advance(): void {
    if (this.#mustBeginAgain()) {
      this.#again();
      return;
    }
    const frame = this.#frames.at(-1);
    if (frame === undefined) this.#done = true;
    else if (frame.answers === undefined && frame.left === 0 && !frame.isOpen) this.#frames.pop();
    else if (!this.#goesOn(frame)) this.#again();
  }

  #again(): void {
    this.#restarts++;
    this.#begin();
  }

  /** {@link #goOn}. Returns false if that went astray in a state that there is not. */
  #goesOn(frame: Frame): boolean {
    try {
      this.#goOn(frame);
      return true;
    } catch (error) {
      if (this.#walk.state.weak === undefined || !this.#isDoubtful) throw error;
      return false;
    }
  }

  /** Take the next choice of a frame, or the last one again with other answers. */
  #goOn(frame: Frame): void {
    const walk = this.#walk;
    walk.goTo(frame.at);
    const { answers } = frame;
    if (answers === undefined) {
      if (frame.left === 0) this.#widen(frame);
      if (frame.left === 0) return;
      frame.choice = lowest(frame.left);
      frame.left &= frame.left - 1;
    }
    const isForced = frame.choice === frame.forced;
    const isContended = walk.choose(frame.choice, isForced, answers);
    if (isForced && isContended) frame.isOpen = true;
    frame.answers = walk.state.weak?.answers.next;
    this.#visit();
  }

  /** Take the other choices as well. */
  #widen(frame: Frame): void {
    frame.isOpen = false;
    frame.left = this.#walk.affordable(choicesOf(this.#walk.state)) & ~(1 << frame.forced);
  }

  /** Whether something that the search relied on turned out to be wrong, and enough has been learnt since. */
  #mustBeginAgain(): boolean {
    const { steps } = this.#walk;
    if (this.#mustKeepEvents()) return true;
    if (this.#options.broken === 'R-2') return false;
    if (!this.#isDoubtful) return this.#frames.length === 0 && !this.#walk.state.confirm();
    if (this.#doubtfulSince < 0) this.#doubtfulSince = steps;
    const most = Math.max(LEAST_LEARNT, LEARNING * (this.#doubtfulSince - this.#passSteps));
    return this.#frames.length === 0 || steps - this.#doubtfulSince > most;
  }

  /** Whether something that this pass relied on has turned out to be wrong. From then on it may come to states that there are not. */
  get #isDoubtful(): boolean {
    const { sharing, surprises } = this.#walk.state;
    return surprises > 0 || sharing.surprises !== this.#surprises;
  }

  #mustKeepEvents(): boolean {
    if (this.#keepsEvents || !this.#walk.state.usesEvents) return false;
    this.#keepsEvents = true;
    const { steps, most, mostWeak } = this.#walk;
    this.#walk = this.#newWalk(steps);
    this.#learn(this.#walk);
    this.#walk.most = most;
    this.#walk.mostWeak = mostWeak;
    this.#walk.state.futures.countsAnswers = mostWeak !== Infinity;
    return true;
  }

  /** Execute what is no choice, then note the state and its choices, or how the execution ended. */
  #visit(): void {
    const walk = this.#walk;
    const choices = walk.come();
    if (choices === 0) {
      this.#note();
      return;
    }
    if (!this.#seen.add(...walk.hash())) return;
    const { isForced } = walk;
    this.#frames.push({
      at: walk.here(),
      left: isForced ? choices : walk.affordable(choices),
      forced: isForced ? lowest(choices) : -1,
      isOpen: false,
      choice: 0,
      answers: undefined,
    });
  }

  /** Note how an execution ended. */
  #note(): void {
    const { state, isOverlong } = this.#walk;
    if (state.thrown !== undefined) this.#end('threw');
    else if (isOverlong) this.#overlong = true;
    else this.#end(state.restsAs);
  }

  #end(reason: 'ended' | 'deadlock' | 'threw'): void {
    const verdict = this.#judge.judge(this.#walk.state, reason, undefined);
    const known = this.#ends.get(verdict.key);
    // Anything forbidden is executed once more before it counts.
    const mayNotBe = verdict.grade !== 'forbidden' && this.#walk.state.weak && this.#isDoubtful;
    if (known !== undefined) known.count++;
    else if (mayNotBe !== true)
      this.#ends.set(verdict.key, { verdict, count: 1, ...this.#walk.way });
  }
}
