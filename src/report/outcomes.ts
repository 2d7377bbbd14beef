/** Tables of graded outcomes: what was seen, how often, and what that means. */

import {
  inReadingOrder,
  isFinding,
  totalsOf,
  withTotals,
  type Outcome,
  type OutcomeTable,
  type OutcomeTotals,
} from '../campaign/outcomes.js';
import { renderTable } from './table.js';

export type { Grade } from '../scenario/declare.js';
export { inReadingOrder, isFinding, totalsOf, type Outcome, type OutcomeTable, type OutcomeTotals };

const times = (count: number): string => count.toLocaleString('en-US');

function verdictLine(table: OutcomeTable): string {
  const { observed, byGrade } = totalsOf(table);
  const seen = `${times(observed)} observed, ${times(byGrade.interesting)} of interest`;
  const findings = table.outcomes.filter(isFinding);
  if (findings.length === 0) return `No forbidden outcome: ${seen}.`;
  const names = findings.map(({ name }) => name).join('; ');
  return `FORBIDDEN outcome seen ${times(byGrade.forbidden)} times: ${names} (${seen}).`;
}

function traceLines({ name, trace }: Outcome): string[] {
  return trace === undefined ? [] : ['', `What led to: ${name}`, ...trace.map((l) => `  ${l}`)];
}

/**
 * The table for people: title, settings, a row per outcome (those never seen too), a line with the verdict, and for each finding the
 * events that led to it.
 */
export function renderOutcomes(table: OutcomeTable): string {
  const columns = [
    { title: 'outcome' },
    { title: 'count', align: 'right' },
    { title: 'grade' },
    { title: 'why' },
  ] as const;
  const ordered = inReadingOrder(table.outcomes);
  const rows = ordered.map((outcome) => [
    outcome.name,
    times(outcome.count),
    isFinding(outcome) ? 'FORBIDDEN' : outcome.grade,
    outcome.reason,
  ]);
  const settings = Object.entries(table.settings ?? {}).map(([key, value]) => `${key} ${value}`);
  const lines = [
    table.title,
    ...(settings.length === 0 ? [] : [settings.join(', ')]),
    renderTable(columns, rows),
    verdictLine(table),
    ...ordered.filter(isFinding).flatMap(traceLines),
  ];
  return lines.join('\n');
}

/** The table as plain data for `--json`: in reading order, with its totals. */
export const outcomesToJson: (table: OutcomeTable) => OutcomeTable & { totals: OutcomeTotals } =
  withTotals;
