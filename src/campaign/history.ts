/** Use case: replay bugs of the past, with the code that had them and with today's code. */

import { HISTORY } from '../catalog/history.js';
import { UsageError } from '../errors.js';
import type {
  HistoryExploration,
  HistoryFinding,
  HistoryRace,
  HistoryRecord,
  HistoryScenario,
} from '../scenario/history.js';
import { hunt } from './hunt.js';
import {
  checkOptions,
  OptionError,
  type Filled,
  type OptionTable,
} from './options/option-table.js';
import { WATCHING, type Watching } from './options/progress.js';
import { duration, seed, textOf } from './options/rules.js';
import { inTurn, type Rows } from './options/sets.js';
import { Workers } from './work/workers.js';

/** Milliseconds that one script may take. */
const SCRIPT_MS = 120_000;

/** What {@link history} is asked to do. */
export interface HistoryOptions extends Watching {
  /** For instance `R-26`. Default all of them. */
  readonly bug?: string;
  /** Time for each exploration of a race, in ms. Default 30,000. */
  readonly budgetMs?: number;
  /** Seed of every random choice. Default 1. */
  readonly seed?: number;
}

/** The options of {@link history}. */
export const HISTORY_OPTIONS = {
  ...WATCHING,
  bug: {
    rule: textOf('the id of a bug, such as R-26'),
    about: 'for instance R-26; all of them when left out',
    flags: '[bug]',
  },
  budgetMs: {
    rule: duration,
    about: 'time for each exploration of a race',
    fallback: 30_000,
    shown: '30s',
    flags: '--budget <time>',
  },
  seed: { rule: seed, about: 'seed of every random choice', fallback: 1, flags: '--seed <n>' },
} as const satisfies OptionTable<HistoryOptions>;

type Checked = Filled<HistoryOptions, typeof HISTORY_OPTIONS>;

/** What replaying one bug showed. */
export interface HistoryRow extends HistoryRecord {
  readonly kind: 'script' | 'race';
  readonly before: readonly HistoryFinding[];
  readonly after: readonly HistoryFinding[];
  readonly reproduced: boolean;
  readonly clean: boolean;
  /** For a race: token of the finding, and executions without one afterwards. */
  readonly token?: string;
  readonly cleanExecutions?: number;
}

/** What replaying the past showed; plain data. */
export type HistoryResult = Rows<HistoryRow>;

const recordOf = (bug: HistoryScenario): HistoryRecord & Pick<HistoryRow, 'kind'> => {
  const { id, commit, title, release, kind, mechanism, replayed, shows } = bug;
  return { id, commit, title, release, kind, mechanism, replayed, shows };
};

/**
 * Replay bugs of the past.
 *
 * @throws UsageError for options that are not accepted, or a bug that is not in the catalogue
 */
export async function history(options: HistoryOptions = {}): Promise<HistoryResult> {
  const checked = checkOptions('history', options, HISTORY_OPTIONS);
  const bugs = chosen(checked.bug);
  const idle = (['budgetMs', 'seed'] as const).find((key) => options[key] !== undefined);
  if (idle !== undefined && bugs.every(({ kind }) => kind === 'script')) {
    throw new OptionError('history', idle, 'has no effect: a script shows this bug');
  }
  const { signal, onProgress } = checked;
  const workers = new Workers(1);
  try {
    const told = { total: bugs.length, unit: 'bugs' };
    return await inTurn(
      bugs,
      signal,
      (bug, done) => {
        onProgress?.({ ...told, done, note: bug.id });
        return replayBug(bug, checked, workers);
      },
      (row, done) => onProgress?.({ ...told, done, note: row.id, row }),
    );
  } finally {
    await workers.close();
  }
}

function chosen(id: string | undefined): readonly HistoryScenario[] {
  if (id === undefined) return HISTORY;
  const found = HISTORY.filter((bug) => bug.id.toLowerCase().startsWith(id.toLowerCase()));
  if (found.length > 0) return found;
  const ids = HISTORY.map((bug) => bug.id).join(', ');
  throw new UsageError(`bug: '${id}' is not in the catalogue; it has ${ids}`);
}

async function replayBug(
  bug: HistoryScenario,
  options: Checked,
  workers: Workers,
): Promise<HistoryRow> {
  if (bug.kind === 'race') return replayRace(bug, options, workers);
  const limits = { ms: SCRIPT_MS, signal: options.signal };
  return { ...recordOf(bug), ...(await workers.run('history', { id: bug.id }, limits)) };
}

async function replayRace(
  bug: HistoryRace,
  { seed: from, budgetMs, signal }: Checked,
  workers: Workers,
): Promise<HistoryRow> {
  const explore = ({ scenario, removed = [] }: HistoryExploration, finds?: string) =>
    hunt(workers, {
      ...{ scenario, removed, seed: from, memory: 'lkmm', budgetMs, threads: 1, finds, signal },
    });
  const before = await explore(bug.before, bug.shows);
  const after = await explore(bug.after);
  const caught = before.catches.find(({ key }) => key === bug.shows);
  return {
    ...recordOf(bug),
    before: before.catches.map(({ key, detail }) => ({ key, detail })),
    after: after.catches.map(({ key, detail }) => ({ key, detail })),
    reproduced: caught !== undefined,
    clean: after.catches.length === 0 && after.executions > 0,
    ...(caught === undefined ? {} : { token: caught.token }),
    cleanExecutions: after.executions,
  };
}
