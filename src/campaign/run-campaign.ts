/** Use case: run a whole campaign from one file, here or on many machines, and keep what it finds. */

import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { Interrupted, UsageError, withPartial } from '../errors.js';
import { Corpus } from './plan/corpus.js';
import { FindingKeeper } from './plan/findings.js';
import { jobsOf } from './plan/jobs.js';
import { Ledger, type PlanJob } from './plan/ledger.js';
import { ENOUGH, LocalRunner, type RangeRunner } from './plan/local.js';
import { checkPlan, type Plan, type PlanFile } from './plan/plan.js';
import { readPlan } from './plan/read-plan.js';
import type { CampaignResult, CampaignSnapshot } from './plan/snapshot.js';
import { summaryOf } from './plan/summary.js';
import { parseUntil, until, type Until } from './plan/until.js';
import { checkOptions, type OptionTable } from './options/option-table.js';
import { WATCHING, type Watching } from './options/progress.js';
import {
  callback,
  duration,
  integerIn,
  serverAddress,
  textOf,
  type Rule,
} from './options/rules.js';
import { unendedComplaint } from './work/tally.js';
import { Workers } from './work/workers.js';

/** What {@link runCampaign} is asked to do. */
export interface RunCampaignOptions extends Watching {
  /** A campaign file (YAML or JSON), or the contents of one. */
  readonly plan: string | PlanFile;
  /** Folder of findings. Default the folder that the file names; if it names none, findings are not kept. */
  readonly corpus?: string;
  /** Worker threads of this process. Default one for each core; with `redis`, only findings are shrunk here. */
  readonly threads?: number;
  /** Address of a Redis server: the work is done by `campaign worker` on any number of machines. */
  readonly redis?: string;
  /** Time for everything, in ms; default the one that the file names. */
  readonly budgetMs?: number;
  /** When it has run long enough: `06:30`, `2026-11-30T06:30`, `executions=1000000` or `findings=1`. Default when it is complete. */
  readonly until?: string;
  /** Called from time to time with the counts so far. */
  readonly onSnapshot?: (snapshot: CampaignSnapshot) => void;
}

const planRule: Rule<string | PlanFile> = {
  accepts: 'a campaign file, YAML or JSON',
  parse: (text) => (text === '' ? undefined : text),
  check: (value) =>
    typeof value === 'string' || (typeof value === 'object' && value !== null)
      ? (value as string | PlanFile)
      : undefined,
};

/** The options of {@link runCampaign}. */
export const RUN_CAMPAIGN_OPTIONS = {
  ...WATCHING,
  plan: { rule: planRule, about: 'the campaign', required: true, flags: '<file>' },
  corpus: {
    rule: textOf('the path of a folder'),
    about: 'folder of findings',
    shown: 'the one that the file names',
    flags: '--corpus <folder>',
  },
  threads: {
    rule: integerIn({ min: 1, max: 256 }),
    about: 'worker threads of this process',
    fallback: availableParallelism(),
    flags: '--threads <n>',
  },
  redis: {
    rule: serverAddress,
    about: 'let campaign workers do the work',
    flags: '--redis <url>',
  },
  budgetMs: {
    rule: duration,
    about: 'time for everything',
    shown: 'the one that the file names, else no bound',
    flags: '--budget <time>',
  },
  until: {
    rule: until,
    about: 'end it then, with what it has',
    shown: 'when it is complete',
    flags: '--until <end>',
  },
  onSnapshot: {
    rule: callback<(snapshot: CampaignSnapshot) => void>(),
    about: 'called with the counts so far',
    inProgram: true,
  },
} as const satisfies OptionTable<RunCampaignOptions>;

/** Milliseconds between two snapshots. */
const SNAPSHOT_MS = 250;

/**
 * Run a campaign.
 *
 * @throws UsageError for options and campaigns that are not accepted, and for scenarios that cannot be executed
 * @throws Interrupted when the signal ended it before anything was counted
 */
export async function runCampaign(options: RunCampaignOptions): Promise<CampaignResult> {
  const checked = checkOptions('runCampaign', options, RUN_CAMPAIGN_OPTIONS);
  const plan =
    typeof checked.plan === 'string'
      ? readPlan(checked.plan)
      : checkPlan('runCampaign: plan', checked.plan, process.cwd());
  const workers = new Workers(checked.threads);
  try {
    return await new CampaignRun(workers, plan, checked).run();
  } finally {
    await workers.close();
  }
}

type Checked = ReturnType<typeof checkOptions<RunCampaignOptions, typeof RUN_CAMPAIGN_OPTIONS>>;

/** One run. */
class CampaignRun {
  readonly #workers: Workers;
  readonly #plan: Plan;
  readonly #options: Checked;
  readonly #started = performance.now();
  readonly #stop = new AbortController();
  readonly #until: Until | undefined;
  #isOutOfTime = false;
  #isTargetReached = false;
  #ended: CampaignResult['ended'] = 'complete';

  constructor(workers: Workers, plan: Plan, options: Checked) {
    this.#workers = workers;
    this.#plan = plan;
    this.#options = options;
    this.#until = options.until === undefined ? undefined : parseUntil(options.until, Date.now());
  }

