/** `klp-smp weaken`: which operations of `Atomics` a program needs. */

import type { Command } from 'commander';
import { weaken, WEAKEN_OPTIONS, type WeakenResult } from '../campaign/weaken.js';
import { weakenedTables } from '../report/tables/explored.js';
import { addCommand, JSON_OPTION } from './command.js';
import { REPORTS, splitReports } from './reporting.js';
import { runUseCase } from './use-case.js';

const TABLE = { ...WEAKEN_OPTIONS, ...JSON_OPTION, ...REPORTS } as const;

/** Add the command to a program. */
export function registerWeaken(program: Command): void {
  addCommand(program, {
    name: 'weaken',
    description:
      'weaken the Atomics of a SharedArrayBuffer program one at a time, and see what breaks',
    table: TABLE,
    run: async ({ json, scenario = '', ...given }) => {
      const { asked, options } = splitReports(given);
      const reporting = { command: 'weaken', asked, tables: weakenedTables };
      await runUseCase({ label: 'weakening', json, text: weakenText, reporting }, (watching) =>
        weaken({ ...options, ...watching, scenario }),
      );
    },
  });
}

function weakenText({ scenario, executions, operations }: WeakenResult): string {
  const rows = operations.flatMap(({ place, text, standing, finds, replay }) => [
    `  ${standing.padEnd(22)} ${text}  (${place})`,
    ...(finds === null ? [] : [`      without it: ${finds}`, `      replay: ${replay ?? ''}`]),
  ]);
  return [`${scenario}: each operation weakened, ${executions} executions`, ...rows].join('\n');
}
