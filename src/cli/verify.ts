/** `klp-smp verify`: every scenario with nothing removed: nothing forbidden happens, and equal runs are equal. */

import type { Command } from 'commander';
import { writeTextFile } from '../campaign/files.js';
import { writableFile } from '../campaign/rules.js';
import {
  findingsOf,
  forbiddenIn,
  verify,
  VERIFY_OPTIONS,
  type VerifiedScenario,
  type VerifyResult,
} from '../campaign/verify.js';
import { renderTable } from '../report/table.js';
import { addCommand, JSON_OPTION } from './command.js';
import { runUseCase } from './use-case.js';

function sawOf(row: VerifiedScenario): string {
  const forbidden = forbiddenIn(row);
  if (forbidden.length === 0) return 'nothing forbidden';
  const keys = forbidden.map(({ key, count }) => `${key} (${count})`).join(', ');
  return row.expected === 'fails' ? `as expected: ${keys}` : `FORBIDDEN: ${keys}`;
}

function text({ rows }: VerifyResult): string {
  const table = renderTable(
    [
      { title: 'scenario' },
      { title: 'executions', align: 'right' },
      { title: 'M operations', align: 'right' },
      { title: 's', align: 'right' },
      { title: 'trace hash' },
      { title: '' },
    ],
    rows.map((r) => [
      r.scenario,
      String(r.executions),
      (r.operations / 1e6).toFixed(1),
      r.seconds.toFixed(1),
      r.again === null ? r.digest : `${r.digest} ${r.again === r.digest ? '=' : '≠'} ${r.again}`,
      sawOf(r),
    ]),
  );
  const tokens = findingsOf(rows).map(({ key, replay }) => `${key}: ${replay}`);
  return [table, ...tokens].join('\n');
}

const TABLE = {
  ...VERIFY_OPTIONS,
  save: { rule: writableFile, about: 'write the rows as JSON', flags: '--save <file>' },
  ...JSON_OPTION,
} as const;

/** Add the command to a program. */
export function registerVerify(program: Command): void {
  addCommand(program, {
    name: 'verify',
    description:
      'execute every scenario with nothing removed, and see that nothing forbidden happens',
    table: TABLE,
    run: async ({ json, save, ...options }) => {
      const keep = ({ rows }: VerifyResult): void => {
        if (save !== undefined) {
          writeTextFile('report', save, `${JSON.stringify(rows, undefined, 2)}\n`);
        }
      };
      const shown = { label: 'verifying', json, text, keep };
      const { rows } = await runUseCase(shown, (watching) => verify({ ...options, ...watching }));
      if (findingsOf(rows).length > 0) process.exitCode = 1;
    },
  });
}
