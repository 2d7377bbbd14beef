/** Chooses the rows of the ablation matrix: rows of the catalogue, or rows that the user's own race predicts. */

import { DEMONSTRATIONS, type Demonstration } from '../../catalog/demonstrations.js';
import { siteName } from '../../catalog/orderings/entry.js';
import { rowFor } from '../../catalog/orderings/versions.js';
import { RACES } from '../../catalog/races.js';
import { UsageError } from '../../errors.js';
import { DEFAULT_KERNEL_VERSION, type KernelVersion } from '../../kernel/versions.js';
import { unknownScenario } from '../scenarios/find-scenario.js';
import { OptionError } from '../options/option-table.js';
import { indexedScenarios } from '../scenarios/scenario-index.js';
import { chooseScenario } from '../scenarios/scenarios.js';
import type { Workers } from '../work/workers.js';

/** The options that select the rows. */
interface Asked {
  readonly sites?: readonly unknown[] | undefined;
  readonly all: boolean;
  readonly scenario?: string | undefined;
  readonly kernel: KernelVersion;
  readonly replace?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Rows of the catalogue that the user asked for. @throws UsageError when there is none */
export function rowsFor({ sites, all, scenario, kernel }: Asked): Demonstration[] {
  if ((sites?.length ?? 0) === 0 && !all) {
    throw new UsageError('give the ordering sites to remove, such as O-04 and O-05, or all');
  }
  if (scenario !== undefined && !indexedScenarios().some(({ name }) => name === scenario)) {
    throw new UsageError(unknownScenario(scenario));
  }
  const isWanted = (d: Demonstration): boolean =>
    (sites === undefined || sites.some((s) => (d.sites as readonly unknown[]).includes(s))) &&
    (scenario === undefined || d.scenario === scenario);
  const intact = RACES.map(({ name }): Demonstration => ({
    scenario: name,
    sites: [],
    why: 'nothing is removed',
  }));
  const rows = [...DEMONSTRATIONS, ...(sites === undefined ? intact : [])]
    .filter(isWanted)
    .flatMap((row) => rowFor(kernel, row) ?? []);
  if (rows.length === 0) {
    const what = 'the removal of these sites';
    throw new UsageError(
      scenario === undefined
        ? `no scenario of the catalogue shows ${what}`
        : `${scenario} does not show ${what}`,
    );
  }
  return rows;
}

/** Refuse options that none of the rows uses. */
export function checkRows(
  rows: readonly Demonstration[],
  { seeds, harmlessMs }: { readonly seeds?: number; readonly harmlessMs?: number },
): void {
  if (seeds !== undefined && !rows.some(({ finds }) => finds !== undefined)) {
    throw new OptionError('ablate', 'seeds', 'has no effect: none of these rows finds anything');
  }
  if (harmlessMs !== undefined && !rows.some(({ finds }) => finds === undefined)) {
    throw new OptionError(
      'ablate',
      'harmlessMs',
      'has no effect: each of these rows finds something',
    );
  }
}

/**
 * The rows that the user's own race predicts when sites are removed: all of them, or those that remove one of `sites`.
 *
 * @throws UsageError when the race predicts nothing for these sites
 */
export async function ownRows(
  workers: Workers,
  text: string,
  { sites, all, kernel, replace, signal }: Asked,
): Promise<Demonstration[]> {
  const info = await chooseScenario(workers, text, signal, replace);
  const release = kernel === DEFAULT_KERNEL_VERSION ? '' : `@${kernel}`;
  const scenario = `${info.file}#${info.name}${release}`;
  const predicted = info.ablations ?? [];
  const rows: Demonstration[] = predicted
    .filter(
      (it) =>
        sites === undefined || sites.some((s) => (it.sites as readonly unknown[]).includes(s)),
    )
    .map(({ sites: removed, finds, why }) => ({ scenario, sites: removed, finds, why }));
  if (all) rows.push({ scenario, sites: [], why: 'nothing is removed' });
  if (rows.length > 0) return rows;
  const known = predicted.map((it) => it.sites.map(siteName).join('+')).join(', ');
  throw new UsageError(
    `${text} predicts nothing of these sites: its ablations are ${known === '' ? 'empty' : known}; ` +
      'klp-smp explore --ablate removes any',
  );
}
