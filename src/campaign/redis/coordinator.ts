/** Hands the ranges of a campaign to workers on any machine, through BullMQ, and counts what comes back, each range once. */

import { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import { setTimeout as sleep } from 'node:timers/promises';
import { UsageError } from '../../errors.js';
import { ENOUGH, type RangeRunner } from '../plan/local.js';
import { rangeName, type Ledger, type PlanJob, type WorkRange } from '../plan/ledger.js';
import {
  CAMPAIGNS,
  keysOf,
  noteText,
  PREFIX,
  queueName,
  type CampaignControl,
  type CampaignKeys,
  type WorkerNote,
} from './keys.js';
import { ResultReader } from './results.js';

/** Milliseconds between two looks at the results. */
const POLL_MS = 200;
/** Milliseconds after which ranges that no worker holds any more are handed out again. */
const RECONCILE_MS = 5_000;
/** Ranges that are added to the queue at a time. */
const CHUNK = 500;

/** What the server keeps of a campaign. */
export interface StoredPlan {
  readonly name: string;
  readonly range: number;
  readonly jobs: readonly PlanJob[];
}

/** Runs a campaign over a server. */
export class RedisRunner implements RangeRunner {
  readonly #redis: Redis;
  readonly #plan: StoredPlan;
  readonly #keys: CampaignKeys;
  readonly #queue: Queue;
  #notes: readonly string[] = [];
  #control: CampaignControl = 'running';

  constructor(redis: Redis, plan: StoredPlan) {
    this.#redis = redis;
    this.#plan = plan;
    this.#keys = keysOf(plan.name);
    this.#queue = new Queue(queueName(plan.name), { connection: redis, prefix: PREFIX });
    this.#queue.on('error', () => undefined);
  }

  notes(): readonly string[] {
    return this.#notes;
  }

  /** How the campaign ended: drained, cancelled, or by itself. */
  get control(): CampaignControl {
    return this.#control;
  }

  async run(
    ledger: Ledger,
    onRange: (range: WorkRange) => void,
    signal: AbortSignal,
  ): Promise<void> {
    await this.#announce();
    const results = new ResultReader(this.#redis, this.#keys, ledger);
    const collect = (): Promise<void> => results.collect(onRange);
    await collect();
    await this.#handOut(ledger, signal, collect);
    let reconciled = performance.now();
    while (!ledger.isComplete && !signal.aborted) {
      await sleep(POLL_MS);
      const before = ledger.progress().done;
      await collect();
      if (await this.#isOver()) {
        await collect();
        if (this.#control === 'draining') await this.#end();
        return;
      }
      if (ledger.progress().done !== before) reconciled = performance.now();
      if (performance.now() - reconciled > RECONCILE_MS) {
        results.rewind();
        await this.#reconcile(ledger, signal, collect);
        reconciled = performance.now();
      }
    }
    await collect();
    if (ledger.isComplete) await this.forget();
    else if (signal.reason === ENOUGH) await this.#end();
  }

  /** Workers go elsewhere. What is counted stays, so that a later run of the same campaign goes on from there. */
  async #end(): Promise<void> {
    await this.#queue.drain();
    await this.#redis.srem(CAMPAIGNS, this.#plan.name);
    await this.#redis.set(this.#keys.state, 'ended');
  }

  /** Take the campaign off the server. */
  async forget(): Promise<void> {
    await this.#queue.obliterate({ force: true });
    await this.#redis.srem(CAMPAIGNS, this.#plan.name);
    await this.#redis.del(...(Object.values(this.#keys) as string[]));
  }

  async close(): Promise<void> {
    await this.#queue.close();
  }

  /** @throws UsageError when another campaign has the name */
  async #announce(): Promise<void> {
    const text = JSON.stringify(this.#plan);
    await this.#redis.setnx(this.#keys.plan, text);
    const found = JSON.parse((await this.#redis.get(this.#keys.plan)) ?? text) as StoredPlan;
    const work = ({ jobs, range }: StoredPlan): string =>
      JSON.stringify([range, jobs.map((j) => j.id)]);
    if (work(found) !== work(this.#plan)) {
      throw new UsageError(
        `another campaign is called ${this.#plan.name} on this server: cancel it, or give this one another name`,
      );
    }
    await this.#redis.setnx(this.#keys.state, 'running');
    if ((await this.#redis.get(this.#keys.state)) === 'ended') {
      await this.#redis.set(this.#keys.state, 'running');
      await this.#queue.resume();
    }
    await this.#redis.sadd(CAMPAIGNS, this.#plan.name);
  }

  /** Queue every range that is not counted yet. There may be very many: results that come meanwhile are collected, and
   * stopping the coordinator does not wait for the rest. */
  async #handOut(ledger: Ledger, signal: AbortSignal, collect: () => Promise<void>): Promise<void> {
    let chunk: WorkRange[] = [];
    for (const range of ledger.ranges()) {
      if (!ledger.has(range)) chunk.push(range);
      if (chunk.length < CHUNK) continue;
      if (signal.aborted) return;
      await this.#enqueue(chunk);
      await collect();
      chunk = [];
    }
    await this.#enqueue(chunk);
  }

  async #enqueue(ranges: readonly WorkRange[]): Promise<void> {
    if (ranges.length === 0) return;
    await this.#queue.addBulk(
      ranges.map((range) => ({
        name: 'range',
        data: range,
        // Adding an id a second time keeps the first, so each range is queued once.
        opts: { jobId: rangeName(range), removeOnComplete: true, removeOnFail: true },
      })),
    );
  }

  /** No result came for a while: hand out again ranges that are in no queue, because a server lost its last writes. */
  async #reconcile(
    ledger: Ledger,
    signal: AbortSignal,
    collect: () => Promise<void>,
  ): Promise<void> {
    const counts = await this.#queue.getJobCounts('waiting', 'active', 'delayed', 'prioritized');
    const queued = Object.values(counts).reduce((sum, n) => sum + n, 0);
    let missing = 0;
    for (const range of ledger.ranges()) if (!ledger.has(range)) missing++;
    if (queued < missing) await this.#handOut(ledger, signal, collect);
  }

  /** Read the requests of users and the notes of workers. @throws UsageError when a scenario cannot be executed */
  async #isOver(): Promise<boolean> {
    const errors = Object.values(await this.#redis.hgetall(this.#keys.errors));
    if (errors[0] !== undefined) throw new UsageError(errors[0]);
    const workers = Object.values(await this.#redis.hgetall(this.#keys.workers)).map(
      (text) => JSON.parse(text) as WorkerNote,
    );
    this.#notes = workers.map(noteText);
    this.#control = ((await this.#redis.get(this.#keys.state)) ?? 'cancelled') as CampaignControl;
    if (this.#control === 'cancelled') return true;
    if (this.#control !== 'draining') return false;
    await this.#queue.drain();
    return (await this.#queue.getActiveCount()) === 0;
  }
}

/** Pause, resume, drain or cancel a campaign. @throws UsageError when no campaign has that name */
export async function control(redis: Redis, name: string, wanted: CampaignControl): Promise<void> {
  const keys = keysOf(name);
  if ((await redis.exists(keys.plan)) === 0) {
    const names = (await redis.smembers(CAMPAIGNS)).sort().join(', ');
    throw new UsageError(
      `there is no campaign ${name}; there is: ${names === '' ? 'none' : names}`,
    );
  }
  const queue = new Queue(queueName(name), { connection: redis, prefix: PREFIX });
  try {
    await redis.set(keys.state, wanted);
    if (wanted === 'paused') await queue.pause();
    if (wanted === 'running') await queue.resume();
    if (wanted !== 'cancelled') return;
    await queue.obliterate({ force: true });
    await redis.srem(CAMPAIGNS, name);
    await redis.del(keys.plan, keys.results, keys.order, keys.workers, keys.errors);
    // The state stays for a while, for the coordinator to see.
    await redis.expire(keys.state, 60);
  } finally {
    await queue.close();
  }
}
