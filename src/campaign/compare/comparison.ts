/** Puts the results of both sides of a comparison side by side. */

import { UsageError, withPartial } from '../../errors.js';
import type { Grade } from '../../scenario/declare.js';
import type { CampaignState } from '../work/campaign.js';
import type { CompareResult, CompareRow } from './compared.js';

/** Counts of both sides. */
export interface Sides {
  readonly state: Pick<CampaignState, 'tally' | 'failure'>;
  readonly exhausted: boolean;
  readonly threads: Readonly<Record<string, number>>;
}

/** What else is known of a comparison. */
export interface ComparedHow extends Pick<CompareResult, 'memory' | 'backend' | 'unended'> {
  readonly signal: AbortSignal | undefined;
  readonly gradeOf: (outcome: string) => Grade;
}

/**
 * Put both sides together.
 *
 * @throws the error of the explorer; UsageError when one side executed nothing; both carry the partial result
 */
export function comparison(scenario: string, sides: Sides, how: ComparedHow): CompareResult {
  const { threads, exhausted, state } = sides;
  const { signal, gradeOf, ...facts } = how;
  const { executions, outcomes } = state.tally;
  const keys = new Set([...outcomes.map((o) => o.key), ...Object.keys(threads)]);
  const rows = [...keys].sort().map((outcome): CompareRow => {
    const explored = outcomes.find((o) => o.key === outcome);
    return {
      outcome,
      grade: explored?.grade ?? gradeOf(outcome),
      explorer: explored?.count ?? 0,
      threads: threads[outcome] ?? 0,
    };
  });
  const isUnreachable = (row: CompareRow): boolean => row.threads > 0 && row.explorer === 0;
  const result: CompareResult = {
    ...{ scenario, ...facts, rows, exhausted, explored: executions },
    threadRuns: Object.values(threads).reduce((sum, count) => sum + count, 0),
    unreachable: exhausted ? rows.filter(isUnreachable).map(({ outcome }) => outcome) : [],
    interrupted: signal?.aborted === true,
  };
  if (state.failure !== undefined) throw withPartial(state.failure, result);
  const isIdle = result.explored === 0 || result.threadRuns + result.unended === 0;
  if (isIdle && !result.interrupted) {
    throw withPartial(new UsageError(`${scenario}: one side executed nothing`), result);
  }
  return result;
}
