/** Use case: remove ordering sites and look for what breaks: the matrix of sites and scenarios. */

import type { Demonstration, SearchBounds } from '../../catalog/demonstrations.js';
import { siteName } from '../../catalog/orderings/entry.js';
import { UsageError } from '../../errors.js';
import {
  DEFAULT_KERNEL_VERSION,
  KERNEL_VERSIONS,
  type KernelVersion,
} from '../../kernel/versions.js';
import { replacedSources } from '../../explorer/build/program.js';
import { checkRows, ownRows, rowsFor } from './ablate-rows.js';
import { huntOnThreads, siteSets, type ThreadRow } from './ablate-threads.js';
import { namesFile } from '../scenarios/find-scenario.js';
import { hunt, predictedCatch, type HuntResult } from '../hunt.js';
import { checkOptions, type Filled, type OptionTable } from '../options/option-table.js';
import { WATCHING, type Watching } from '../options/progress.js';
import { REPLACE, type Replacing } from '../scenarios/replace.js';
import {
  choiceOf,
  duration,
  flag,
  integerIn,
  orderingSites,
  seed,
  textOf,
} from '../options/rules.js';
import { inTurn, madeOf, type Rows } from '../options/sets.js';
import { Workers } from '../work/workers.js';

/** What {@link ablate} is asked to do. */
export interface AblateOptions extends Watching, Replacing {
  /** Rows that remove one of these ordering sites, such as `['O-04']`. */
  readonly sites?: readonly (number | string)[];
  /** The whole matrix, and every race with nothing removed. Default false. */
  readonly all?: boolean;
  /** Only this race: a name of the catalogue; or `FILE` or `FILE#NAME`, whose own predictions are then the rows. */
  readonly scenario?: string;
  /** Release of the kernel: its own rows of the matrix. Default 6.5. */
  readonly kernel?: KernelVersion;
  /** `explorer`, the default: the races; `threads`: stress over the memory that reorders, `budgetMs` for each set of sites. */
  readonly on?: 'explorer' | 'threads';
  /** Seeds that each finding is looked for with. Default 1. */
  readonly seeds?: number;
  /** Time for each seed, in ms. Default 30,000. */
  readonly budgetMs?: number;
  /** Time for each row that must show nothing, in ms. Default 10,000. */
  readonly harmlessMs?: number;
  /** Worker threads. Default 2. */
  readonly threads?: number;
  /** Shrink every finding. Default false. */
  readonly shrink?: boolean;
  /** First seed. Default 1. */
  readonly seed?: number;
}

const inExplorer = { on: ['explorer'] } as const;

/** The options of {@link ablate}. */
export const ABLATE_OPTIONS = {
  ...WATCHING,
  sites: { rule: orderingSites, about: orderingSites.accepts, flags: '[sites]' },
  all: {
    rule: flag,
    about: 'the whole matrix, and every race with nothing removed',
    fallback: false,
    not: ['sites'],
  },
  replace: REPLACE,
  scenario: {
    rule: textOf('NAME of the catalogue, FILE or FILE#NAME'),
    about: 'only this race; of a file, what its own ablations predict',
    flags: '--scenario <name>',
  },
  kernel: {
    rule: choiceOf(KERNEL_VERSIONS),
    about: 'the kernel whose matrix it is',
    fallback: DEFAULT_KERNEL_VERSION,
    flags: '--kernel <version>',
    needs: inExplorer,
  },
  on: {
    rule: choiceOf(['explorer', 'threads']),
    about:
      'explorer: the races; threads: stress over the memory that reorders, --budget for each set of sites',
    fallback: 'explorer',
    flags: '--on <engine>',
  },
  seeds: {
    rule: integerIn({ min: 1, max: 1000 }),
    about: 'seeds that each finding is looked for with',
    fallback: 1,
    flags: '--seeds <n>',
    needs: inExplorer,
  },
  budgetMs: {
    rule: duration,
    about: 'time for each seed',
    fallback: 30_000,
    shown: '30s',
    flags: '--budget <time>',
  },
  harmlessMs: {
    rule: duration,
    about: 'time for each row that must show nothing',
    fallback: 10_000,
    shown: '10s',
    flags: '--harmless <time>',
    needs: inExplorer,
  },
  threads: {
    rule: integerIn({ min: 1, max: 64 }),
    about: 'worker threads',
    fallback: 2,
    flags: '--threads <n>',
    needs: inExplorer,
  },
  shrink: {
    rule: flag,
    about: 'shrink every finding, and show the medians of its context switches',
    fallback: false,
    needs: inExplorer,
  },
  seed: { rule: seed, about: 'seed of every random choice', fallback: 1, flags: '--seed <n>' },
} as const satisfies OptionTable<AblateOptions>;

type Checked = Filled<AblateOptions, typeof ABLATE_OPTIONS>;

/** One row of the matrix, measured. */
export interface AblationRow {
  readonly scenario: string;
  readonly removed: readonly string[];
  /** What the catalogue says is found; null: harmless. */
  readonly expected: string | null;
  /** For each seed the predicted outcome, or else the forbidden one found first; null: none within the budget. */
  readonly found: readonly (string | null)[];
  /** Medians over the seeds that found something. */
  readonly executions: number | null;
  readonly seconds: number | null;
  readonly token: string | null;
  /** Medians of context switches as found and after shrinking; null: nothing was shrunk. */
  readonly switches: { readonly found: number; readonly shrunk: number } | null;
  /** The same for each seed that found something. */
  readonly shrinkings: readonly { readonly found: number; readonly shrunk: number }[];
  /** Every token, executed twice, led to its outcome by the same trace both times. */
  readonly replays: boolean;
  /** Executions without a finding, when none was expected. */
  readonly cleanExecutions: number;
  /** Bounds of the exhaustive search that a harmless row was given; null: executions at random. */
  readonly bounds: SearchBounds | null;
  /** The search has covered everything within its bounds. */
  readonly exhausted: boolean;
  readonly asExpected: boolean;
}

