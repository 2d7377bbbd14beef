/** Use case: run a scenario under a strategy, count every outcome, shrink what must not happen. */

import { availableParallelism } from 'node:os';
import { siteNames } from '../catalog/orderings/entry.js';
import { Interrupted, UsageError, withPartial } from '../errors.js';
import { configOf, DRAWING, foundBy, isSearch, SHARING } from '../explorer/engine/config.js';
import { KERNEL_VERSIONS, type KernelVersion } from '../kernel/versions.js';
import type { CampaignPlan, CampaignState } from './work/campaign.js';
import { fixedOf, type ExploreResult } from './explored.js';
import {
  checkOptions,
  OptionError,
  type Filled,
  type OptionTable,
} from './options/option-table.js';
import { WATCHING, type Watching } from './options/progress.js';
import { checkEffect, REPLACE, replacing, type Replacing } from './scenarios/replace.js';
import { replayCommand } from './options/replay-command.js';
import {
  choiceOf,
  duration,
  flag,
  integerIn,
  orderingSites,
  seed,
  textOf,
  writableFile,
} from './options/rules.js';
import { runSaved } from './work/saved-campaign.js';
import { chooseScenario, type Chosen } from './scenarios/scenarios.js';
import { seenOf, unendedComplaint } from './work/tally.js';
import type { MinimisedFinding } from './work/task.js';
import { Workers } from './work/workers.js';

/** Milliseconds that shrinking one finding may take. */
const MINIMISE_MS = 120_000;
/** Findings that are shrunk at most: where a scenario fails in thousands of ways, they have one cause. */
const MOST_SHRUNK = 10;

const STRATEGIES = [...DRAWING, 'dfs'] as const;

/** How schedules are found. */
export type StrategyName = (typeof STRATEGIES)[number];

/** What {@link explore} is asked to do. */
export interface ExploreOptions extends Watching, Replacing {
  /** `NAME` of the catalogue, `FILE` or `FILE#NAME`. */
  readonly scenario: string;
  /** Release of the kernel that it runs on. Default the scenario's own, which is 6.5 unless it says otherwise. */
  readonly kernel?: KernelVersion;
  /**
   * What the kernel memory model allows (`lkmm`, the default for kernel code), what the ECMAScript memory model allows (`js`, the
   * default for programs), or sequentially consistent memory (`sc`).
   */
  readonly memory?: 'lkmm' | 'sc' | 'js';
  /** How schedules are found. Default `random`. */
  readonly strategy?: StrategyName;
  /** Seed of every random choice. Default 1. */
  readonly seed?: number;
  /** `pct`, `pctwm`: depth of the bugs looked for. Default 3. */
  readonly depth?: number;
  /** `pctwm`: how many of the newest stores a load may read from. Default 3. */
  readonly history?: number;
  /** `dfs`: most preemptions of an execution. Default unbounded. */
  readonly preemptions?: number;
  /** `dfs`: most weak answers of the memory in an execution. Default unbounded. */
  readonly choices?: number;
  /** Ordering sites to remove, such as `['O-04']`. Default none. */
  readonly ablate?: readonly (number | string)[];
  /** Executions. Default as many as fit the budget. */
  readonly executions?: number;
  /** Time to spend, in ms. Default 10,000. */
  readonly budgetMs?: number;
  /** Worker threads; `dfs` and `feedback` use one. Default one for each core. */
  readonly threads?: number;
  /**
   * Operations of an execution that the strategy schedules; twice as many follow on a fair schedule, then the execution
   * is given up. Default the scenario's number, or 20,000.
   */
  readonly steps?: number;
  /** Programs: whether data races are reported (`warn`, the default) or findings (`error`). */
  readonly races?: 'warn' | 'error';
  /** Stop at the first forbidden outcome. Default false. */
  readonly stop?: boolean;
  /** Shrink what is found. Default true. */
  readonly minimise?: boolean;
  /** All strategies but `dfs` and `feedback`: file to save progress in, and to go on from. */
  readonly checkpoint?: string;
}

const small = integerIn({ min: 0, max: 1000 });
const many = integerIn({ min: 1, max: Number.MAX_SAFE_INTEGER });

