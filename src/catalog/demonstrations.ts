/** Where the removal of each ordering site is shown: the rows of the ablation matrix, taken from the races themselves. */

import { O_02, O_03, O_09, O_11, O_13, O_15, type SiteId } from '../memory/sites.js';
import { RACES } from './races.js';

/** One row of the matrix: sites removed from a race. */
export interface Demonstration {
  readonly scenario: string;
  /** Sites that are removed together. */
  readonly sites: readonly SiteId[];
  /** Key of the forbidden outcome that the removal leads to; undefined: it is harmless there. */
  readonly finds?: string;
  readonly why: string;
  /** Of a harmless row: the bounds within which all executions have been looked at. */
  readonly exhausted?: SearchBounds;
  /** Of a harmless row: every state of the race without the sites was searched, under the memory of the kernel. A test does it again. */
  readonly isProved?: boolean;
}

/** Bounds of an exhaustive search. */
export interface SearchBounds {
  readonly preemptions: number;
  /** Weak answers of the memory. */
  readonly choices: number;
}

/** What the races predict of themselves. */
const PREDICTED: readonly Demonstration[] = RACES.flatMap(({ name, ablations }) =>
  (ablations ?? []).map(({ sites, finds, why }) => ({ scenario: name, sites, finds, why })),
);

/** Findings in races that were declared for another site. */
const MORE: readonly Demonstration[] = [
  {
    scenario: 'complete-unpatched',
    sites: [O_13],
    finds: 'oops',
    why: 'a handler follows the poisoned link of the entry that it still holds',
  },
];

const NARROW: SearchBounds = { preemptions: 1, choices: 1 };

/**
 * Single removals that something else makes up for, in the race where they would matter. Within the same bounds the
 * removal of both is found. Without bounds, `verify --exhaust` searches every state of the smaller races; the others are
 * executed at random.
 */
const HARMLESS: readonly Demonstration[] = [
  {
    scenario: 'disable-switch-leave',
    sites: [O_02],
    why: 'O-04 orders the target state before the flag too',
  },
  {
    scenario: 'enable-call',
    sites: [O_03],
    why: 'the publication is a release store (O-12)',
    exhausted: NARROW,
    isProved: true,
  },
  {
    scenario: 'enable-call',
    sites: [O_09],
    why: 'the reads depend on the pointer (O-11)',
    exhausted: NARROW,
    isProved: true,
  },
  {
    scenario: 'enable-call',
    sites: [O_11],
    why: 'a fence follows the load (O-09)',
    exhausted: NARROW,
    isProved: true,
  },
  {
    scenario: 'remove-last',
    sites: [O_15],
    why: 'unregistering has waited for handlers (O-14)',
  },
];

/** All rows, findings first. */
export const DEMONSTRATIONS: readonly Demonstration[] = [...PREDICTED, ...MORE, ...HARMLESS];

/** Rows that a site takes part in. */
export function demonstrationsOf(site: SiteId): Demonstration[] {
  return DEMONSTRATIONS.filter(({ sites }) => sites.includes(site));
}

/** How the need for a site is shown; `unclassified` must not appear. */
export type Standing = 'found' | 'masked' | 'unclassified';

/** Scripts about past bugs in which the same site is removed. */
const REPLAYED: ReadonlyMap<number, string> = new Map([
  [25, 'R-03'],
  [31, 'R-18'],
]);

/** Script that shows the removal of a site, if one does. */
export function replayedBy(site: SiteId): string | undefined {
  return REPLAYED.get(site);
}

/**
 * How a site stands: `found` by its removal alone, or `masked`: harmless alone, found together with what masks it.
 */
export function standingOf(site: SiteId): Standing {
  const rows = demonstrationsOf(site).filter(({ finds }) => finds !== undefined);
  if (rows.some(({ sites }) => sites.length === 1)) return 'found';
  return rows.length > 0 ? 'masked' : 'unclassified';
}

/** Whether a masked site is proved to be harmless alone where it would matter; else nothing was found without it. */
export function isProvedMasked(site: SiteId): boolean {
  const rows = demonstrationsOf(site).filter(
    ({ finds, sites }) => finds === undefined && sites.length === 1,
  );
  return rows.length > 0 && rows.every(({ isProved }) => isProved === true);
}
