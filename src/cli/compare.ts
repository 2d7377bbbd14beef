/** `klp-smp compare`: run a scenario in the explorer and on real threads, and say which outcomes only one of them shows. */

import type { Command } from 'commander';
import { compare, COMPARE_OPTIONS, type CompareResult } from '../campaign/compare.js';
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
  const { scenario, rows, exhausted, explored, threadRuns, backend } = result;
  const how = exhausted ? 'exhausted' : 'not exhausted';
  const lines = [
    `${scenario}: in the explorer (lkmm) and on real threads (${backend})`,
    `explorer: ${how}, ${explored} executions; threads: ${threadRuns} executions`,
    `${'outcome'.padEnd(24)} ${'grade'.padEnd(12)} ${'explorer'.padStart(10)} ${'threads'.padStart(10)}`,
  ];
  for (const { outcome, grade, explorer, threads } of rows) {
    lines.push(
      `${outcome.padEnd(24)} ${padded(paint(grade, grade), 12)} ${String(explorer).padStart(10)} ${String(threads).padStart(10)}${noteOf(explorer, threads, exhausted)}`,
    );
  }
  return lines.join('\n');
}

function noteOf(explorer: number, threads: number, exhausted: boolean): string {
  if (threads === 0) return '  never shown by the threads';
  if (explorer > 0) return '';
  return exhausted
    ? '  the explorer cannot reach it: our error'
    : '  not reached by the explorer yet';
}