/** The options of {@link explore}. */
export const EXPLORE_OPTIONS = {
  ...WATCHING,
  scenario: {
    rule: textOf('NAME of the catalogue, FILE or FILE#NAME'),
    about: 'what to explore',
    required: true,
  },
  kernel: {
    rule: choiceOf(KERNEL_VERSIONS),
    about: 'the kernel that it runs on',
    shown: "the scenario's own, 6.5 unless it says otherwise",
    flags: '--kernel <version>',
  },
  memory: {
    rule: choiceOf(['sc', 'lkmm', 'js']),
    about:
      'sequentially consistent memory, or what the memory model of the kernel or of ECMAScript allows',
    fallback: 'lkmm',
    shown: 'lkmm; js for a program',
    flags: '--memory <kind>',
  },
  strategy: {
    rule: choiceOf(STRATEGIES),
    about: 'how schedules are found',
    fallback: 'random',
    flags: '--strategy <name>',
  },
  seed: {
    rule: seed,
    about: 'seed of every random choice',
    fallback: 1,
    flags: '--seed <n>',
    needs: { strategy: DRAWING },
  },
  depth: {
    rule: integerIn({ min: 1, max: 20 }),
    about: 'pct, pctwm: depth of the bugs looked for',
    fallback: 3,
    flags: '--depth <d>',
    needs: { strategy: ['pct', 'pctwm'] },
  },
  history: {
    rule: integerIn({ min: 1, max: 100 }),
    about: 'pctwm: of how many stores, the newest first, a load reads one',
    fallback: 3,
    flags: '--history <n>',
    needs: { strategy: ['pctwm'] },
  },
  preemptions: {
    rule: small,
    about: 'dfs: most preemptions of an execution',
    flags: '--preemptions <n>',
    needs: { strategy: ['dfs'] },
  },
  choices: {
    rule: small,
    about: 'dfs: most weak answers of the memory',
    flags: '--choices <n>',
    needs: { strategy: ['dfs'], memory: ['lkmm', 'js'] },
  },
  ablate: {
    rule: orderingSites,
    about: 'ordering sites to remove',
    fallback: [],
    shown: 'none',
    flags: '--ablate <sites>',
  },
  replace: REPLACE,
  executions: {
    rule: many,
    about: 'number of executions',
    shown: 'what fits the budget',
    flags: '--runs <n>',
  },
  budgetMs: {
    rule: duration,
    about: 'time to spend',
    fallback: 10_000,
    shown: '10s',
    flags: '--budget <time>',
  },
  threads: {
    rule: integerIn({ min: 1, max: 256 }),
    about: 'worker threads',
    fallback: availableParallelism(),
    flags: '--threads <n>',
    needs: { strategy: SHARING },
  },
  steps: {
    rule: many,
    about:
      'operations of an execution that the strategy decides about; twice as many follow on a fair schedule',
    shown: "the scenario's, or 20000",
    flags: '--steps <n>',
  },
  races: {
    rule: choiceOf(['warn', 'error']),
    about: 'programs: report data races, or take them for findings',
    fallback: 'warn',
    flags: '--races <what>',
  },
  stop: { rule: flag, about: 'stop at the first forbidden outcome', fallback: false },
  minimise: { rule: flag, about: 'print findings as they were found', fallback: true },
  checkpoint: {
    rule: writableFile,
    about: 'save progress, and go on from it; not with dfs and feedback',
    flags: '--checkpoint <file>',
    needs: { strategy: SHARING },
  },
} as const satisfies OptionTable<ExploreOptions>;

type Checked = Filled<ExploreOptions, typeof EXPLORE_OPTIONS>;

/**
 * Explore a scenario.
 *
 * @throws UsageError for options that are not accepted, a scenario that is not there or cannot be run, when nothing was executed, or
 *   when executions did not end within their bound on operations and nothing forbidden was found; {@link partialResult} gives the rest
 * @throws SimulatorBug when a worker fails; {@link partialResult} gives what was counted before
 * @throws Interrupted when the signal ended it before the scenario was loaded
 */
export async function explore(options: ExploreOptions): Promise<ExploreResult> {
  const checked = checkOptions('explore', options, EXPLORE_OPTIONS);
  if (checked.strategy === 'pctwm' && checked.memory !== 'lkmm') {
    const why = "'pctwm' needs memory lkmm: it chooses what loads read";
    throw new OptionError('explore', 'strategy', why);
  }
  const workers = new Workers(isSearch(configOf(checked.strategy, checked)) ? 1 : checked.threads);
  try {
    return await new Exploration(workers, checked, options).run();
  } finally {
    await workers.close();
  }
}

class Exploration {
  readonly #workers: Workers;
  readonly #options: Checked;
  readonly #findings: MinimisedFinding[] = [];
  #seconds = 0;
  #races: readonly string[] = [];
  readonly #given: ExploreOptions;

  /** @param given the options without the defaults */
  constructor(workers: Workers, options: Checked, given: ExploreOptions) {
    this.#workers = workers;
    this.#options = options;
    this.#given = given;
  }

