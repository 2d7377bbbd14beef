/** `klp-smp ablate`: removes ordering sites and looks for what breaks: the matrix of sites and scenarios. */

import { writeFileSync } from 'node:fs';
import type { Command } from 'commander';
import {
  DEMONSTRATIONS,
  type Demonstration,
  type SearchBounds,
} from '../catalog/demonstrations.js';
import { siteName } from '../catalog/orderings.js';
import { RACES } from '../catalog/races.js';
import { UsageError } from '../errors.js';
import { Workers } from '../campaign/campaign.js';
import type { SiteId } from '../memory/sites.js';
import { renderTable } from '../report/table.js';
import { huntOnThreads, type ThreadHunt } from './ablate-threads.js';
import { hunt, predictedCatch, type HuntResult } from './hunt.js';
import {
  choiceOf,
  duration,
  integerIn,
  jsonOption,
  option,
  orderingSites,
  seedOption,
  writableFile,
} from './options.js';
import { emit } from './output.js';
import { startProgress } from './progress.js';

interface AblateOptions {
  readonly all?: boolean;
  readonly scenario?: string;
  readonly seed: number;
  readonly seeds: number;
  readonly budget: number;
  readonly harmless: number;
  readonly threads: number;
  readonly shrink?: boolean;
  readonly on: 'explorer' | 'threads';
  readonly save?: string;
  readonly json: boolean;
}

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
  /** The search has looked at everything within its bounds. */
  readonly exhausted: boolean;
  readonly asExpected: boolean;
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
    asExpected: replays && found.every((key) => key === expected),
  };
}

/** What a row has to say besides its figures. */
function noteOf({ asExpected, replays, bounds, exhausted }: AblationRow): string {
  if (!replays) return 'does not replay';
  if (!asExpected) return 'differs';
  if (bounds === null) return '';
  const within = `${bounds.preemptions} preemptions, ${bounds.choices} weak answers`;
  return `${exhausted ? 'exhausted' : 'not exhausted'} within ${within}`;
}

function table(rows: readonly AblationRow[]): string {
  return renderTable(
    [
      { title: 'without' },
      { title: 'scenario' },
      { title: 'expected' },
      { title: 'found' },
      { title: 'executions', align: 'right' },
      { title: 's', align: 'right' },
      { title: 'switches', align: 'right' },
      { title: '' },
    ],
    rows.map((r) => [
      r.removed.join('+') || '-',
      r.scenario,
      r.expected ?? 'harmless',
      `${[...new Set(r.found.filter((f) => f !== null))].join(', ') || '-'} (${r.found.filter((f) => f !== null).length}/${r.found.length})`,
      String(r.executions ?? r.cleanExecutions),
      r.seconds === null ? '' : r.seconds.toFixed(1),
      r.switches === null ? '' : `${r.switches.found} → ${r.switches.shrunk}`,
      noteOf(r),
    ]),
  );
}

/** Rows that the user asked for. */
function rowsFor(sites: readonly SiteId[] | undefined, options: AblateOptions): Demonstration[] {
  if (sites === undefined && options.all !== true) {
    throw new UsageError('give the ordering sites to remove, such as O-04,O-05, or --all');
  }
  const isWanted = (d: Demonstration): boolean =>
    (sites === undefined || sites.some((s) => d.sites.includes(s))) &&
    (options.scenario === undefined || d.scenario === options.scenario);
  const intact = RACES.map(({ name }): Demonstration => ({
    scenario: name,
    sites: [],
    why: 'nothing is removed',
  }));
  const rows = [...DEMONSTRATIONS, ...(sites === undefined ? intact : [])].filter(isWanted);
  if (rows.length === 0)
    throw new UsageError('no scenario of the catalogue shows the removal of these sites');
  return rows;
}

async function measure(
  workers: Workers,
  wanted: Demonstration,
  options: AblateOptions,
): Promise<AblationRow> {
  const isHarmless = wanted.finds === undefined;
  const runs: HuntResult[] = [];
  for (let i = 0; i < (isHarmless ? 1 : options.seeds); i++) {
    runs.push(
      await hunt(workers, {
        scenario: wanted.scenario,
        removed: wanted.sites,
        seed: options.seed + i,
        memory: 'lkmm',
        budgetMs: isHarmless ? options.harmless : options.budget,
        finds: wanted.finds,
        ...(wanted.exhausted === undefined ? {} : { bounds: wanted.exhausted }),
        threads: options.threads,
        shrink: options.shrink ?? false,
      }),
    );
  }
  return rowOf(wanted, runs);
}

