/** `klp-smp history`: replays bugs of the past, with the code that had them and with that of today. */

import type { Command } from 'commander';
import { HISTORY } from '../catalog/history.js';
import { UsageError } from '../errors.js';
import { Workers } from '../campaign/campaign.js';
import { renderTable } from '../report/table.js';
import {
  replayScript,
  type HistoryExploration,
  type HistoryFinding,
  type HistoryRace,
  type HistoryScenario,
} from '../scenario/history.js';
import { hunt } from './hunt.js';
import { duration, existingFile, jsonOption, option, seedOption } from './options.js';
import { emit } from './output.js';
import { startProgress } from './progress.js';
import { markdownTable, writeSection } from './readme.js';

interface HistoryOptions {
  readonly json: boolean;
  readonly seed: number;
  readonly budget: number;
  readonly readme?: string;
}

/** What replaying a bug showed. */
export interface HistoryResult {
  readonly id: string;
  readonly commit: string;
  readonly title: string;
  readonly release: string;
  readonly kind: 'script' | 'race';
  readonly mechanism: string;
  readonly replayed: string;
  readonly shows: string;
  readonly before: readonly HistoryFinding[];
  readonly after: readonly HistoryFinding[];
  readonly reproduced: boolean;
  readonly clean: boolean;
  /** For a race: token of the finding, and executions without one afterwards. */
  readonly token?: string;
  readonly cleanExecutions?: number;
}

const recordOf = ({
  id,
  commit,
  title,
  release,
  kind,
  mechanism,
  replayed,
  shows,
}: HistoryScenario) => ({
  id,
  commit,
  title,
  release,
  kind,
  mechanism,
  replayed,
  shows,
});

async function replayRace(
  bug: HistoryRace,
  options: HistoryOptions,
  workers: Workers,
): Promise<HistoryResult> {
  const explore = ({ scenario, removed }: HistoryExploration, finds?: string) =>
    hunt(workers, {
      scenario,
      removed: removed ?? [],
      seed: options.seed,
      memory: 'lkmm',
      budgetMs: options.budget,
      threads: 1,
      finds,
    });
  const before = await explore(bug.before, bug.shows);
  const after = await explore(bug.after);
  const caught = before.catches.find(({ key }) => key === bug.shows);
  return {
    ...recordOf(bug),
    before: before.catches.map(({ key, detail }) => ({ key, detail })),
    after: after.catches.map(({ key, detail }) => ({ key, detail })),
    reproduced: caught !== undefined,
    clean: after.catches.length === 0,
    ...(caught === undefined ? {} : { token: caught.token }),
    cleanExecutions: after.executions,
  };
}

async function replay(
  bug: HistoryScenario,
  options: HistoryOptions,
  workers: () => Workers,
): Promise<HistoryResult> {
  if (bug.kind === 'race') return replayRace(bug, options, workers());
  return { ...recordOf(bug), ...replayScript(bug) };
}

function chosen(id: string | undefined): readonly HistoryScenario[] {
  if (id === undefined) return HISTORY;
  const found = HISTORY.filter((bug) => bug.id.toLowerCase().startsWith(id.toLowerCase()));
  if (found.length > 0) return found;
  const ids = HISTORY.map((bug) => bug.id).join(', ');
  throw new UsageError(`bug: '${id}' is not in the catalogue; it has ${ids}`);
}

function table(results: readonly HistoryResult[]): string {
  const rows = results.map((r) => [
    r.id,
    r.commit === '' ? 'open' : r.commit,
    r.release,
    r.reproduced ? r.shows : `not reproduced (${r.before.map(({ key }) => key).join(', ')})`,
    r.clean ? 'clean' : r.after.map(({ key }) => key).join(', '),
    r.title,
  ]);
  const titles = ['bug', 'commit', 'fixed in', 'before', 'after', 'title'];
  return renderTable(
    titles.map((title) => ({ title })),
    rows,
  );
}

function story(result: HistoryResult): string {
  const findings = (all: readonly HistoryFinding[]): string[] =>
    all.length === 0 ? ['  clean'] : all.map(({ key, detail }) => `  ${key}: ${detail}`);
  return [
    `${result.id}  ${result.title} (${result.commit === '' ? 'open' : result.commit}, ${result.release})`,
    result.mechanism,
    `replayed: ${result.replayed}`,
    'before',
    ...findings(result.before),
    ...(result.token === undefined ? [] : [`  replay: klp-smp replay ${result.token}`]),
    `after${result.cleanExecutions === undefined ? '' : `, ${result.cleanExecutions} executions`}`,
    ...findings(result.after),
  ].join('\n');
}

/** The table of the README: what has to be shown, by which code. */
export function readmeTable(): string {
  return markdownTable(
    ['Bug', 'Commit', 'Fixed in', 'How it goes wrong', 'Old code shows', 'Shown by'],
    HISTORY.map((bug) => [
      bug.id,
      bug.commit === '' ? 'open' : `\`${bug.commit}\``,
      bug.release,
      bug.mechanism,
      bug.shows,
      bug.kind === 'script' ? 'script' : `race ${bug.before.scenario}`,
    ]),
  );
}

async function run(id: string | undefined, options: HistoryOptions): Promise<void> {
  if (options.readme !== undefined) {
    writeSection(options.readme, 'history', readmeTable());
    return;
  }
  const bugs = chosen(id);
  const bar = startProgress({ label: 'replaying', total: bugs.length, unit: 'bugs' });
  const pool: { workers?: Workers } = {};
  const workers = (): Workers => (pool.workers ??= new Workers(1));
  const results: HistoryResult[] = [];
  try {
    for (const bug of bugs) {
      bar.update(results.length, bug.id);
      results.push(await replay(bug, options, workers));
    }
  } finally {
    bar.stop();
    await pool.workers?.close();
    const isTable = id === undefined;
    emit(options, results, () => (isTable ? table(results) : results.map(story).join('\n\n')));
  }
  if (results.some(({ reproduced, clean }) => !reproduced || !clean)) process.exitCode = 1;
}

/** Add the command to a program. */
export function registerHistory(program: Command): void {
  program
    .command('history')
    .description(
      'replay bugs of the past: the old code must fail as described, that of today must not',
    )
    .argument('[bug]', 'for instance R-26; all of them when left out')
    .addOption(
      option('--budget <time>', 'time for each exploration of a race', duration, {
        value: 30_000,
        shown: '30s',
      }),
    )
    .addOption(
      option('--readme <file>', 'write the table into a marked section of a file', existingFile),
    )
    .addOption(seedOption())
    .addOption(jsonOption())
    .action(run);
}
