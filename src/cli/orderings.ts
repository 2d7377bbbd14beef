/** `klp-smp orderings`: the ordering catalogue as a table, and the story of each site. */

import type { Command } from 'commander';
import { UsageError } from '../errors.js';
import {
  isProvedMasked,
  replayedBy,
  standingOf,
  type SearchBounds,
} from '../catalog/demonstrations.js';
import { litmusSource } from '../catalog/orderings/litmus-form.js';
import { orderingOf, ORDERINGS, siteName, type Ordering } from '../catalog/orderings.js';
import { checkLitmus } from '../litmus/axioms/checker.js';
import { parseLitmus } from '../litmus/syntax/parse.js';
import { demonstrationsIn, hasSite, siteRemark } from '../catalog/orderings/versions.js';
import { choiceOf } from '../campaign/options/rules.js';
import { DEFAULT_KERNEL_VERSION, KERNEL_VERSIONS, type KernelVersion } from '../kernel/versions.js';
import type { SiteId } from '../memory/sites.js';
import { renderTable } from '../report/table.js';
import { existingFile, flag, orderingSites } from '../campaign/options/rules.js';
import { addCommand, JSON_OPTION } from './command.js';
import { emit } from './output.js';
import { markdownTable, writeSection } from './readme.js';

/** What the lists print of a site. */
export interface OrderingRow {
  readonly id: string;
  readonly kernel: string;
  readonly kind: string;
  readonly claim: string;
  readonly partners: readonly string[];
  readonly maskedBy: readonly string[];
  readonly consequence: string;
  /** `found`; `masked, proved` or `masked, only not found`. */
  readonly standing: string;
  /** Where: a scenario with the sites removed. */
  readonly shownBy: string;
}

const names = (sites: readonly SiteId[]): string => sites.map(siteName).join('+');

function shownBy(ordering: Ordering, kernel: KernelVersion): string {
  const found = demonstrationsIn(kernel, ordering.id)
    .filter(({ finds }) => finds !== undefined)
    .sort((a, b) => a.sites.length - b.sites.length)[0];
  if (found !== undefined) {
    const together = found.sites.length > 1 ? ` without ${names(found.sites)}` : '';
    return `${found.scenario}${together}: ${found.finds ?? ''}`;
  }
  return '';
}

/** How a site stands, and of a masked one, how that is known. */
function standsAs(id: SiteId): string {
  const standing = standingOf(id);
  if (standing !== 'masked') return standing;
  return `masked, ${isProvedMasked(id) ? 'proved' : 'only not found'}`;
}

/** The row of a site. */
export function orderingRow(
  ordering: Ordering,
  version: KernelVersion = DEFAULT_KERNEL_VERSION,
): OrderingRow {
  const { id, kernel, kind, claim, partners, maskedBy, consequence } = ordering;
  return {
    id: siteName(id),
    kernel,
    kind,
    claim,
    partners: partners.filter((site) => hasSite(version, site)).map(siteName),
    maskedBy: maskedBy.map(names),
    consequence,
    standing: standsAs(id),
    shownBy: shownBy(ordering, version),
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
    rows.map((row) => [
      row.id,
      row.kernel.split(',')[0] ?? '',
      row.kind,
      row.consequence,
      row.maskedBy.join(' or '),
      row.standing,
      row.shownBy,
    ]),
  );
}

/** The table of the README. */
export function readmeTable(rows: readonly OrderingRow[]): string {
  return markdownTable(
    ['Site', 'Kernel function', 'Orders', 'Without it', 'Masked by', 'Standing', 'Shown by'],
    rows.map((row) => [
      row.id,
      `\`${row.kernel.split(',')[0] ?? ''}\``,
      row.claim,
      row.consequence,
      row.maskedBy.join(' or '),
      row.standing,
      row.shownBy,
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
function orderingStory(ordering: Ordering, version: KernelVersion): string[] {
  const row = orderingRow(ordering, version);
  const masked = row.maskedBy.length === 0 ? 'nothing' : row.maskedBy.join(' or ');
  const rows = demonstrationsIn(version, ordering.id).map(
    ({ scenario, sites, finds, why, exhausted, isProved }) =>
      `  ${scenario} without ${names(sites)}: ${finds ?? (isProved ? 'proved harmless' : 'harmless')} (${why})` +
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

function one(sites: readonly SiteId[]): Ordering {
  const [id, ...rest] = sites;
  if (id === undefined || rest.length > 0) {
    const given = sites.map(siteName).join();
    throw new UsageError(`site: '${given}' is not accepted; give one ordering site such as O-04`);
  }
  return orderingOf(id);
}

function printLitmus(ordering: Ordering, json: boolean): void {
  const tests = ordering.litmus.map((form) => ({ name: form.name, source: litmusSource(form) }));
  emit({ json }, tests, () => tests.map(({ source }) => `${source}\n`).join(''));
}

const TABLE = {
  site: {
    rule: orderingSites,
    about: 'for instance O-04; all of them when left out',
    flags: '[site]',
  },
  litmus: {
    rule: flag,
    about: 'print the litmus tests of the site instead',
    needs: { site: 'given' },
  },
  readme: {
    rule: existingFile,
    about: 'write the table into a marked section of a file',
    flags: '--readme <file>',
    only: [],
  },
  kernel: {
    rule: choiceOf(KERNEL_VERSIONS),
    about: 'the kernel whose sites are listed',
    fallback: DEFAULT_KERNEL_VERSION,
    flags: '--kernel <version>',
  },
  ...JSON_OPTION,
} as const;

const remarksOn = (kernel: KernelVersion, id: SiteId): string[] => {
  const remark = siteRemark(kernel, id);
  return remark === undefined ? [] : ['', remark];
};

/** Add the command to a program. */
export function registerOrderings(program: Command): void {
  addCommand(program, {
    name: 'orderings',
    description: 'list the places where live patching relies on order, or tell the story of one',
    table: TABLE,
    run: ({ site, litmus, readme, kernel = DEFAULT_KERNEL_VERSION, json = false }) => {
      if (readme !== undefined) {
        writeSection(readme, 'orderings', readmeTable(ORDERINGS.map((it) => orderingRow(it))));
      } else if (site === undefined) {
        const here = ORDERINGS.filter(({ id }) => hasSite(kernel, id));
        emit(
          { json },
          here.map((it) => orderingRow(it, kernel)),
          table,
        );
      } else {
        const ordering = one(site);
        if (litmus === true) printLitmus(ordering, json);
        else {
          const facts = { ...orderingRow(ordering, kernel), story: ordering.story };
          emit({ json }, facts, () =>
            [...orderingStory(ordering, kernel), ...remarksOn(kernel, ordering.id)].join('\n'),
          );
        }
      }
    },
  });
}
