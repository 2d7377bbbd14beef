/** Compares scenarios of a file that are loaded twice: what its modules compute may be another thing each time. */

import { notDeterministic } from '../../explorer/engine/session.js';
import type { ScenarioReference } from '../../scenario/reference.js';
import { Workers } from '../work/workers.js';

/** Milliseconds that loading a scenario and setting it up may take. */
const LOAD_MS = 10_000;

/**
 * Load and set up a scenario in two workers that have loaded nothing, each in a world of its own.
 *
 * @throws UsageError when it is not the same in both
 */
export async function checkWorlds(
  scenario: ScenarioReference,
  signal?: AbortSignal,
): Promise<void> {
  const workers = [new Workers(1), new Workers(1)] as const;
  const limits = { ms: LOAD_MS, signal };
  try {
    const [one, other] = await Promise.all([
      workers[0].run('setUp', { scenario, world: 'early' }, limits),
      workers[1].run('setUp', { scenario, world: 'late' }, limits),
    ]);
    if (one !== other) throw notDeterministic(scenario.name, scenario.file, 'setUp');
  } finally {
    await Promise.all(workers.map((pool) => pool.close()));
  }
}
