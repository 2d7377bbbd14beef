/** `klp-smp history`: replays bugs of the past, with the code that had them and with that of today. */

import type { Command } from 'commander';
import {
  history,
  HISTORY_OPTIONS,
  type HistoryResult,
  type HistoryRow,
} from '../campaign/history.js';
import { existingFile } from '../campaign/options/rules.js';
import { HISTORY, NOT_REPLAYED } from '../catalog/history.js';
import { renderTable } from '../report/table.js';
import type { HistoryFinding, HistoryRecord } from '../scenario/history.js';
import { historyTables } from '../report/tables/catalogue.js';
import { addCommand, JSON_OPTION } from './command.js';
import { markdownTable, writeSection } from './readme.js';
import { REPORTS, splitReports, TRACE } from './reporting.js';
import { runUseCase } from './use-case.js';

/** The commit of a bug; `open` without a fix, a dash when we do not know it. */
const commitOf = ({ commit, release }: HistoryRecord): string =>
  commit === '' ? (release.startsWith('open') ? 'open' : '-') : commit;

function table(results: readonly HistoryRow[]): string {
  const rows = results.map((row) => [
    row.id,
    commitOf(row),
    row.release,
    row.reproduced ? row.shows : `not reproduced (${row.before.map(({ key }) => key).join(', ')})`,
    row.clean ? 'clean' : row.after.map(({ key }) => key).join(', '),
    row.title,
  ]);
  const titles = ['bug', 'commit', 'fixed in', 'before', 'after', 'title'];
  const rest = NOT_REPLAYED.map(({ id, what, why }) => `  ${id}  ${what}: ${why}`);
  return [
    renderTable(
      titles.map((title) => ({ title })),
      rows,
    ),
    'not replayed:',
    ...rest,
  ].join('\n');
}

function story(result: HistoryRow): string {
  const findings = (all: readonly HistoryFinding[]): string[] =>
    all.length === 0 ? ['  clean'] : all.map(({ key, detail }) => `  ${key}: ${detail}`);
  return [
    `${result.id}  ${result.title} (${commitOf(result)}, ${result.release})`,
    result.mechanism,
    `replayed: ${result.replayed}`,
    'before',
    ...findings(result.before),
    ...(result.token === undefined ? [] : [`  replay: klp-smp replay ${result.token}`]),
    `after${result.cleanExecutions === undefined ? '' : `, ${result.cleanExecutions} executions`}`,
    ...findings(result.after),
  ].join('\n');
}

/** The table of the README: what each bug must show, and with which code. */
export function readmeTable(): string {
  const replayed = markdownTable(
    ['Bug', 'Commit', 'Fixed in', 'How it goes wrong', 'Old code shows', 'Shown by'],
    HISTORY.map((bug) => [
      bug.id,
      bug.commit === '' ? commitOf(bug) : `\`${bug.commit}\``,
      bug.release,
      bug.mechanism,
      bug.shows,
      bug.kind === 'script' ? 'script' : `race ${bug.before.scenario}`,
    ]),
  );
  const others = markdownTable(
    ['Not replayed', 'What it was', 'Why not'],
    NOT_REPLAYED.map(({ id, what, why }) => [id, what, why]),
  );
  return `${replayed}\n\n${others}`;
}

const TABLE = {
  ...HISTORY_OPTIONS,
  readme: {
    rule: existingFile,
    about: 'write the table into a marked section of a file',
    flags: '--readme <file>',
    only: [],
  },
  ...JSON_OPTION,
  ...REPORTS,
  ...TRACE,
} as const;

/** Add the command to a program. */
export function registerHistory(program: Command): void {
  addCommand(program, {
    name: 'history',
    description:
      'replay bugs of the past: the old code must fail as described, that of today must not',
    table: TABLE,
    run: async ({ json, readme, ...given }) => {
      const { asked, options } = splitReports(given);
      if (readme !== undefined) {
        writeSection(readme, 'history', readmeTable());
        return;
      }
      const isTable = options.bug === undefined;
      const { rows } = await runUseCase(
        {
          ...{ label: 'replaying', json },
          reporting: { command: 'history', asked, tables: historyTables },
          text: (result: HistoryResult) =>
            isTable ? table(result.rows) : result.rows.map(story).join('\n\n'),
        },
        (watching) => history({ ...options, ...watching }),
      );
      if (rows.some(({ reproduced, clean }) => !reproduced || !clean)) process.exitCode = 1;
    },
  });
}
