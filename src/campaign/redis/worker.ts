/** Takes ranges of campaigns from a server, executes them on this machine, and hands back their counts. */

import { Worker, type Job } from 'bullmq';
import type { Redis } from 'ioredis';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { Interrupted, UsageError } from '../../errors.js';
import { executeRange } from '../plan/execute-range.js';
import { ownJob } from '../plan/jobs.js';
import { rangeName, type PlanJob, type WorkRange } from '../plan/ledger.js';
import type { Tally } from '../work/tally.js';
import type { Workers } from '../work/workers.js';
import type { StoredPlan } from './coordinator.js';
import { CAMPAIGNS, keysOf, PREFIX, queueName, type WorkerNote } from './keys.js';

/** Milliseconds between two looks for campaigns. */
const LOOK_MS = 500;
/** Milliseconds that a worker keeps a range without a sign of life. */
const LOCK_MS = 10_000;
/** Milliseconds between two looks for ranges whose workers are gone. */
const STALLED_MS = 7_000;
/** A worker may be killed any number of times: BullMQ's own default gives a job up for good after the second. */
const MOST_STALLS = 1_000_000;

/**
 * Stores the counts of a range once, tells the coordinator, and notes what the worker has done. If two workers executed
 * the range, the second changes nothing; neither does a worker whose campaign is over.
 */
const STORE = `
if redis.call('exists', KEYS[1]) == 0 then return 0 end
if redis.call('hsetnx', KEYS[2], ARGV[1], ARGV[2]) == 0 then return 0 end
redis.call('rpush', KEYS[3], ARGV[1])
redis.call('hset', KEYS[4], ARGV[3], ARGV[4])
return 1`;

/** What a worker is asked to do. */
export interface RedisWorkerOptions {
  readonly redis: Redis;
  readonly workers: Workers;
  readonly threads: number;
  /** Where the paths of campaigns start from on this machine. */
  readonly folder: string;
  /** Only this campaign; undefined: all. */
  readonly campaign?: string | undefined;
  /** Return when no campaign is left after the first. */
  readonly untilIdle: boolean;
  readonly signal: AbortSignal;
  readonly onNote: (note: string) => void;
}

/** What a worker did. */
export interface RedisWorkerResult {
  readonly executions: number;
  readonly ranges: number;
  readonly refused: readonly string[];
  readonly interrupted: boolean;
}

/** One campaign that this worker takes part in. */
class Participation {
  readonly #options: RedisWorkerOptions;
  readonly #plan: StoredPlan;
  readonly #jobs: ReadonlyMap<string, PlanJob>;
  readonly #worker: Worker<WorkRange>;
  executions = 0;
  ranges = 0;

  constructor(options: RedisWorkerOptions, plan: StoredPlan, jobs: readonly PlanJob[]) {
    this.#options = options;
    this.#plan = plan;
    this.#jobs = new Map(jobs.map((job) => [job.id, job]));
    this.#worker = new Worker<WorkRange>(queueName(plan.name), (job) => this.#take(job), {
      connection: options.redis.duplicate(),
      prefix: PREFIX,
      // One more than there are threads, so that no thread waits for the server between two ranges.
      concurrency: options.threads + 1,
      lockDuration: LOCK_MS,
      stalledInterval: STALLED_MS,
      maxStalledCount: MOST_STALLS,
      drainDelay: 1,
    });
    this.#worker.on('error', () => undefined);
  }

  async close(force: boolean): Promise<void> {
    await this.#worker.close(force);
  }

  /** Store the counts of a range, unless somebody else has. */
  async #store(range: string, tally: Tally): Promise<void> {
    const { plan, results, order, workers } = keysOf(this.#plan.name);
    this.executions += tally.executions;
    const note = noteOf({ executions: this.executions });
    const keys = [plan, results, order, workers];
    const args = [range, JSON.stringify(tally), note.name, JSON.stringify(note)];
    const stored = await this.#options.redis.eval(STORE, keys.length, ...keys, ...args);
    if (stored === 1) this.ranges++;
    else this.executions -= tally.executions;
  }

  async #take({ data: range, stalledCounter }: Job<WorkRange>): Promise<void> {
    const { redis, workers, signal } = this.#options;
    const keys = keysOf(this.#plan.name);
    const job = this.#jobs.get(range.job);
    const name = rangeName(range);
    if (job === undefined) return;
    // The worker that had the range before may have been killed after it stored the counts.
    if (stalledCounter > 0 && (await redis.hexists(keys.results, name)) === 1) return;
    let tally: Tally;
    try {
      const executed = await executeRange(workers, job, range, signal);
      // Part of a range is not counted: another worker executes the whole range.
      if (executed.next < range.to) throw new Interrupted();
      ({ tally } = executed);
    } catch (error) {
      if (error instanceof UsageError) await redis.hset(keys.errors, name, error.message);
      throw error;
    }
    await this.#store(name, tally);
  }
}