/** One row of the matrix on real threads. */
export interface ThreadRow extends ThreadHunt {
  readonly removed: readonly string[];
  /** What the races of the explorer show without the same sites. */
  readonly inExplorer: string;
}

function threadTable(rows: readonly ThreadRow[]): string {
  return renderTable(
    [
      { title: 'without' },
      { title: 'in the explorer' },
      { title: 'on weak threads' },
      { title: 's', align: 'right' },
    ],
    rows.map((r) => [
      r.removed.join('+'),
      r.inExplorer,
      r.key ?? 'not found in this time',
      r.seconds.toFixed(1),
    ]),
  );
}

/** The same sets of sites on real threads. Nothing is expected: not every race happens on every machine. */
async function runOnWeakThreads(
  wanted: readonly Demonstration[],
  options: AblateOptions,
): Promise<void> {
  const sets = new Map<string, Demonstration[]>();
  for (const row of wanted.filter(({ finds }) => finds !== undefined)) {
    const key = row.sites.map(siteName).join('+');
    sets.set(key, [...(sets.get(key) ?? []), row]);
  }
  const bar = startProgress({ label: 'ablating', total: sets.size, unit: 'runs' });
  const controller = new AbortController();
  const stop = (): void => controller.abort();
  process.once('SIGINT', stop);
  const rows: ThreadRow[] = [];
  try {
    for (const [removed, shown] of sets) {
      if (controller.signal.aborted) break;
      bar.update(rows.length, removed);
      const sites = shown[0]?.sites ?? [];
      const found = await huntOnThreads(sites, options.seed, options.budget, controller.signal);
      const inExplorer = [...new Set(shown.map(({ finds }) => finds ?? ''))].join(', ');
      rows.push({ removed: removed.split('+'), inExplorer, ...found });
    }
  } finally {
    process.off('SIGINT', stop);
    bar.stop();
    if (options.save !== undefined)
      writeFileSync(options.save, `${JSON.stringify(rows, undefined, 2)}\n`);
    emit(options, rows, threadTable);
  }
}

async function run(sites: SiteId[] | undefined, options: AblateOptions): Promise<void> {
  const wanted = rowsFor(sites, options);
  if (options.on === 'threads') return runOnWeakThreads(wanted, options);
  const bar = startProgress({ label: 'ablating', total: wanted.length, unit: 'rows' });
  const workers = new Workers(options.threads);
  const rows: AblationRow[] = [];
  const interrupted = { yet: false };
  const stop = (): void => void (interrupted.yet = true);
  process.once('SIGINT', stop);
  try {
    for (const row of wanted) {
      if (interrupted.yet) break;
      bar.update(rows.length, row.scenario);
      rows.push(await measure(workers, row, options));
    }
  } finally {
    process.off('SIGINT', stop);
    bar.stop();
    await workers.close();
    if (options.save !== undefined)
      writeFileSync(options.save, `${JSON.stringify(rows, undefined, 2)}\n`);
    emit(options, rows, table);
  }
  if (rows.some(({ asExpected }) => !asExpected)) process.exitCode = 1;
}

/** Add the command to a program. */
export function registerAblate(program: Command): void {
  program
    .command('ablate')
    .description('remove ordering sites from the races of the catalogue, and see what breaks')
    .argument(
      '[sites]',
      orderingSites.accepts,
      (text: string) => orderingSites.parse(text) ?? invalid(text),
    )
    .option('--all', 'the whole matrix, and every race with nothing removed')
    .option('--scenario <name>', 'only this race')
    .addOption(
      option(
        '--on <engine>',
        'explorer: the races; threads: stress over the memory that reorders, --budget for each set of sites',
        choiceOf(['explorer', 'threads'] as const),
        { value: 'explorer' },
      ),
    )
    .addOption(
      option(
        '--seeds <n>',
        'seeds that each finding is looked for with',
        integerIn({ min: 1, max: 1000 }),
        { value: 1 },
      ),
    )
    .addOption(
      option('--budget <time>', 'time for each seed', duration, { value: 30_000, shown: '30s' }),
    )
    .addOption(
      option('--harmless <time>', 'time for each row that must show nothing', duration, {
        value: 10_000,
        shown: '10s',
      }),
    )
    .addOption(
      option('--threads <n>', 'worker threads', integerIn({ min: 1, max: 64 }), { value: 2 }),
    )
    .option('--shrink', 'shrink every finding, and show the medians of its context switches')
    .addOption(option('--save <file>', 'write the rows as JSON', writableFile))
    .addOption(seedOption())
    .addOption(jsonOption())
    .action(run);
}

function invalid(text: string): never {
  throw new UsageError(`sites: '${text}' is not accepted; give ${orderingSites.accepts}`);
}
