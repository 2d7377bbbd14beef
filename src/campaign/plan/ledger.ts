/** Counts the results of a campaign's ranges: each once, in any order, with the same totals. */

import { createHash } from 'node:crypto';
import type { SessionConfig, StrategyConfig } from '../../explorer/engine/config.js';
import { addTally, emptyTally, type Tally } from '../work/tally.js';

/** One combination of a campaign, ready to be executed. */
export interface PlanJob {
  /** Twelve hexadecimal digits of what is executed: equal for equal work, wherever its code lies. */
  readonly id: string;
  /** The scenario as the campaign names it; files are relative to the campaign's folder. */
  readonly source: string;
  /** File that replaces kernel functions, as the campaign names it. */
  readonly replace?: string;
  readonly session: SessionConfig;
  readonly strategy: StrategyConfig;
  /** Fingerprint of the scenario's code. */
  readonly fingerprint: string;
  /** Number of executions; of an exhaustive search, of its parts. */
  readonly executions: number;
}

/** Executions, or parts of an exhaustive search, `from` … `to` - 1 of a job. */
export interface WorkRange {
  readonly job: string;
  readonly from: number;
  readonly to: number;
}

/** Name of a range, unique within a campaign. */
export const rangeName = ({ job, from, to }: WorkRange): string => `${job}-${from}-${to}`;

/** Make a job, with the name that its work gives it. */
export function planJob(job: Omit<PlanJob, 'id'>): PlanJob {
  const { session, strategy, fingerprint, executions } = job;
  const { scenario, ...rest } = session;
  const work = JSON.stringify([scenario.name, rest, strategy, fingerprint, executions]);
  return { ...job, id: createHash('sha256').update(work).digest('hex').slice(0, 12) };
}

/** Counts of one job. */
export interface JobTotals {
  readonly job: PlanJob;
  /** Executions counted. */
  readonly done: number;
  readonly tally: Tally;
}

/** Keeps what is done and what is left. */
export class Ledger {
  readonly jobs: readonly PlanJob[];
  readonly #size: number;
  readonly #totals = new Map<string, { job: PlanJob; done: number; tally: Tally }>();
  readonly #done = new Set<string>();

  /** @param size executions of a range */
  constructor(jobs: readonly PlanJob[], size: number) {
    // Work that is requested twice is done once.
    for (const job of jobs) {
      if (!this.#totals.has(job.id))
        this.#totals.set(job.id, { job, done: 0, tally: emptyTally() });
    }
    this.jobs = [...this.#totals.values()].map(({ job }) => job);
    this.#size = size;
  }

  /** Every range of the campaign, taking the jobs in turn, so that each job has some early ranges. */
  *ranges(): Generator<WorkRange> {
    const ranges = (job: PlanJob): number => Math.ceil(job.executions / this.#sizeOf(job));
    const most = Math.max(0, ...this.jobs.map(ranges));
    for (let round = 0; round < most; round++) {
      for (const job of this.jobs) {
        const size = this.#sizeOf(job);
        const from = round * size;
        if (from < job.executions) {
          yield { job: job.id, from, to: Math.min(from + size, job.executions) };
        }
      }
    }
  }

  /** A part of an exhaustive search is many executions. */
  #sizeOf({ strategy }: PlanJob): number {
    return strategy.kind === 'dfs' ? 1 : this.#size;
  }

  /** Whether a range has been counted. */
  has(range: WorkRange): boolean {
    return this.#done.has(rangeName(range));
  }

  /**
   * Count the result of a range.
   *
   * @returns false, and counts nothing, if it has been counted before
   */
  add(range: WorkRange, tally: Tally): boolean {
    const totals = this.#totals.get(range.job);
    const name = rangeName(range);
    if (totals === undefined || this.#done.has(name)) return false;
    this.#done.add(name);
    totals.done += range.to - range.from;
    addTally(totals.tally, tally);
    return true;
  }

  /** Counts of every job, in the order of the campaign. */
  totals(): readonly JobTotals[] {
    return [...this.#totals.values()];
  }

  /** Executions of the whole campaign, and how many are counted. */
  progress(): { readonly done: number; readonly total: number } {
    let done = 0;
    let total = 0;
    for (const entry of this.#totals.values()) {
      done += entry.done;
      total += entry.job.executions;
    }
    return { done, total };
  }

  get isComplete(): boolean {
    const { done, total } = this.progress();
    return done === total;
  }
}