  async run(): Promise<CampaignResult> {
    const { signal } = this.#options;
    const plan = this.#plan;
    const jobs = await this.#jobs();
    const ledger = new Ledger(jobs, plan.range);
    const folder = this.#options.corpus ?? plan.corpus;
    const corpus = folder === undefined ? undefined : new Corpus(resolve(plan.folder, folder));
    const keeper = new FindingKeeper(this.#workers, corpus);
    const stop = (): void => this.#stop.abort();
    signal?.addEventListener('abort', stop, { once: true });
    if (signal?.aborted === true) stop();
    const timers = this.#startClocks();
    const replayed = await keeper.replayAll(this.#stop.signal);
    let failure: unknown;
    const runner = await this.#runner(ledger);
    const snapshot = (): CampaignSnapshot => this.#snapshot(ledger, keeper, runner.notes());
    const told = setInterval(() => this.#tell(snapshot()), SNAPSHOT_MS);
    try {
      const counted = (): void => {
        keeper.look(ledger.totals());
        this.#checkTarget(ledger, keeper);
      };
      await runner.run(ledger, counted, this.#stop.signal);
    } catch (error) {
      if (!(error instanceof Interrupted)) failure = error;
    } finally {
      clearInterval(told);
      for (const timer of timers) clearTimeout(timer);
      signal?.removeEventListener('abort', stop);
      await runner.close?.();
    }
    await keeper.finish(signal);
    if (!ledger.isComplete) {
      if (signal?.aborted === true) this.#ended = 'interrupted';
      else if (failure !== undefined) this.#ended = 'failed';
      else if (this.#isTargetReached) this.#ended = 'target reached';
      else if (this.#isOutOfTime) this.#ended = 'out of time';
      else this.#ended = runner.control === 'draining' ? 'drained' : 'cancelled';
    }
    const last = snapshot();
    this.#tell(last);
    const result: CampaignResult = {
      ...last,
      replayed,
      isComplete: ledger.isComplete,
      ended: this.#ended,
      interrupted: this.#ended === 'interrupted',
    };
    if (failure !== undefined) throw withPartial(failure as Error, result);
    if (last.done === 0 && this.#ended !== 'complete') {
      const nothing =
        this.#ended === 'interrupted'
          ? new Interrupted()
          : new UsageError(`the campaign ${plan.name} executed nothing: ${this.#ended}`);
      throw withPartial(nothing, result);
    }
    this.#checkEnds(ledger, result);
    return result;
  }

  /** @throws UsageError when executions did not end within their bound, and nothing forbidden was found */
  #checkEnds(ledger: Ledger, result: CampaignResult): void {
    if (result.interrupted || result.findings.length > 0) return;
    for (const { job, tally } of ledger.totals()) {
      const unended = unendedComplaint(job.session.scenario.name, tally);
      if (unended !== undefined) throw withPartial(new UsageError(unended), result);
    }
  }

  /** @throws Interrupted with a result of nothing when the signal ended it before its scenarios were loaded */
  async #jobs(): Promise<readonly PlanJob[]> {
    try {
      return await jobsOf(this.#workers, this.#plan, this.#options.signal);
    } catch (error) {
      if (!(error instanceof Interrupted)) throw error;
      const result: CampaignResult = {
        ...{ name: this.#plan.name, done: 0, total: 0, jobs: [], findings: [], notes: [] },
        seconds: (performance.now() - this.#started) / 1000,
        ...{ replayed: [], isComplete: false, ended: 'interrupted', interrupted: true },
      };
      throw withPartial(error, result);
    }
  }

  /** Timers of the budget, and of the moment at which the campaign is to end. */
  #startClocks(): NodeJS.Timeout[] {
    const { budgetMs } = this.#options;
    const ms =
      budgetMs ?? (this.#plan.budget === undefined ? undefined : duration.parse(this.#plan.budget));
    const moment = this.#until?.kind === 'moment' ? this.#until.atMs - Date.now() : undefined;
    return [ms, moment]
      .filter((it) => it !== undefined)
      .map((it) =>
        setTimeout(() => {
          this.#isOutOfTime = true;
          this.#stop.abort(ENOUGH);
        }, it),
      );
  }

  #checkTarget(ledger: Ledger, keeper: FindingKeeper): void {
    const target = this.#until;
    if (target === undefined || target.kind === 'moment' || this.#stop.signal.aborted) return;
    const counted =
      target.kind === 'findings'
        ? keeper.findings().length
        : ledger.totals().reduce((sum, { tally }) => sum + tally.executions, 0);
    if (counted < target.count) return;
    this.#isTargetReached = true;
    this.#stop.abort(ENOUGH);
  }

  async #runner(ledger: Ledger): Promise<RangeRunner> {
    const { redis: url, threads } = this.#options;
    if (url === undefined) return new LocalRunner(this.#workers, threads);
    // Nobody else pays for loading a client of Redis.
    const { openRedisRunner } = await import('./redis/open.js');
    return openRedisRunner(url, {
      name: this.#plan.name,
      range: this.#plan.range,
      jobs: ledger.jobs,
    });
  }

  #tell(snapshot: CampaignSnapshot): void {
    const { onSnapshot, onProgress } = this.#options;
    onSnapshot?.(snapshot);
    const { done, total, seconds, findings, jobs } = snapshot;
    const rate = Math.round(done / Math.max(seconds, 1e-3));
    const unit = jobs.every((it) => it.unit === 'prefixes') ? 'prefixes' : 'executions';
    const note = `${done} ${unit}, ${rate}/s, ${findings.length} findings`;
    const outcomes = jobs.flatMap(({ scenario, outcomes: all }) =>
      all.map(({ key, grade, count, token }) => ({
        ...{ of: scenario, name: key, grade, count, token },
      })),
    );
    const executions = jobs.reduce((sum, { executed }) => sum + executed, 0);
    onProgress?.({ done, total, unit, note, executions, outcomes });
  }

  #snapshot(ledger: Ledger, keeper: FindingKeeper, notes: readonly string[]): CampaignSnapshot {
    return {
      name: this.#plan.name,
      ...ledger.progress(),
      seconds: (performance.now() - this.#started) / 1000,
      jobs: ledger.totals().map(summaryOf),
      findings: keeper.findings(),
      notes,
    };
  }
}
