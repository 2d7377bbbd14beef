/** The rows of the ablation matrix on real threads: stress over the memory that reorders, with sites removed. */

import { DEFAULT_MIX, type StressOptions } from '../catalog/stress.js';
import type { SiteId } from '../memory/sites.js';
import { runOutcomes } from '../report/machine-run.js';
import { isFinding } from '../report/outcomes.js';
import { runOnThreads } from '../threads/engine.js';

const WORKLOAD = new URL('../catalog/stress.js', import.meta.url).href;
/** Small enough for a machine with two cores, large enough to be busy. */
const MACHINE = { cpus: 3, tasks: 48 } as const;

/** What a run on threads showed. */
export interface ThreadHunt {
  /** The first forbidden outcome; null: none within the time. */
  readonly key: string | null;
  readonly detail: string | null;
  readonly seconds: number;
}

/**
 * Run stress until something forbidden is seen or the time is over. A run that is clean says nothing: what shows depends on
 * the machine and its load.
 */
export async function huntOnThreads(
  sites: readonly SiteId[],
  seed: number,
  durationMs: number,
  signal?: AbortSignal,
): Promise<ThreadHunt> {
  const options: StressOptions = { ...MACHINE, seed, mix: DEFAULT_MIX };
  const result = await runOnThreads({
    workload: WORKLOAD,
    options,
    kind: 'weak',
    ablation: sites,
    weak: { seed },
    durationMs,
    ...(signal === undefined ? {} : { signal }),
  });
  const found = runOutcomes(result).find(isFinding);
  return {
    key: found?.name ?? null,
    detail: found?.reason ?? null,
    seconds: result.elapsedMs / 1000,
  };
}