  async run(): Promise<ExploreResult> {
    const { scenario, kernel, signal, replace } = this.#options;
    if (kernel !== undefined && scenario.includes('@')) {
      throw new UsageError(`kernel: ${scenario} names its kernel already`);
    }
    const text = kernel === undefined ? scenario : `${scenario}@${kernel}`;
    const info = await chooseScenario(this.#workers, text, signal, replace);
    checkEffect(info.name, replace, info.replaced ?? []);
    if (info.kind !== 'program' && this.#given.races !== undefined) {
      throw new OptionError('explore', 'races', `has no effect: ${info.name} is kernel code`);
    }
    const plan = this.#planOf(info);
    const started = performance.now();
    const state = await this.#campaign(info, plan, started);
    this.#seconds = (performance.now() - started) / 1000;
    try {
      if (state.failure === undefined) await this.#finish(info, plan, state);
    } catch (error) {
      throw withPartial(error as Error, this.#result(info, plan, state));
    }
    const result = this.#result(info, plan, state);
    if (state.failure !== undefined) throw withPartial(state.failure, result);
    if (result.executions === 0 && !result.interrupted) {
      throw withPartial(
        new UsageError(`${info.name}: nothing was executed in ${result.seconds.toFixed(1)} s`),
        result,
      );
    }
    const unended = unendedComplaint(info.name, state.tally);
    if (unended !== undefined && !result.interrupted) {
      throw withPartial(new UsageError(unended), result);
    }
    return result;
  }

  /** The steps after counting. Whatever happens here, the counts are kept. */
  async #finish({ kind }: Chosen, plan: CampaignPlan, state: CampaignState): Promise<void> {
    const { minimise, signal } = this.#options;
    if (minimise) await this.#shrink(plan, state);
    if (kind === 'program' && plan.session.memory === 'js') {
      this.#races = await this.#workers.run('races', plan.session, { ms: MINIMISE_MS, signal });
    }
  }

  #planOf({ file, name, kind }: Chosen): CampaignPlan {
    const { ablate, steps, replace } = this.#options;
    const memory =
      kind === 'program' && this.#given.memory === undefined ? 'js' : this.#options.memory;
    return {
      session: {
        scenario: { file, name, ...replacing(replace) },
        memory,
        ablated: ablate as readonly number[],
        ...(steps === undefined ? {} : { steps }),
        ...(this.#options.races === 'error' ? { racesAreErrors: true } : {}),
      },
      strategy: configOf(this.#options.strategy, this.#options),
    };
  }

  #campaign(info: Chosen, plan: CampaignPlan, started: number): Promise<CampaignState> {
    const { executions, budgetMs, threads, stop, checkpoint, signal, onProgress } = this.#options;
    return runSaved(this.#workers, {
      plan,
      fingerprint: info.fingerprint,
      limits: {
        executions: executions ?? Number.MAX_SAFE_INTEGER,
        budgetMs,
        threads,
        stopAt: stop ? 'forbidden' : 'nothing',
        signal,
      },
      checkpoint,
      onProgress: (state) => {
        const seconds = (performance.now() - started) / 1000;
        onProgress?.({
          ...(executions === undefined
            ? { done: seconds, total: budgetMs / 1000, unit: 's' }
            : { done: state.next, total: executions, unit: 'executions' }),
          note: noteOf(state, seconds),
          executions: state.next,
          outcomes: seenOf(info.name, state.tally),
        });
      },
    });
  }

  /** Shrink forbidden outcomes as long as there is time; the others, and one that is interrupted, stay as they were found. */
  async #shrink({ session }: CampaignPlan, { tally }: CampaignState): Promise<void> {
    const { signal } = this.#options;
    const found = tally.outcomes.filter(({ grade }) => grade === 'forbidden');
    const until = performance.now() + MINIMISE_MS;
    for (const { token } of found.slice(0, MOST_SHRUNK)) {
      if (performance.now() > until) return;
      try {
        const limits = { ms: MINIMISE_MS, signal };
        this.#findings.push(await this.#workers.run('minimise', { session, token }, limits));
      } catch (error) {
        if (!(error instanceof Interrupted)) throw error;
        return;
      }
    }
  }

  #replayOf(token: string, { file }: Chosen): string {
    const { replace, steps } = this.#options;
    return replayCommand(token, file, { replace, steps });
  }

  #result(info: Chosen, { session, strategy }: CampaignPlan, state: CampaignState): ExploreResult {
    const { tally, exhausted, bounded, pct, next } = state;
    const memory = info.kind === 'program' ? undefined : session.memory;
    return {
      scenario: info.name,
      file: info.file,
      fingerprint: info.fingerprint,
      memory: session.memory,
      strategy,
      ablated: siteNames(session.ablated),
      replaced: info.replaced ?? [],
      replace: this.#options.replace ?? null,
      seconds: this.#seconds,
      ...tally,
      outcomes: tally.outcomes.map((outcome) => ({
        ...outcome,
        ...foundBy(strategy, memory, outcome.firstRun),
        replay: this.#replayOf(outcome.token, info),
      })),
      digest: tally.digest.toString(16).padStart(8, '0'),
      nextRun: next,
      exhausted,
      bounded,
      ...(pct === undefined ? {} : { pct }),
      findings: this.#findings.map((finding) => ({
        ...finding,
        needed: siteNames(finding.needed),
        replay: this.#replayOf(finding.token, info),
      })),
      races: this.#races,
      asked: tally.asked ?? [],
      fixed: fixedOf(tally.asked ?? [], strategy.kind),
      interrupted: this.#options.signal?.aborted === true,
    };
  }
}

const noteOf = ({ next, tally }: CampaignState, seconds: number): string =>
  `${next} executions, ${Math.round(tally.executions / Math.max(seconds, 1e-3))}/s`;
