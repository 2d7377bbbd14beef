/** A report as workflow commands of GitHub Actions: an annotation for each finding, at the scenario's file and line. */

import {
  endedEarly,
  sentenceOf,
  statusOf,
  type Place,
  type Report,
  type ReportOutcome,
  type ReportTable,
} from '../report.js';

const data = (text: string): string =>
  text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');

const property = (text: string): string => data(text).replaceAll(':', '%3A').replaceAll(',', '%2C');

function command(title: string, message: string, place: Place | undefined): string {
  const properties = [
    ...(place === undefined ? [] : [`file=${property(place.file)}`, `line=${place.line}`]),
    `title=${property(title)}`,
  ];
  return `::error ${properties.join(',')}::${data(message)}`;
}

function annotation({ title, place: ofTable }: ReportTable, outcome: ReportOutcome): string {
  const { name, replay, place = ofTable } = outcome;
  const lines = [sentenceOf(outcome), ...(replay === undefined ? [] : [`replay: ${replay}`])];
  return command(`${title}: ${name}`, lines.join('\n'), place);
}

/** Where a complaint that begins with or holds `file:12:` is about. */
function placeIn(text: string): Place | undefined {
  const [, file, line] = /(?:^|\s)([^\s:]+\.[cm]?[jt]s):(\d+)/.exec(text) ?? [];
  return file === undefined ? undefined : { file, line: Number(line) };
}

/** Render the annotations, a line each; nothing where nothing was found. */
export function renderGithub(report: Report): string {
  const lines = report.tables.flatMap((table) =>
    table.outcomes.filter((it) => statusOf(it) !== 'passed').map((it) => annotation(table, it)),
  );
  const early = endedEarly(report);
  if (early !== undefined) lines.push(command(report.command, early, placeIn(early)));
  return lines.map((line) => `${line}\n`).join('');
}
