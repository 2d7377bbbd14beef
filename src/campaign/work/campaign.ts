/** A campaign: shares executions among worker threads, adds up what they show, and keeps what it has when it is stopped. */

import { isSearch, type SessionConfig, type StrategyConfig } from '../../explorer/engine/config.js';
import { addTally, emptyTally, endsSearch, type StopAt, type Tally } from './tally.js';
import type { SliceResult } from './task.js';
import { AXIOMS_MS, SLICE_MS, type Workers } from './workers.js';

/** Number of executions in the first slices; later slices have as many as fit in their time. */
const FIRST_EXECUTIONS = 256;

/** What a campaign executes. */
export interface CampaignPlan {
  readonly session: SessionConfig;
  readonly strategy: StrategyConfig;
}

/** How long a campaign goes on. */
export interface CampaignLimits {
  /** First execution, after a resume. */
  readonly from: number;
  /** Number of executions. */
  readonly executions: number;
  readonly budgetMs: number;
  readonly threads: number;
  readonly stopAt: StopAt;
  /** Ends it early, within little more than {@link SLICE_MS}; what was counted is kept. */
  readonly signal?: AbortSignal | undefined;
}

/** State of a campaign, at any time. */
export interface CampaignState {
  readonly tally: Tally;
  /** Executions counted: 0 … `next` - 1. */
  next: number;
  exhausted: boolean;
  bounded: boolean;
  pct: SliceResult['pct'];
  /** What went wrong, if it did; the counts up to there hold. */
  failure: Error | undefined;
}

/** Runs the slices of one campaign. */
export class Campaign {
  readonly state: CampaignState;
  readonly #workers: Workers;
  readonly #plan: CampaignPlan;
  readonly #limits: CampaignLimits;
  readonly #deadline: number;
  readonly #onProgress: (state: CampaignState) => void;
  /** Finished slices that cannot be counted yet, because a slice between them and `next` is not finished. */
  readonly #later = new Map<number, SliceResult>();
  /** Executions not yet handed out, and pieces of slices that ended early. */
  #handedOut: number;
  readonly #leftOver: { from: number; to: number }[] = [];
  #perSlice = FIRST_EXECUTIONS;
  #stopped = false;

  constructor(
    workers: Workers,
    plan: CampaignPlan,
    limits: CampaignLimits,
    onProgress: (state: CampaignState) => void = () => undefined,
    earlier?: Tally,
  ) {
    this.#workers = workers;
    this.#plan = plan;
    this.#limits = limits;
    this.#deadline = performance.now() + limits.budgetMs;
    this.#onProgress = onProgress;
    this.#handedOut = limits.from;
    this.state = {
      tally: earlier ?? emptyTally(),
      next: limits.from,
      exhausted: false,
      bounded: false,
      pct: undefined,
      failure: undefined,
    };
  }

  get #isOver(): boolean {
    return this.#stopped || this.#limits.signal?.aborted === true;
  }

  /** Execute until a limit is reached. Never throws: a failure is part of the state. */
  async run(): Promise<CampaignState> {
    const threads = isSearch(this.#plan.strategy) ? 1 : this.#limits.threads;
    try {
      await Promise.all(Array.from({ length: threads }, () => this.#work()));
    } catch (error) {
      this.#stopped = true;
      // Slices that an interrupt cut off are not counted, and are no failure.
      if (this.#limits.signal?.aborted !== true) this.state.failure = error as Error;
    }
    return this.state;
  }

  async #work(): Promise<void> {
    for (;;) {
      const left = this.#deadline - performance.now();
      const piece = this.#isOver || left <= 0 ? undefined : this.#take();
      if (piece === undefined) return;
      const ms = Math.min(SLICE_MS, left);
      const started = performance.now();
      const { stopAt, signal } = this.#limits;
      const request = { ...this.#plan, ms, stopAt, ...piece };
      const result = await this.#workers.run('slice', request, {
        ms: this.#plan.session.axioms === true ? ms + AXIOMS_MS : ms,
        signal,
      });
      this.#adapt(result.next - piece.from, performance.now() - started);
      if (result.next < piece.to && !result.exhausted) {
        this.#leftOver.push({ from: result.next, to: piece.to });
      }
      this.#later.set(piece.from, result);
      this.#merge();
    }
  }

  #take(): { from: number; to: number } | undefined {
    const left = this.#leftOver.sort((a, b) => b.from - a.from).pop();
    if (left) return left;
    const from = this.#handedOut;
    const to = Math.min(from + this.#perSlice, this.#limits.executions);
    if (from >= to) return undefined;
    this.#handedOut = to;
    return { from, to };
  }

  /** Aim at slices that fill their time. */
  #adapt(executions: number, ms: number): void {
    const fitting = Math.ceil((executions * SLICE_MS) / Math.max(ms, 1));
    this.#perSlice = Math.max(16, Math.min(fitting, this.#perSlice * 4));
  }

  /** Count finished slices in the order of their executions, so that a checkpoint holds a prefix. */
  #merge(): void {
    const { state } = this;
    for (;;) {
      const result = this.#later.get(state.next);
      if (!result) break;
      this.#later.delete(state.next);
      addTally(state.tally, result.tally);
      state.next = result.next;
      state.exhausted ||= result.exhausted;
      state.bounded ||= result.bounded;
      if (result.pct) state.pct = result.pct;
      if (result.exhausted) this.#stopped = true;
      // Beyond the bound only one schedule was tried, not the others.
      if (state.tally.overlong > 0) state.exhausted = false;
      if (state.tally.outcomes.some((it) => endsSearch(this.#limits.stopAt, it))) {
        this.#stopped = true;
      }
    }
    this.#onProgress(state);
  }
}
