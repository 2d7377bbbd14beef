/** A report in the Test Anything Protocol, version 14: a test point for each outcome. */

import { inReadingOrder } from '../outcomes.js';
import {
  endedEarly,
  sentenceOf,
  statusOf,
  type Report,
  type ReportOutcome,
  type ReportTable,
} from '../report.js';

/** A description is one line, in which `#` begins a directive and `\` escapes. */
const describe = (text: string): string =>
  text
    .replace(/\p{Cc}+/gu, ' ')
    .replace(/[\\#]/g, (c) => `\\${c}`)
    .trim();

/** A JSON string is a YAML scalar on one line. */
const scalar = (value: string | number): string => JSON.stringify(value);

function diagnostics({ title, place: ofTable }: ReportTable, outcome: ReportOutcome): string[] {
  const { grade, count, replay, trace = [], place = ofTable } = outcome;
  const entries: (readonly [string, string | number | undefined])[] = [
    ['message', sentenceOf(outcome)],
    ['severity', statusOf(outcome) === 'error' ? 'error' : 'fail'],
    ['grade', grade],
    ['count', count],
    ['scenario', title],
    ['replay', replay],
    ['file', place?.file],
    ['line', place?.line],
  ];
  return [
    '  ---',
    ...entries.flatMap(([key, value]) => (value === undefined ? [] : `  ${key}: ${scalar(value)}`)),
    ...(trace.length === 0 ? [] : ['  trace:', ...trace.map((line) => `    - ${scalar(line)}`)]),
    '  ...',
  ];
}

/** Render a whole TAP stream. */
export function renderTap(report: Report): string {
  const points = report.tables.flatMap((table) =>
    (inReadingOrder(table.outcomes) as ReportOutcome[]).map((outcome) => ({ table, outcome })),
  );
  const early = endedEarly(report);
  const lines = points.flatMap(({ table, outcome }, i) => {
    const passes = statusOf(outcome) === 'passed';
    const point = `${passes ? 'ok' : 'not ok'} ${i + 1} - ${describe(`${table.title}: ${outcome.name}`)}`;
    return [point, ...(passes ? [] : diagnostics(table, outcome))];
  });
  const end =
    early === undefined
      ? []
      : [`not ok ${points.length + 1} - the run ended early`, `# ${describe(early)}`];
  const plan = `1..${points.length + end.length / 2}${points.length + end.length === 0 ? ' # SKIP nothing was found out' : ''}`;
  return `${['TAP version 14', ...lines, ...end, plan].join('\n')}\n`;
}
