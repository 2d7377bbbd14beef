/** `klp-smp ablate`: removes ordering sites and looks for what breaks: the matrix of sites and scenarios. */

import type { Command } from 'commander';
import {
  ablate,
  ABLATE_OPTIONS,
  type AblateResult,
  type AblationRow,
} from '../campaign/ablate/ablate.js';
import type { ThreadRow } from '../campaign/ablate/ablate-threads.js';
import { writeTextFile } from '../campaign/options/files.js';
import { writableFile } from '../campaign/options/rules.js';
import { renderTable } from '../report/table.js';
import { ablatedTables } from '../report/tables/catalogue.js';
import { addCommand, JSON_OPTION } from './command.js';
import { REPORTS, splitReports, TRACE } from './reporting.js';
import { runUseCase } from './use-case.js';

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
    rows.map((row) => [
      row.removed.join('+') || '-',
      row.scenario,
      row.expected ?? 'harmless',
      `${[...new Set(row.found.filter((f) => f !== null))].join(', ') || '-'} (${row.found.filter((f) => f !== null).length}/${row.found.length})`,
      String(row.executions ?? row.cleanExecutions),
      row.seconds === null ? '' : row.seconds.toFixed(1),
      row.switches === null ? '' : `${row.switches.found} → ${row.switches.shrunk}`,
      noteOf(row),
    ]),
  );
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

const TABLE = {
  ...ABLATE_OPTIONS,
  save: { rule: writableFile, about: 'write the rows as JSON', flags: '--save <file>' },
  ...JSON_OPTION,
  ...REPORTS,
  trace: { ...TRACE.trace, needs: { on: ['explorer'] } },
  ftrace: { ...TRACE.ftrace, needs: { on: ['explorer'] } },
} as const;

/** Add the command to a program. */
export function registerAblate(program: Command): void {
  addCommand(program, {
    name: 'ablate',
    description: 'remove ordering sites from the races of the catalogue, and see what breaks',
    table: TABLE,
    run: async ({ json, save, ...given }) => {
      const { asked, options } = splitReports(given);
      const isOnThreads = options.on === 'threads';
      const rowsOf = ({ rows, threadRows }: AblateResult) => (isOnThreads ? threadRows : rows);
      const keep = (result: AblateResult): void => {
        if (save === undefined) return;
        writeTextFile('report', save, `${JSON.stringify(rowsOf(result), undefined, 2)}\n`);
      };
      const { rows } = await runUseCase(
        {
          ...{ label: 'ablating', json, keep },
          reporting: { command: 'ablate', asked, tables: ablatedTables },
          text: (result) => (isOnThreads ? threadTable(result.threadRows) : table(result.rows)),
          toJson: (result) => ({ rows: rowsOf(result), interrupted: result.interrupted }),
        },
        (watching) => ablate({ ...options, ...watching }),
      );
      if (rows.some(({ asExpected }) => !asExpected)) process.exitCode = 1;
    },
  });
}
