/** Use cases over a Redis server: work for campaigns, watch one, steer one. */

import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { UsageError } from '../../errors.js';
import { foundIn } from '../plan/found.js';
import { Ledger } from '../plan/ledger.js';
import type { CampaignSnapshot } from '../plan/snapshot.js';
import { summaryOf } from '../plan/summary.js';
import { Workers } from '../work/workers.js';
import type { StoredPlan } from './coordinator.js';
import { keysOf, noteText, type CampaignControl, type WorkerNote } from './keys.js';
import { ResultReader } from './results.js';
import type { RedisWorkerResult } from './worker.js';

/** What {@link serveCampaigns} is asked to do. */
export interface ServeCampaignsOptions {
  /** Address of the server. */
  readonly redis: string;
  /** Only this campaign; default all. */
  readonly campaign?: string | undefined;
  /** Worker threads. Default one for each core. */
  readonly threads?: number | undefined;
  /** Where the paths of campaigns start from on this machine. Default the current folder. */
  readonly folder?: string | undefined;
  /** Return when no campaign is left. Default false. */
  readonly untilIdle?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onNote?: (note: string) => void;
}

/**
 * Execute ranges of campaigns.
 *
 * @throws UsageError when no server answers, or every campaign that was asked for refuses this code
 */
export async function serveCampaigns(options: ServeCampaignsOptions): Promise<RedisWorkerResult> {
  // Nobody else pays for loading a client of Redis.
  const [{ connect }, { serveRanges }] = await Promise.all([
    import('./server.js'),
    import('./worker.js'),
  ]);
  const { threads = availableParallelism(), folder = '.', campaign } = options;
  const { signal = new AbortController().signal } = options;
  const redis = await connect(options.redis);
  const workers = new Workers(threads);
  try {
    return await serveRanges({
      redis,
      workers,
      threads,
      folder: resolve(folder),
      campaign,
      untilIdle: options.untilIdle ?? false,
      signal,
      onNote: options.onNote ?? (() => undefined),
    });
  } finally {
    await workers.close();
    redis.disconnect();
  }
}

/** Pause, resume, drain or cancel a campaign. @throws UsageError when no campaign has that name */
export async function controlCampaign(options: {
  readonly redis: string;
  readonly name: string;
  readonly what: 'pause' | 'resume' | 'drain' | 'cancel';
}): Promise<void> {
  const [{ connect }, { control }] = await Promise.all([
    import('./server.js'),
    import('./coordinator.js'),
  ]);
  const states: Readonly<Record<typeof options.what, CampaignControl>> = {
    pause: 'paused',
    resume: 'running',
    drain: 'draining',
    cancel: 'cancelled',
  };
  const redis = await connect(options.redis);
  try {
    await control(redis, options.name, states[options.what]);
  } finally {
    redis.disconnect();
  }
}

/** Milliseconds between two looks at a campaign. */
const LOOK_MS = 500;

/** Follow the counts of a campaign until it is over or the signal aborts. @throws UsageError when there is none of that name */
export async function watchCampaign(options: {
  readonly redis: string;
  readonly name: string;
  readonly signal: AbortSignal;
  readonly onSnapshot: (snapshot: CampaignSnapshot) => void;
}): Promise<void> {
  const { connect } = await import('./server.js');
  const { name, signal, onSnapshot } = options;
  const keys = keysOf(name);
  const redis = await connect(options.redis);
  const started = performance.now();
  try {
    const text = await redis.get(keys.plan);
    if (text === null) throw new UsageError(`there is no campaign ${name} on this server`);
    const { jobs, range } = JSON.parse(text) as StoredPlan;
    const ledger = new Ledger(jobs, range);
    const results = new ResultReader(redis, keys, ledger);
    let isOver = false;
    while (!signal.aborted && !isOver && (await redis.exists(keys.plan)) === 1) {
      // What is there when the run is over is shown once more.
      isOver = (await redis.get(keys.state)) === 'ended';
      await results.collect();
      const workers = Object.values(await redis.hgetall(keys.workers)).map(
        (note) => JSON.parse(note) as WorkerNote,
      );
      const totals = ledger.totals();
      onSnapshot({
        name,
        ...ledger.progress(),
        seconds: (performance.now() - started) / 1000,
        jobs: totals.map(summaryOf),
        findings: totals.flatMap(({ job, tally }) =>
          tally.outcomes
            .filter(({ grade }) => grade === 'forbidden')
            .map((outcome) => foundIn(job, outcome)),
        ),
        notes: workers.map(noteText),
      });
      await sleep(LOOK_MS);
    }
  } finally {
    redis.disconnect();
  }
}
