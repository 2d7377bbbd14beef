/** Runs litmus tests on real threads: one worker for each thread of a test, batch after batch, until all trials are done. */

import type { Piscina } from 'piscina';
import type { MemoryKind } from '../../memory/backend.js';
import { createSharedMemory } from '../../memory/map.js';
import type { WeakOptions } from '../../memory/native-boot.js';
import { Random } from '../../memory/random.js';
import { createPool } from '../../pool.js';
import { layOutLitmus, ROUND } from './memory.js';
import type { LitmusProgram } from './program.js';
import { abortLitmus } from './rendezvous.js';
import { StateTally, type StateCount } from './tally.js';
import type { LitmusShare, LitmusTask } from './worker.js';

/** Fewest trials of a batch, unless fewer are asked for in all. */
export const BATCH_TRIALS = 100_000;
const LARGE_BATCH = 1_000_000;

/** How to run a test. */
export interface LitmusRunOptions {
  readonly memory: MemoryKind;
  /** Trials to run, rounded up to whole rounds of {@link ROUND}. */
  readonly trials: number;
  /** Seed of delays, orders of locations and the weak backend's choices. Default 1. */
  readonly seed?: number;
  readonly weak?: WeakOptions;
  /** Whether threads meet before each trial. Default: if there is a processor for each. */
  readonly inStep?: boolean;
  /** Ends the run early; what was counted so far is returned. */
  readonly signal?: AbortSignal;
  /** Called after each batch with the trials done so far. */
  readonly onProgress?: (trials: number) => void;
}

/** What a run showed. */
export interface LitmusRun {
  readonly states: readonly StateCount[];
  readonly trials: number;
  /** Wall time in seconds, without starting the workers. */
  readonly seconds: number;
  /** What the backend says it reordered, over all threads. */
  readonly statistics: Readonly<Record<string, number>>;
  /** Why the run ended early, if it did. */
  readonly failure?: string;
}

const WORKER = new URL('../../../workers/litmus-threads.js', import.meta.url);

/** A pool of workers for litmus tests of up to so many threads. Use it with `await using`, or close it. */
export class LitmusThreads {
  readonly #pool: Piscina<LitmusTask, LitmusShare>;
  readonly #processors: number;

  /**
   * @param threads most threads that a test may have
   * @param processors processors of this machine
   */
  constructor(threads: number, processors: number) {
    this.#pool = createPool(WORKER, {
      minThreads: Math.min(threads, processors),
      maxThreads: threads,
      idleTimeout: Infinity,
    });
    this.#processors = processors;
  }

  /** End the workers. */
  async close(): Promise<void> {
    await this.#pool.destroy();
  }

  /** Run one test. Failures of a worker end the run early and are reported in the result. */
  async run(program: LitmusProgram, options: LitmusRunOptions): Promise<LitmusRun> {
    const tally = new StateTally();
    const statistics: Record<string, number> = {};
    const random = new Random(options.seed ?? 1);
    const start = performance.now();
    let trials = 0;
    let failure: string | undefined;
    while (trials < options.trials && failure === undefined) {
      const rounds = roundsOf(options.trials - trials);
      const batch = await this.#batch(program, rounds, random.next(), options);
      for (const share of batch.shares) {
        tally.merge(share.states);
        for (const [name, count] of Object.entries(share.statistics)) {
          statistics[name] = (statistics[name] ?? 0) + count;
        }
      }
      trials += ROUND * Math.min(...batch.shares.map((share) => share.rounds), rounds);
      failure = batch.failure ?? (options.signal?.aborted === true ? 'interrupted' : undefined);
      options.onProgress?.(trials);
    }
    const seconds = (performance.now() - start) / 1000;
    const result = { states: tally.states, trials, seconds, statistics };
    return failure === undefined ? result : { ...result, failure };
  }

  async #batch(
    program: LitmusProgram,
    rounds: number,
    seed: number,
    options: LitmusRunOptions,
  ): Promise<{ shares: LitmusShare[]; failure?: string }> {
    const layout = layOutLitmus(program);
    const { memory, words } = createSharedMemory(layout.words);
    const abort = (): void => abortLitmus(words, layout);
    options.signal?.addEventListener('abort', abort, { once: true });
    if (options.signal?.aborted === true) abort();
    const inStep = options.inStep ?? program.threads.length <= this.#processors;
    const settled = await Promise.allSettled(
      program.threads.map(async (_, thread) => {
        const { memory: kind, weak = {} } = options;
        const task = { memory, layout, program, thread, kind, rounds, inStep, seed, weak };
        return this.#pool.run(task).catch((error: unknown) => {
          abort();
          throw error;
        });
      }),
    );
    options.signal?.removeEventListener('abort', abort);
    const shares = settled.flatMap((s) => (s.status === 'fulfilled' ? [s.value] : []));
    const failed = settled.find((s) => s.status === 'rejected');
    return failed ? { shares, failure: String(failed.reason) } : { shares };
  }
}

function roundsOf(trials: number): number {
  const batch = trials >= 2 * LARGE_BATCH ? LARGE_BATCH : trials;
  return Math.ceil(batch / ROUND);
}
