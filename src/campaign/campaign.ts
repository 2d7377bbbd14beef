/** A campaign: shares executions among worker threads, adds up what they show, and keeps what it has when it is stopped. */

import { fileURLToPath } from 'node:url';
import { Piscina } from 'piscina';
import { SimulatorBug, UsageError } from '../errors.js';
import type { ExploreConfig } from '../explorer/engine/config.js';
import { addTally, emptyTally, endsSearch, type StopAt, type Tally } from './tally.js';
import type { Answer, SliceResult, WorkerTask } from './worker-task.js';

/** Milliseconds that one slice of work takes: how promptly a campaign reports and stops. */
const SLICE_MS = 300;
/** Seconds that a worker may take beyond a slice before it is taken for stuck in kernel code. */
const STUCK_SECONDS = 20;
/** Executions of a slice at first; then as many as fit in it. */
const FIRST_EXECUTIONS = 256;

/** How long a campaign goes on. */
export interface CampaignLimits {
  /** First execution, after a resume. */
  readonly from: number;
  /** Number of executions. */
  readonly executions: number;
  readonly budgetMs: number;
  readonly threads: number;
  readonly stopAt: StopAt;
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

/** A pool of exploring workers. */
export class Workers {
  readonly #pool: Piscina;

  constructor(threads: number) {
    this.#pool = new Piscina({
      filename: fileURLToPath(new URL('../../workers/explore.js', import.meta.url)),
      minThreads: threads,
      maxThreads: threads,
      idleTimeout: 60_000,
    });
  }

  /**
   * Run a task on some worker.
   *
   * @param ms longest time it may take by itself
   * @throws UsageError when it takes far longer: its scenario's code loops between two operations
   */
  async run<T>(task: WorkerTask, ms = SLICE_MS): Promise<T> {
    const controller = new AbortController();
    // Ticks, not a point in time: a process that was stopped for a while has not been stuck.
    let left = Math.ceil(ms / 1000) + STUCK_SECONDS;
    const timer = setInterval(() => {
      if (--left <= 0) controller.abort();
    }, 1000);
    try {
      const answer = (await this.#pool.run(task, { signal: controller.signal })) as Answer;
      if ('usage' in answer) throw new UsageError(answer.usage);
      return answer.result as T;
    } catch (error) {
      if (controller.signal.aborted) {
        throw new UsageError(
          `the scenario's code executed no operation for ${STUCK_SECONDS} s: it loops for ever`,
        );
      }
      throw restored(error);
    } finally {
      clearInterval(timer);
    }
  }

  /** Stop all workers at once. */
  async close(): Promise<void> {
    await this.#pool.destroy();
  }
}

function restored(error: unknown): Error {
  if (error instanceof UsageError || error instanceof SimulatorBug) return error;
  const { stack } = error as { stack?: string };
  return new SimulatorBug(`a worker failed: ${stack ?? String(error)}`);
}

/** Runs the slices of one campaign. */
export class Campaign {
  readonly state: CampaignState;
  readonly #workers: Workers;
  readonly #config: ExploreConfig;
  readonly #limits: CampaignLimits;
  readonly #deadline: number;
  readonly #onProgress: (state: CampaignState) => void;
  /** Finished slices that a gap still separates from `next`. */
  readonly #later = new Map<number, SliceResult>();
  /** Executions not yet handed out, and pieces of slices that ended early. */
  #handedOut: number;
  readonly #leftOver: { from: number; to: number }[] = [];
  #perSlice = FIRST_EXECUTIONS;
  #stopped = false;

  constructor(
    workers: Workers,
    config: ExploreConfig,
    limits: CampaignLimits,
    onProgress: (state: CampaignState) => void,
    earlier?: Tally,
  ) {
    this.#workers = workers;
    this.#config = config;
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

  /** Hand out nothing more; {@link run} returns when the slices under way have ended. */
  stop(): void {
    this.#stopped = true;
  }

  /** Execute until a limit is reached. Never throws: a failure is part of the state. */
  async run(): Promise<CampaignState> {
    // An exhaustive search is one thread's: its state is the search.
    const threads = this.#config.strategy.kind === 'dfs' ? 1 : this.#limits.threads;
    try {
      await Promise.all(Array.from({ length: threads }, () => this.#work()));
    } catch (error) {
      this.stop();
      this.state.failure = error as Error;
    }
    return this.state;
  }

  async #work(): Promise<void> {
    for (;;) {
      const left = this.#deadline - performance.now();
      const piece = this.#stopped || left <= 0 ? undefined : this.#take();
      if (piece === undefined) return;
      const ms = Math.min(SLICE_MS, left);
      const started = performance.now();
      const { stopAt } = this.#limits;
      const task = { task: 'slice', config: this.#config, ms, stopAt, ...piece } as const;
      const result = await this.#workers.run<SliceResult>(task, ms);
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
      if (result.exhausted) this.stop();
      if (state.tally.outcomes.some((it) => endsSearch(this.#limits.stopAt, it))) this.stop();
    }
    this.#onProgress(state);
  }
}
