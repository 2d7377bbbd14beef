/** `klp-smp verify`: every scenario with nothing removed: nothing forbidden happens, and equal runs are equal. */

import { join } from 'node:path';
import type { Command } from 'commander';
import { makeFolder, writeTextFile } from '../campaign/options/files.js';
import {
  differs,
  exhaust,
  EXHAUST_OPTIONS,
  type ExhaustedRace,
  type ExhaustOptions,
  type ExhaustResult,
} from '../campaign/verify/exhaust.js';
import { existingFile, flag, writableFile } from '../campaign/options/rules.js';
import {
  findingsOf,
  forbiddenIn,
  type VerifiedScenario,
  type VerifyResult,
} from '../campaign/verify/verified.js';
import { verify, VERIFY_OPTIONS } from '../campaign/verify/verify.js';
import { renderTable } from '../report/table.js';
import { exhaustedTables, verifiedSessions, verifiedTables } from '../report/tables/verified.js';
import { paint } from './paint.js';
import { addCommand, JSON_OPTION } from './command.js';
import { checkSection, markdownTable, writeSection } from './readme.js';
import { REPORT_KEYS, REPORTS, splitReports, TRACE, type Asked } from './reporting.js';
import { runUseCase } from './use-case.js';

/** Findings whose tokens are printed; JSON has all of them. */
const MOST_FINDINGS = 20;
/** Outcomes that a row of a table names. */
const MOST_NAMED = 5;

/** The first of some names, and how many more there are. */
function firstOf(names: readonly string[]): string[] {
  const more = names.length - MOST_NAMED;
  return [...names.slice(0, MOST_NAMED), ...(more > 0 ? [`and ${more} more`] : [])];
}

/** Command lines that show findings again: the first of them. */
function replayLines(
  found: readonly { readonly key: string; readonly replay: string }[],
): string[] {
  const lines = found.slice(0, MOST_FINDINGS).map(({ key, replay }) => `${key}: ${replay}`);
  const more = found.length - lines.length;
  return [...lines, ...(more === 0 ? [] : [`and ${more} more: see --json`])];
}

function sawOf(row: VerifiedScenario): string {
  const forbidden = forbiddenIn(row);
  if (forbidden.length === 0) return 'nothing forbidden';
  const keys = firstOf(forbidden.map(({ key, count }) => `${key} (${count})`)).join(', ');
  if (row.expected === 'fails') return `as expected: ${keys}`;
  return paint('forbidden', `FORBIDDEN: ${keys}`);
}

function axiomsOf({ scenario, axioms }: VerifiedScenario): string[] {
  if (axioms === null) return [];
  const { accepted, events, rejected } = axioms;
  const counts = `${accepted} executions accepted by the axioms, ${events} events`;
  return [`${scenario}: ${counts}${rejected === null ? '' : `; REJECTED: ${rejected.axiom}`}`];
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
    rows.map((row) => [
      row.scenario,
      String(row.executions),
      (row.operations / 1e6).toFixed(1),
      row.seconds.toFixed(1),
      row.again === null
        ? row.digest
        : `${row.digest} ${row.again === row.digest ? '=' : '≠'} ${row.again}`,
      sawOf(row),
    ]),
  );
  const asked = rows.flatMap(axiomsOf);
  return [table, ...asked, ...replayLines(findingsOf(rows))].join('\n');
}

const TABLE = {
  ...VERIFY_OPTIONS,
  exhaust: {
    rule: flag,
    about: 'search every state of the races: proved, or how far it came',
    only: [
      ...([
        'scenarios',
        'memory',
        'budgetMs',
        'threads',
        'checkpoint',
        'again',
        'readme',
        'save',
        'json',
      ] as const),
      ...REPORT_KEYS,
    ],
  },
  memory: {
    ...EXHAUST_OPTIONS.memory,
    about: `with --exhaust, ${EXHAUST_OPTIONS.memory.about}`,
    needs: { exhaust: [true] },
  },
  budgetMs: {
    ...EXHAUST_OPTIONS.budgetMs,
    about: 'with --exhaust, for each race at most',
    needs: { exhaust: [true] },
  },
  again: { ...EXHAUST_OPTIONS.again, needs: { exhaust: [true] } },
  readme: {
    rule: existingFile,
    about: 'with --exhaust, write the table into a marked section of a file',
    flags: '--readme <file>',
    needs: { exhaust: [true] },
  },
  save: { rule: writableFile, about: 'write the rows as JSON', flags: '--save <file>' },
  ...JSON_OPTION,
  ...REPORTS,
  ...TRACE,
} as const;

const countText = (count: number, what: string): string =>
  `${count} ${what}${count === 1 ? '' : 's'}`;

function saysOf(row: ExhaustedRace): string {
  const { says, outcomes, within, weakAnswers } = row;
  if (differs(row)) return 'SEARCHED TWICE, WITH DIFFERENT STATES';
  if (says === 'proved') return 'proved';
  const forbidden = outcomes.filter(({ grade }) => grade === 'forbidden').map(({ key }) => key);
  if (says === 'refuted') return `FORBIDDEN: ${firstOf(forbidden).join(', ')}`;
  if (says !== 'bounded') return 'searched';
  const weak = weakAnswers === null ? '' : ` and ${countText(weakAnswers, 'weak answer')}`;
  return `proved within ${countText(within ?? 0, 'preemption')}${weak}`;
}

