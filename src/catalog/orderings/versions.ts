/** Where the ordering arguments of the releases differ: sites that a release has not, and where it has them. */

import type { KernelVersion } from '../../kernel/versions.js';
import { KLP_FACTS } from '../../livepatch/versions.js';
import { O_06, O_08, O_23, O_32, type SiteId } from '../../memory/sites.js';
import { demonstrationsOf, type Demonstration } from '../demonstrations.js';

/** Sites that a release has not, and why. */
const ABSENT: Readonly<Record<KernelVersion, ReadonlyMap<SiteId, string>>> = {
  '6.1': new Map([
    [
      O_06,
      'klp_reverse_transition() flips the direction before the flags are cleared and waited for',
    ],
    [O_08, 'no task switches itself while it runs'],
    [O_23, 'no task switches itself while it runs'],
    [O_32, 'all stacks are walked into one buffer, under klp_mutex'],
  ]),
  '6.5': new Map(),
  '6.12': new Map(),
  '7.3': new Map(),
};

/** Whether a release has an ordering site. */
export function hasSite(version: KernelVersion, site: SiteId): boolean {
  return !ABSENT[version].has(site);
}

/** What is different about a site in a release; undefined: it is as in 6.5. */
export function siteRemark(version: KernelVersion, site: SiteId): string | undefined {
  const absent = ABSENT[version].get(site);
  if (absent !== undefined) return `not in ${version}: ${absent}`;
  if (version !== '7.3') return undefined;
  if (site === O_08)
    return 'in 7.3 the read of the flag before it is the only one, and no fast path';
  return site === O_23
    ? 'in 7.3 it is the preemption that __schedule() runs without; there is no second test'
    : undefined;
}

/** Races about a hook that reads the flag so often. */
const FLAG_READS: Readonly<Record<string, 1 | 2>> = { 'hook-flag-once': 1, 'hook-flag-second': 2 };

/** The row of the matrix for a release: undefined when its race or its sites are not there. */
export function rowFor(version: KernelVersion, row: Demonstration): Demonstration | undefined {
  if (!row.sites.every((site) => hasSite(version, site))) return undefined;
  const { hookFlagReads } = KLP_FACTS[version];
  if ((FLAG_READS[row.scenario] ?? hookFlagReads) !== hookFlagReads) return undefined;
  if (version === '6.5') return row;
  // 6.1 lacks the hook of the hook races; the race with the flip looks for what 6.1 does on purpose.
  if (version === '6.1' && /^hook-/.test(row.scenario)) return undefined;
  if (row.scenario === 'hook-switch-flip') return undefined;
  return { ...row, scenario: `${row.scenario}@${version}` };
}

/** Rows of the matrix that a site takes part in, on a release: with its scenarios there. */
export function demonstrationsIn(version: KernelVersion, site: SiteId): Demonstration[] {
  return demonstrationsOf(site).flatMap((row) => rowFor(version, row) ?? []);
}
