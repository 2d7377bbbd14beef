/** The rows of the ablation matrix on real threads: stress over the memory that reorders, with sites removed. */

import type { Demonstration } from '../../catalog/demonstrations.js';
import { siteName } from '../../catalog/orderings/entry.js';
import { DEFAULT_MIX, type StressOptions } from '../../catalog/stress.js';
import type { SiteId } from '../../memory/sites.js';
import { runOnThreads } from '../../threads/engine.js';
import type { ReplacedModules } from '../../threads/replaced-modules.js';
import { runOutcomes } from '../stress/machine-outcomes.js';
import { isFinding } from '../stress/outcomes.js';

const WORKLOAD = new URL('../../catalog/stress.js', import.meta.url).href;
/** Small enough for a machine with two cores, large enough to be busy. */
const MACHINE = { cpus: 3, tasks: 48 } as const;

/** What is removed and for how long. */
export interface ThreadHuntOptions {
  readonly sites: readonly SiteId[];
  readonly seed: number;
  readonly durationMs: number;
  /** Modules with replaced kernel functions. */
  readonly replaced: ReplacedModules | undefined;
  readonly signal: AbortSignal | undefined;
}

/** What a run on threads showed. */
export interface ThreadHunt {
  /** The first forbidden outcome; null: none within the time. */
  readonly key: string | null;
  readonly detail: string | null;
  readonly seconds: number;
}

/** One row of the matrix on real threads. */
export interface ThreadRow extends ThreadHunt {
  readonly removed: readonly string[];
  /** What the races of the explorer show without the same sites. */
  readonly inExplorer: string;
}

/**
 * Run stress until something forbidden is seen or the time is over. A clean run proves nothing: what shows depends on
 * the machine and its load.
 */
export async function huntOnThreads({
  sites,
  seed,
  durationMs,
  replaced,
  signal,
}: ThreadHuntOptions): Promise<ThreadHunt> {
  const options: StressOptions = { ...MACHINE, seed, mix: DEFAULT_MIX, printk: false };
  const result = await runOnThreads({
    workload: WORKLOAD,
    options,
    kind: 'weak',
    ablation: sites,
    weak: { seed },
    durationMs,
    ...(signal === undefined ? {} : { signal }),
    ...(replaced === undefined ? {} : { replaced }),
  });
  const found = runOutcomes(result).find(isFinding);
  return {
    key: found?.name ?? null,
    detail: found?.reason ?? null,
    seconds: result.elapsedMs / 1000,
  };
}

/** Sites that are removed together, and what the explorer finds without them. */
export interface SiteSet {
  readonly sites: readonly SiteId[];
  readonly removed: readonly string[];
  readonly inExplorer: string;
}

/** The sets of sites of some rows, each once. */
export function siteSets(rows: readonly Demonstration[]): SiteSet[] {
  const sets = new Map<string, Demonstration[]>();
  for (const row of rows.filter(({ finds }) => finds !== undefined)) {
    const key = row.sites.map(siteName).join('+');
    sets.set(key, [...(sets.get(key) ?? []), row]);
  }
  return [...sets].map(([removed, shown]) => ({
    sites: shown[0]?.sites ?? [],
    removed: removed.split('+'),
    inExplorer: [...new Set(shown.map(({ finds }) => finds ?? ''))].join(', '),
  }));
}
