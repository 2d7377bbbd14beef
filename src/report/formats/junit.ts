/** JUnit XML of a report: a suite per table, a case per outcome, a failure per finding. */

import { escapeMarkup } from '../markup.js';
import { inReadingOrder } from '../outcomes.js';
import {
  endedEarly,
  sentenceOf,
  statusOf,
  type Report,
  type ReportOutcome,
  type ReportTable,
} from '../report.js';

type Attributes = Readonly<Record<string, string | number | undefined>>;

/** In an attribute a raw line break or tab would be read as a space. */
const escapeAttribute = (text: string): string =>
  escapeMarkup(text).replace(/[\n\t]/g, (c) => `&#${c.charCodeAt(0)};`);

function tag(name: string, attributes: Attributes, children: readonly string[] = []): string {
  const written = Object.entries(attributes)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => ` ${key}="${escapeAttribute(String(value))}"`)
    .join('');
  if (children.length === 0) return `<${name}${written}/>`;
  return `<${name}${written}>\n${children.join('\n')}\n</${name}>`;
}

const element = (name: string, attributes: Attributes, text: string): string =>
  tag(name, attributes).replace(/\/>$/, () => `>${escapeMarkup(text)}</${name}>`);

function caseOf({ title, place: ofTable }: ReportTable, outcome: ReportOutcome): string {
  const { name, grade, trace = [], replay, error, place = ofTable } = outcome;
  const message = sentenceOf(outcome);
  const lines = [...(replay === undefined ? [] : [`replay: ${replay}`]), ...trace].join('\n');
  const body = {
    passed: () => element('system-out', {}, `${grade}, ${message}`),
    failed: () => element('failure', { type: 'forbidden', message }, lines),
    error: () => element('error', { type: 'error', message: error }, lines),
  }[statusOf(outcome)]();
  const attributes = { classname: title, name, file: place?.file, line: place?.line };
  return tag('testcase', attributes, [body]);
}

function propertiesOf(settings: NonNullable<ReportTable['settings']>): string[] {
  const properties = Object.entries(settings).map(([name, value]) =>
    tag('property', { name, value: String(value) }),
  );
  return properties.length === 0 ? [] : [tag('properties', {}, properties)];
}

function countsOf(outcomes: readonly ReportOutcome[]): Attributes {
  const number = (status: string): number =>
    outcomes.filter((outcome) => statusOf(outcome) === status).length;
  return { tests: outcomes.length, failures: number('failed'), errors: number('error') };
}

function suiteOf(table: ReportTable): string {
  const { title, outcomes, settings = {}, seconds } = table;
  const cases = (inReadingOrder(outcomes) as ReportOutcome[]).map((it) => caseOf(table, it));
  const attributes = {
    name: title,
    ...countsOf(outcomes),
    skipped: 0,
    time: seconds?.toFixed(3),
  };
  return tag('testsuite', attributes, [...propertiesOf(settings), ...cases]);
}

/** A run that did not come to its end is no success: it gets a test case that says so. */
function endOf(report: Report): ReportTable[] {
  const error = endedEarly(report);
  if (error === undefined) return [];
  const outcome = { name: 'the run', grade: 'acceptable', count: 0, reason: '', error } as const;
  return [{ title: report.command, outcomes: [outcome] }];
}

/**
 * Render JUnit XML.
 *
 * @returns the document, ending with a line break; a forbidden outcome that was seen is a failed case, what could not be decided and
 *   a run that ended early are errors, everything else passes
 */
export function renderJunit(report: Report): string {
  const tables = [...report.tables, ...endOf(report)];
  const counts = countsOf(tables.flatMap(({ outcomes }) => outcomes));
  const time = report.seconds.toFixed(3);
  const suites = tag('testsuites', { name: report.command, ...counts, time }, tables.map(suiteOf));
  return `<?xml version="1.0" encoding="UTF-8"?>\n${suites}\n`;
}
