/** `klp-smp orderings`: the ordering catalogue as a table, and the story of each site. */

import type { Command } from 'commander';
import { UsageError } from '../errors.js';
import {
  demonstrationsOf,
  replayedBy,
  standingOf,
  type SearchBounds,
} from '../catalog/demonstrations.js';
import { litmusSource } from '../catalog/orderings/litmus-form.js';
import { orderingOf, ORDERINGS, siteName, type Ordering } from '../catalog/orderings.js';
import { checkLitmus } from '../litmus/axioms/checker.js';
import { parseLitmus } from '../litmus/syntax/parse.js';
import type { SiteId } from '../memory/sites.js';
import { renderTable } from '../report/table.js';
import { existingFile, jsonOption, option, orderingSites, parseAs } from './options.js';
import { emit } from './output.js';
import { markdownTable, writeSection } from './readme.js';

interface OrderingsOptions {
  readonly json: boolean;
  readonly litmus?: boolean;
  readonly readme?: string;
}

/** What the lists print of a site. */
export interface OrderingRow {
  readonly id: string;
  readonly kernel: string;
  readonly kind: string;
  readonly claim: string;
  readonly partners: readonly string[];
  readonly maskedBy: readonly string[];
  readonly consequence: string;
  /** found or masked. */
  readonly standing: string;
  /** Where: a scenario with the sites removed. */
  readonly shownBy: string;
}

const names = (sites: readonly SiteId[]): string => sites.map(siteName).join('+');

function shownBy(ordering: Ordering): string {
  const found = demonstrationsOf(ordering.id)
    .filter(({ finds }) => finds !== undefined)
    .sort((a, b) => a.sites.length - b.sites.length)[0];
  if (found !== undefined) {
    const together = found.sites.length > 1 ? ` without ${names(found.sites)}` : '';
    return `${found.scenario}${together}: ${found.finds ?? ''}`;
  }
  return '';
}

/** The row of a site. */
export function orderingRow(ordering: Ordering): OrderingRow {
  const { id, kernel, kind, claim, partners, maskedBy, consequence } = ordering;
  return {
    id: siteName(id),
    kernel,
    kind,
    claim,
    partners: partners.map(siteName),
    maskedBy: maskedBy.map(names),
    consequence,
    standing: standingOf(id),
    shownBy: shownBy(ordering),
  };
}

function table(rows: readonly OrderingRow[]): string {
  return renderTable(
    [
      { title: 'site' },
      { title: 'kernel function' },
      { title: 'kind' },
      { title: 'without it' },
      { title: 'masked by' },
      { title: 'standing' },
      { title: 'shown by' },
    ],
    rows.map((r) => [
      r.id,
      r.kernel.split(',')[0] ?? '',
      r.kind,
      r.consequence,
      r.maskedBy.join(' or '),
      r.standing,
      r.shownBy,
    ]),
  );
}

/** The table of the README. */
export function readmeTable(rows: readonly OrderingRow[]): string {
  return markdownTable(
    ['Site', 'Kernel function', 'Orders', 'Without it', 'Masked by', 'Standing', 'Shown by'],
    rows.map((r) => [
      r.id,
      `\`${r.kernel.split(',')[0] ?? ''}\``,
      r.claim,
      r.consequence,
      r.maskedBy.join(' or '),
      r.standing,
      r.shownBy,
    ]),
  );
}

function verdictLines(ordering: Ordering): string[] {
  return ordering.litmus.flatMap((form) => [
    `litmus ${form.name}: ${form.bad}`,
    ...form.claims.map(({ removed }) => {
      const { positive } = checkLitmus(parseLitmus(litmusSource(form, removed), form.name));
      const what = removed.length === 0 ? 'as it is' : `without ${names(removed)}`;
      return `  ${what.padEnd(24)} ${positive > 0 ? 'Sometimes' : 'Never'}`;
    }),
  ]);
}

/** How the harmlessness of a removal is checked. */
function checkOf(scenario: string, sites: readonly SiteId[], bounds?: SearchBounds): string {
  const what = bounds
    ? `all executions with at most ${bounds.preemptions} preemptions and ${bounds.choices} weak answers of the memory`
    : 'random executions';
  const command = `klp-smp ablate ${sites.map(siteName).join()} --scenario ${scenario} --harmless 1m`;
  return `\n    ${what}: ${command}`;
}

/** The story of a site, as lines. */
export function orderingStory(ordering: Ordering): string[] {
  const row = orderingRow(ordering);
  const masked = row.maskedBy.length === 0 ? 'nothing' : row.maskedBy.join(' or ');
  const rows = demonstrationsOf(ordering.id).map(
    ({ scenario, sites, finds, why, exhausted }) =>
      `  ${scenario} without ${names(sites)}: ${finds ?? 'harmless'} (${why})` +
      (finds === undefined ? checkOf(scenario, sites, exhausted) : ''),
  );
  const script = replayedBy(ordering.id);
  return [
    `${row.id}  ${row.kernel} (${ordering.file}, ${ordering.fn})`,
    `${row.kind}: ${row.claim}`,
    `pairs with ${row.partners.join(', ')}; masked by ${masked}; without it: ${row.consequence}`,
    '',
    ordering.story,
    ...(ordering.remark === undefined ? [] : ['', ordering.remark]),
    '',
    `standing: ${row.standing}`,
    ...rows,
    ...(script === undefined ? [] : [`  klp-smp history ${script}`]),
    ...verdictLines(ordering),
  ];
}

function one(text: string): Ordering {
  const [id, ...rest] = parseAs('site', orderingSites, text);
  if (id === undefined || rest.length > 0) {
    throw new UsageError(`site: '${text}' is not accepted; give one ordering site such as O-04`);
  }
  return orderingOf(id);
}

function printLitmus(ordering: Ordering): void {
  for (const form of ordering.litmus) process.stdout.write(`${litmusSource(form)}\n`);
}

function run(text: string | undefined, options: OrderingsOptions): void {
  if (options.readme !== undefined) {
    writeSection(options.readme, 'orderings', readmeTable(ORDERINGS.map(orderingRow)));
    return;
  }
  if (text === undefined) {
    emit(options, ORDERINGS.map(orderingRow), table);
    return;
  }
  const ordering = one(text);
  if (options.litmus === true) printLitmus(ordering);
  else
    emit(options, { ...orderingRow(ordering), story: ordering.story }, () =>
      orderingStory(ordering).join('\n'),
    );
}

/** Add the command to a program. */
export function registerOrderings(program: Command): void {
  program
    .command('orderings')
    .description('list the places where live patching relies on order, or tell the story of one')
    .argument('[site]', 'for instance O-04; all of them when left out')
    .option('--litmus', 'print the litmus tests of the site instead')
    .addOption(
      option('--readme <file>', 'write the table into a marked section of a file', existingFile),
    )
    .addOption(jsonOption())
    .action(run);
}
