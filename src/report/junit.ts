/** JUnit XML of outcome tables: a suite per table, a case per outcome, a failure per finding. */

import { escapeMarkup } from './markup.js';
import { inReadingOrder, isFinding, type Outcome, type OutcomeTable } from './outcomes.js';

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
  tag(name, attributes).replace(/\/>$/, `>${escapeMarkup(text)}</${name}>`);

function caseOf(suite: string, outcome: Outcome): string {
  const { name, grade, count, reason, trace = [] } = outcome;
  const message = `seen ${count} times: ${reason}`;
  const body = isFinding(outcome)
    ? element('failure', { type: 'forbidden', message }, trace.join('\n'))
    : element('system-out', {}, `${grade}, ${message}`);
  return tag('testcase', { classname: suite, name }, [body]);
}

function propertiesOf(settings: NonNullable<OutcomeTable['settings']>): string[] {
  const properties = Object.entries(settings).map(([name, value]) =>
    tag('property', { name, value: String(value) }),
  );
  return properties.length === 0 ? [] : [tag('properties', {}, properties)];
}

function suiteOf({ title, outcomes, settings = {}, seconds }: OutcomeTable): string {
  const counts = { tests: outcomes.length, failures: outcomes.filter(isFinding).length };
  const cases = inReadingOrder(outcomes).map((outcome) => caseOf(title, outcome));
  const attributes = { name: title, ...counts, errors: 0, skipped: 0, time: seconds?.toFixed(3) };
  return tag('testsuite', attributes, [...propertiesOf(settings), ...cases]);
}

/**
 * Render JUnit XML.
 * @param name name of the whole, for instance `klp-smp stress`
 * @param tables one suite each; a forbidden outcome that was seen is a failed case, everything else passes
 * @returns the document, ending with a line break
 */
export function renderJunit(name: string, tables: readonly OutcomeTable[]): string {
  const outcomes = tables.flatMap((table) => table.outcomes);
  const counts = { tests: outcomes.length, failures: outcomes.filter(isFinding).length, errors: 0 };
  const suites = tag('testsuites', { name, ...counts }, tables.map(suiteOf));
  return `<?xml version="1.0" encoding="UTF-8"?>\n${suites}\n`;
}
