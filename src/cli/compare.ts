/** `klp-smp compare`: run a scenario in the explorer and on real threads, and say which outcomes only one of them shows. */

import type { Command } from 'commander';
import { compare, COMPARE_OPTIONS, type CompareResult } from '../campaign/compare/compare.js';
import { comparedTables } from '../report/tables/catalogue.js';
import { addCommand, JSON_OPTION } from './command.js';
import { REPORTS, splitReports } from './reporting.js';
import { padded, paint } from './paint.js';
import { runUseCase } from './use-case.js';

/** Add the command to a program. */
export function registerCompare(program: Command): void {
  addCommand(program, {
    name: 'compare',
    description: 'run a scenario in the explorer and on real threads, and compare the outcomes',
    table: { ...COMPARE_OPTIONS, ...JSON_OPTION, ...REPORTS },
    run: async ({ json, scenario = '', ...given }) => {
      const { asked, options } = splitReports(given);
      const reporting = { command: 'compare', asked, tables: comparedTables };
      const { rows, unreachable } = await runUseCase(
        { label: 'comparing', json, text: compareText, reporting },
        (watching) => compare({ ...options, ...watching, scenario }),
      );
      const isWrong = unreachable.length > 0 || rows.some(({ grade }) => grade === 'forbidden');
      if (isWrong) process.exitCode = 1;
    },
  });
}

function compareText(result: CompareResult): string {
  const { scenario, rows, exhausted, explored, threadRuns, backend, memory, unended } = result;
  const how = exhausted ? 'exhausted' : 'not exhausted';
  const on = backend === 'own' ? '' : ` (${backend})`;
  const givenUp = unended === 0 ? '' : `, ${unended} given up after 2 s without an end`;
  const lines = [
    `${scenario}: in the explorer (${memory}) and on real threads${on}`,
    `explorer: ${how}, ${explored} executions; threads: ${threadRuns} executions${givenUp}`,
    `${'outcome'.padEnd(24)} ${'grade'.padEnd(12)} ${'explorer'.padStart(10)} ${'threads'.padStart(10)}`,
  ];
  const shown = firstRows(result);
  for (const { outcome, grade, explorer, threads } of shown) {
    lines.push(
      `${outcome.padEnd(24)} ${padded(paint(grade, grade), 12)} ${String(explorer).padStart(10)} ${String(threads).padStart(10)}${noteOf(outcome, explorer, threads, result)}`,
    );
  }
  const more = rows.length - shown.length;
  return [...lines, ...(more === 0 ? [] : [`and ${more} more outcomes: see --json`])].join('\n');
}

/** Outcomes that are printed; JSON has all of them. */
const MOST_ROWS = 40;

/** All rows, or of too many those that say most: our errors, then the forbidden ones. */
function firstRows({ rows, unreachable }: CompareResult): CompareResult['rows'] {
  if (rows.length <= MOST_ROWS) return rows;
  const wrong = new Set(unreachable);
  const weight = ({ outcome, grade }: CompareResult['rows'][number]): number =>
    wrong.has(outcome) ? 0 : grade === 'forbidden' ? 1 : 2;
  return [...rows].sort((a, b) => weight(a) - weight(b)).slice(0, MOST_ROWS);
}

/** Outcomes of an execution that does not end: on threads it is given up. */
const ENDLESS = new Set(['deadlock', 'lost wake-up', 'livelock', 'unsettled']);

function noteOf(
  outcome: string,
  explorer: number,
  threads: number,
  { exhausted, unended }: CompareResult,
): string {
  if (threads === 0) {
    const isGivenUp = ENDLESS.has(outcome) && unended > 0;
    return isGivenUp ? '  on threads: given up' : '  never shown by the threads';
  }
  if (explorer > 0) return '';
  return exhausted
    ? '  the explorer cannot reach it: our error'
    : '  not reached by the explorer yet';
}