/** What this process says of itself. */
const noteOf = (what: Pick<WorkerNote, 'executions' | 'refused'>): WorkerNote => ({
  name: `${hostname()}:${process.pid}`,
  seen: Date.now(),
  ...what,
});

/**
 * Take part in campaigns until the signal aborts, or nothing is left.
 *
 * @throws UsageError when every campaign that was asked for refuses this worker's code
 */
export async function serveRanges(options: RedisWorkerOptions): Promise<RedisWorkerResult> {
  const { redis, signal, campaign, untilIdle } = options;
  const joined = new Map<string, Participation>();
  const ended: Participation[] = [];
  const refused = new Map<string, string>();
  while (!signal.aborted) {
    const found = await redis.smembers(CAMPAIGNS);
    const wanted = campaign === undefined ? found : found.filter((name) => name === campaign);
    for (const [name, participation] of joined) {
      if (wanted.includes(name)) continue;
      joined.delete(name);
      ended.push(participation);
      await participation.close(false);
      options.onNote(`${name} is over`);
    }
    for (const name of wanted) {
      if (joined.has(name) || refused.has(name)) continue;
      await join(options, name, joined, refused);
    }
    const isAlone = refused.size > 0 && joined.size === 0;
    if (isAlone && (campaign !== undefined || untilIdle)) break;
    // Until the first campaign has come, keep waiting.
    if (untilIdle && wanted.length === 0 && ended.length > 0) break;
    await sleep(LOOK_MS);
  }
  // Running ranges are dropped; other workers take them over.
  for (const participation of joined.values()) await participation.close(signal.aborted);
  const all = [...ended, ...joined.values()];
  const reasons = [...refused].map(([name, why]) => `${name}: ${why}`);
  if (all.length === 0 && signal.aborted) throw new Interrupted();
  if (all.length === 0 && reasons.length > 0)
    throw new UsageError(`refused by ${reasons.join('; ')}`);
  const sum = (of: (it: Participation) => number): number => all.reduce((n, it) => n + of(it), 0);
  return {
    executions: sum((it) => it.executions),
    ranges: sum((it) => it.ranges),
    refused: reasons,
    interrupted: signal.aborted,
  };
}

async function join(
  options: RedisWorkerOptions,
  name: string,
  joined: Map<string, Participation>,
  refused: Map<string, string>,
): Promise<void> {
  const text = await options.redis.get(keysOf(name).plan);
  if (text === null) return;
  const plan = JSON.parse(text) as StoredPlan;
  try {
    const jobs: PlanJob[] = [];
    for (const job of plan.jobs) jobs.push(await ownJob(options.workers, job, options.folder));
    joined.set(name, new Participation(options, plan, jobs));
    options.onNote(`takes part in ${name}`);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    refused.set(name, error.message);
    const note = noteOf({ executions: 0, refused: error.message });
    await options.redis.hset(keysOf(name).workers, note.name, JSON.stringify(note));
    options.onNote(`is refused by ${name}: ${error.message}`);
  }
}
