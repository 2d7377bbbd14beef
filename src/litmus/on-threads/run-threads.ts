/** Runs litmus tests on real threads, over a backend of the memory room. */

import { availableParallelism } from 'node:os';
import type { MemoryKind } from '../../memory/backend.js';
import type { WeakOptions } from '../../memory/native-boot.js';
import { LitmusThreads, type LitmusRun } from './litmus-threads.js';
import type { LitmusTest, Place } from '../syntax/ast.js';
import type { Engine, EngineOptions, EngineResult, StateCount } from '../engine.js';
import { holds } from '../syntax/proposition.js';
import { NotOnThreads, testValue, threadTest, type ThreadTest } from './thread-program.js';
import { compareStates } from '../axioms/states.js';

const DEFAULT_TRIALS = 10_000;
/** Most threads of a test; every test of a corpus gets its workers from one pool of so many. */
const MAX_THREADS = 12;

const NOTHING = { states: [], flags: [], runs: 0 } as const;

/** The engines `threads-…`: what one backend shows, sampled. Close it when done, it keeps workers. */
export class ThreadsEngine implements Engine {
  readonly name: string;
  readonly #threads = new LitmusThreads(MAX_THREADS, availableParallelism());
  readonly #memory: MemoryKind;
  readonly #weak: WeakOptions;

  /**
   * @param memory the backend that is tested
   * @param weak options of the weak backend
   */
  constructor(memory: MemoryKind, weak: WeakOptions = {}) {
    this.name = `threads-${memory}`;
    this.#memory = memory;
    this.#weak = weak;
  }

  /** End the workers. */
  async close(): Promise<void> {
    await this.#threads.close();
  }

  /** Run one test; a test that threads cannot run is skipped with the reason. */
  async run(test: LitmusTest, options: EngineOptions): Promise<EngineResult> {
    const translated = translate(test);
    if (typeof translated === 'string') {
      return { ...NOTHING, complete: true, skipped: translated };
    }
    const signal = AbortSignal.timeout(options.timeLimitMs);
    const run = await this.#threads.run(translated.program, {
      memory: this.#memory,
      weak: this.#weak,
      trials: options.runs ?? DEFAULT_TRIALS,
      seed: options.seed ?? 1,
      signal,
    });
    if (run.failure !== undefined && !signal.aborted) {
      return { ...NOTHING, complete: false, skipped: run.failure };
    }
    const whole = run.states.filter(({ values }) => !isCut(translated, values));
    return {
      states: finalStates(test, translated, whole),
      flags: [],
      isCut: whole.length < run.states.length,
      complete: run.failure === undefined,
      runs: run.trials,
    };
  }
}

function translate(test: LitmusTest): ThreadTest | string {
  if (test.threads.length > MAX_THREADS) return `more than ${MAX_THREADS} threads`;
  try {
    return threadTest(test);
  } catch (error) {
    if (error instanceof NotOnThreads) return error.message;
    throw error;
  }
}

/** Did a loop go on for longer than it may? */
function isCut({ places }: ThreadTest, values: readonly number[]): boolean {
  return values.slice(places.length).some((cut) => cut !== 0);
}

function finalStates(
  test: LitmusTest,
  thread: ThreadTest,
  states: LitmusRun['states'],
): StateCount[] {
  const { places } = thread;
  const counts = new Map<string, { state: number[]; count: number }>();
  for (const { values, count } of states) {
    const state = values.map((value) => testValue(test, thread, value));
    const valueOf = (place: Place): number => state[indexOf(places, place)] ?? 0;
    if (test.filter !== null && !holds(test.filter, valueOf)) continue;
    const shown = state.slice(0, test.observed.length);
    const known = counts.get(shown.join());
    if (known) known.count += count;
    else counts.set(shown.join(), { state: shown, count });
  }
  return [...counts.values()].sort((a, b) => compareStates(test, a.state, b.state));
}

function indexOf(places: readonly Place[], place: Place): number {
  const key = JSON.stringify(place);
  return places.findIndex((candidate) => JSON.stringify(candidate) === key);
}
