/** Use case: what the first executions of an exploration reach. */

import { Interrupted } from '../errors.js';
import type { SessionConfig, StrategyConfig } from '../explorer/engine/config.js';
import type { CoverageCounts } from '../explorer/findings/coverage.js';
import { Workers } from './work/workers.js';

/** Number of executions examined; each is executed twice, and slowly. */
const MOST_EXECUTIONS = 200;
/** Number of explorations examined. */
const MOST_EXPLORED = 24;
/** Milliseconds for all scenarios together, and for one. */
const ALL_MS = 12_000;
const ONE_MS = 3_000;

/** Milliseconds that loading may take. */
const LOAD_MS = 10_000;

/** An exploration. */
export interface Explored {
  readonly session: SessionConfig;
  readonly strategy: StrategyConfig;
}

/** What an exploration reached. */
export interface ScenarioCoverage extends CoverageCounts {
  readonly scenario: string;
}

/**
 * Look at the first executions of explorations: as many as fit into a few seconds, and 200 of each at most.
 *
 * @returns one entry for each that has kernel code; fewer when the signal ended it
 */
export async function coverageOf(
  explored: readonly Explored[],
  signal?: AbortSignal,
): Promise<ScenarioCoverage[]> {
  const number = Math.min(MOST_EXPLORED, Math.max(1, explored.length));
  const ms = Math.min(ONE_MS, ALL_MS / number);
  const found: ScenarioCoverage[] = [];
  const workers = new Workers(1);
  try {
    for (const { session, strategy } of explored.slice(0, MOST_EXPLORED)) {
      const request = { session, strategy, executions: MOST_EXECUTIONS, ms };
      const counts = await workers.run('coverage', request, { ms: LOAD_MS + ONE_MS, signal });
      if (counts !== undefined) found.push({ scenario: session.scenario.name, ...counts });
    }
  } catch (error) {
    if (!(error instanceof Interrupted)) throw error;
  } finally {
    await workers.close();
  }
  return found;
}