/** How much is left. */
function leftOf({ says, seen }: ExhaustedRace): string {
  if (seen === null) return says === 'searched' ? 'not estimated' : '';
  return `${(100 * (1 - seen.share)).toFixed(0)} ± ${(100 * seen.error).toFixed(0)} %`;
}

function hashOf(row: ExhaustedRace): string {
  const { digest, again } = row;
  if (again === null) return digest ?? '';
  return `${digest ?? ''} ${differs(row) ? '≠' : '='} ${again}`;
}

function exhaustText({ rows }: ExhaustResult): string {
  const table = renderTable(
    [
      { title: 'race' },
      { title: 'states', align: 'right' },
      { title: 'M steps', align: 'right' },
      { title: 's', align: 'right' },
      { title: 'left', align: 'right' },
      { title: 'hash of the states' },
      { title: 'outcomes' },
      { title: '' },
    ],
    rows.map((row) => [
      row.scenario,
      String(row.states),
      (row.steps / 1e6).toFixed(1),
      row.seconds.toFixed(1),
      leftOf(row),
      hashOf(row),
      firstOf(row.outcomes.map(({ key }) => key)).join('; '),
      saysOf(row),
    ]),
  );
  const proved = rows.filter(({ says }) => says === 'proved').length;
  const found = rows
    .flatMap(({ outcomes }) => outcomes)
    .flatMap(({ key, replay }) => (replay === undefined ? [] : [{ key, replay }]));
  const bounded = rows.filter(({ says }) => says === 'bounded').length;
  const memory = rows[0]?.memory ?? 'sc';
  const summary = `${proved} of ${rows.length} races proved under ${memory}, ${bounded} within bounds`;
  return [table, summary, ...replayLines(found)].join('\n');
}

/** The table of a page. */
function exhaustedTable(rows: readonly ExhaustedRace[]): string {
  return markdownTable(
    ['Race', '', 'States', 'Million steps', 'Seconds', 'Left'],
    rows.map((row) => [
      `\`${row.scenario}\``,
      saysOf(row),
      String(row.states),
      (row.steps / 1e6).toFixed(1),
      row.seconds.toFixed(0),
      leftOf(row),
    ]),
  );
}

interface ExhaustCommand extends ExhaustOptions {
  readonly json: boolean | undefined;
  readonly save: string | undefined;
  readonly readme: string | undefined;
  readonly asked: Asked;
}

async function exhaustAll(command: ExhaustCommand): Promise<void> {
  const { json, save, readme, asked, ...options } = command;
  const reporting = { command: 'verify --exhaust', asked, tables: exhaustedTables };
  const keep = ({ rows }: ExhaustResult): void => {
    if (save !== undefined) {
      writeTextFile('report', save, `${JSON.stringify(rows, undefined, 2)}\n`);
    }
  };
  const section = options.memory === 'lkmm' ? 'exhausted-lkmm' : 'exhausted';
  if (readme !== undefined) checkSection(readme, section);
  const { rows } = await runUseCase(
    { label: 'exhausting', json, text: exhaustText, keep, reporting },
    (watching) => exhaust({ ...options, ...watching }),
  );
  if (readme !== undefined) writeSection(readme, section, exhaustedTable(rows));
  if (rows.some((row) => row.says === 'refuted' || differs(row))) process.exitCode = 1;
}

/** Add the command to a program. */
export function registerVerify(program: Command): void {
  addCommand(program, {
    name: 'verify',
    description:
      'execute every scenario with nothing removed, and see that nothing forbidden happens',
    table: TABLE,
    run: async ({ json, save, exhaust: all, memory, budgetMs, readme, ...given }) => {
      const { asked, options } = splitReports(given);
      if (all === true) {
        const { scenarios, threads, checkpoint, again } = options;
        if (checkpoint !== undefined) makeFolder('checkpoint folder', checkpoint);
        await exhaustAll({
          ...(scenarios === undefined ? {} : { scenarios }),
          ...(threads === undefined ? {} : { threads }),
          ...(memory === undefined ? {} : { memory }),
          ...(budgetMs === undefined ? {} : { budgetMs }),
          ...(again === undefined ? {} : { again }),
          ...(checkpoint === undefined ? {} : { checkpoint: join(checkpoint, 'exhaust.json') }),
          ...{ json, save, readme, asked },
        });
        return;
      }
      const keep = ({ rows }: VerifyResult): void => {
        if (save !== undefined) {
          writeTextFile('report', save, `${JSON.stringify(rows, undefined, 2)}\n`);
        }
      };
      const reporting = {
        ...{ command: 'verify', asked, tables: verifiedTables },
        explored: verifiedSessions(options.replace),
      };
      const shown = { label: 'verifying', json, text, keep, reporting };
      const { rows } = await runUseCase(shown, (watching) => verify({ ...options, ...watching }));
      if (findingsOf(rows).length > 0) process.exitCode = 1;
    },
  });
}