/** What ablating showed; plain data. `rows` are the explorer's, `threadRows` those of real threads; one of them is empty. */
export interface AblateResult extends Rows<AblationRow> {
  readonly threadRows: readonly ThreadRow[];
}

const median = (values: readonly number[]): number | null => {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? null;
};

function mediansOf(sizes: AblationRow['shrinkings']): AblationRow['switches'] {
  const found = median(sizes.map((size) => size.found));
  const shrunk = median(sizes.map((size) => size.shrunk));
  return found === null || shrunk === null ? null : { found, shrunk };
}

function rowOf(wanted: Demonstration, runs: readonly HuntResult[]): AblationRow {
  const expected = wanted.finds ?? null;
  const catches = runs.map((hunted) => predictedCatch(hunted, wanted.finds));
  const caught = catches.filter((found) => found !== undefined);
  const found = catches.map((it) => it?.key ?? null);
  const shrinkings = caught.flatMap(({ switches }) => switches ?? []);
  const replays = caught.every((it) => it.replays);
  const seconds = runs.filter((_, i) => catches[i] !== undefined).map((hunted) => hunted.seconds);
  const isTested = runs.every(({ executions }) => executions > 0);
  return {
    scenario: wanted.scenario,
    removed: wanted.sites.map(siteName),
    expected,
    found,
    executions: median(caught.map(({ executions }) => executions)),
    seconds: median(seconds),
    token: caught[0]?.token ?? null,
    switches: mediansOf(shrinkings),
    shrinkings,
    replays,
    cleanExecutions: runs.reduce((sum, r) => sum + (r.catches.length === 0 ? r.executions : 0), 0),
    bounds: wanted.exhausted ?? null,
    exhausted: wanted.exhausted !== undefined && runs.every(({ exhausted }) => exhausted),
    asExpected: isTested && replays && found.every((key) => key === expected),
  };
}

/**
 * Remove ordering sites from the races of the catalogue, or from the user's own race.
 *
 * @returns a row for each race and set of sites, with what was expected and what was found
 * @throws UsageError for options that are not accepted, or when no race shows the removal of these sites
 */
export async function ablate(options: AblateOptions): Promise<AblateResult> {
  const checked = checkOptions('ablate', options, ABLATE_OPTIONS);
  if (checked.on === 'threads') return onThreads(rowsFor(checked), checked);
  const { signal, onProgress, scenario } = checked;
  const workers = new Workers(checked.threads);
  try {
    const isOwn = scenario !== undefined && namesFile(scenario);
    const wanted = isOwn ? await ownRows(workers, scenario, checked) : rowsFor(checked);
    checkRows(wanted, options);
    const told = { total: wanted.length, unit: 'rows' };
    const found = inTurn(
      wanted,
      signal,
      (row, done) => {
        onProgress?.({ ...told, done, note: row.scenario });
        return measure(workers, row, checked);
      },
      (row, done) => onProgress?.({ ...told, done, note: row.scenario, row }),
    );
    return await madeOf(found, (rows) => ({ ...rows, threadRows: [] }));
  } finally {
    await workers.close();
  }
}

async function measure(
  workers: Workers,
  wanted: Demonstration,
  options: Checked,
): Promise<AblationRow> {
  const isHarmless = wanted.finds === undefined;
  const runs: HuntResult[] = [];
  for (let i = 0; i < (isHarmless ? 1 : options.seeds); i++) {
    runs.push(
      await hunt(workers, {
        scenario: wanted.scenario,
        removed: wanted.sites,
        seed: options.seed + i,
        replace: options.replace,
        memory: 'lkmm',
        budgetMs: isHarmless ? options.harmlessMs : options.budgetMs,
        finds: wanted.finds,
        ...(wanted.exhausted === undefined ? {} : { bounds: wanted.exhausted }),
        threads: options.threads,
        shrink: options.shrink,
        signal: options.signal,
      }),
    );
  }
  return rowOf(wanted, runs);
}

/** The same sets of sites on real threads. No result is expected: not every race occurs on every machine. */
async function onThreads(
  wanted: readonly Demonstration[],
  { seed: from, budgetMs, replace, signal, onProgress }: Checked,
): Promise<AblateResult> {
  const sets = siteSets(wanted);
  if (sets.length === 0) throw new UsageError('no race finds anything without these sites');
  const replaced = replace === undefined ? undefined : await replacedSources(replace);
  const told = { total: sets.length, unit: 'runs' };
  const found = inTurn(
    sets,
    signal,
    async (set, done) => {
      const { sites, removed, inExplorer: shown } = set;
      onProgress?.({ ...told, done, note: removed.join('+') });
      const hunted = await huntOnThreads({
        sites,
        seed: from,
        durationMs: budgetMs,
        replaced,
        signal,
      });
      return { removed, inExplorer: shown, ...hunted } satisfies ThreadRow;
    },
    (row, done) => onProgress?.({ ...told, done, note: row.removed.join('+'), row }),
  );
  return madeOf(found, ({ rows, interrupted }) => ({ rows: [], threadRows: rows, interrupted }));
}
