/** Runs a selftest under many schedules of the explorer, on a pool of threads. */

import type { Piscina } from 'piscina';
import { SimulatorBug, UsageError } from '../errors.js';
import { createPool } from '../pool.js';
import { quotedWords } from './quoting.js';
import type { CheckedSelftest, SelftestsOptions } from './selftests.js';
import type { ScheduleResult, ScheduleTask } from './schedule.js';

const ENTRY = new URL('../../workers/shell-explorer.js', import.meta.url);

/** Which schedules: from the first number to the one before the last. */
export interface Schedules {
  readonly from: number;
  readonly to: number;
}

/** Threads that execute schedules; they keep what they have loaded from one script to the next. */
export class ScheduleThreads {
  readonly #pool: Piscina<ScheduleTask, ScheduleResult>;
  readonly #threads: number;
  readonly #options: SelftestsOptions;

  constructor(options: SelftestsOptions, threads: number) {
    this.#options = options;
    this.#threads = threads;
    this.#pool = createPool(ENTRY, { minThreads: threads, maxThreads: threads });
  }

  async close(): Promise<void> {
    await this.#pool.destroy();
  }

  /** A script under many schedules. It passes when it passes under all of them; undefined: a signal ended it before the first. */
  async run(script: string, { from, to }: Schedules): Promise<CheckedSelftest | undefined> {
    const { signal } = this.#options;
    const started = performance.now();
    const passed: CheckedSelftest[] = [];
    const failures: { readonly run: number; readonly result: CheckedSelftest }[] = [];
    let next = from;
    const work = async (): Promise<void> => {
      while (next < to && failures.length === 0 && signal?.aborted !== true) {
        const run = next++;
        const result = await this.#execute(script, run);
        if (result === undefined) return;
        if (result.outcome === 'ok') passed.push(result);
        else failures.push({ run, result });
      }
    };
    await Promise.all(Array.from({ length: this.#threads }, work));
    const [found] = failures.sort((a, b) => a.run - b.run);
    const shown = found?.result ?? passed[passed.length - 1];
    if (shown === undefined) {
      if (signal?.aborted === true) return undefined;
      throw new UsageError(`${script}: no schedule was executed`);
    }
    // Threads may have been ahead of the schedule that failed.
    const schedules = found === undefined ? passed.length : found.run + 1 - from;
    return { ...shown, ms: performance.now() - started, schedules };
  }

  /** One schedule; undefined: a signal ended it. */
  async #execute(script: string, run: number): Promise<CheckedSelftest | undefined> {
    const { folder, kernel: version, seed, giveUp, signal } = this.#options;
    const task: ScheduleTask = { folder, script, version, seed, run, giveUp };
    let executed: ScheduleResult;
    try {
      executed = await this.#pool.run(task, signal === undefined ? {} : { signal });
    } catch (error) {
      if (signal?.aborted === true) return undefined;
      throw new SimulatorBug(
        `the explorer: ${error instanceof Error ? error.message : 'it ended'}`,
      );
    }
    const { result, verdict } = executed;
    const where = `schedule ${run} of seed ${seed}`;
    if (verdict.grade !== 'forbidden' && result.outcome === 'ok')
      return { ...result, findings: [] };
    const isFound = verdict.grade === 'forbidden';
    const why = isFound ? `${verdict.key}: ${verdict.detail}` : 'the script fails';
    return {
      ...result,
      outcome: isFound ? 'not ok' : result.outcome,
      findings: [`${where}: ${why}`],
      replay: replayOf(this.#options, script, run),
    };
  }
}

/** Command that executes one script under one schedule. */
function replayOf(options: SelftestsOptions, script: string, run: number): string {
  const { folder, kernel, seed, giveUp } = options;
  const quoted = (word: string): string =>
    /^[\w./:@%+=,-]+$/.test(word) ? word : quotedWords([word]);
  const limit = giveUp === undefined ? '' : ` --give-up ${giveUp}`;
  return `klp-smp selftests ${quoted(folder)} --kernel ${kernel} --only ${quoted(script)} --seed ${seed}${limit} --schedule ${run}`;
}
