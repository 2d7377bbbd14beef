/** Counts of one combination as plain data for people. */

import { siteNames } from '../../catalog/orderings/entry.js';
import { isOfCatalogue } from '../options/replay-command.js';
import type { JobTotals } from './ledger.js';
import type { JobSummary } from './snapshot.js';

/** Put the counts of a job into words and plain numbers. */
export function summaryOf({ job, done, tally }: JobTotals): JobSummary {
  const { session, strategy } = job;
  const { file, replace } = session.scenario;
  const depth = strategy.kind === 'pct' ? `, depth ${strategy.depth}` : '';
  const seed =
    strategy.kind === 'dfs'
      ? `, prefixes of ${strategy.prefix?.steps ?? 0} steps`
      : `, seed ${strategy.seed}`;
  return {
    id: job.id,
    scenario: session.scenario.name,
    ...(isOfCatalogue(file) ? {} : { file }),
    ...(replace === undefined ? {} : { with: replace }),
    memory: session.memory,
    strategy: `${strategy.kind}${seed}${depth}`,
    ablated: siteNames(session.ablated),
    executions: job.executions,
    done,
    unit: strategy.kind === 'dfs' ? 'prefixes' : 'executions',
    executed: tally.executions,
    steps: tally.steps,
    digest: tally.digest.toString(16).padStart(8, '0'),
    outcomes: [...tally.outcomes].sort((a, b) => b.count - a.count || a.key.localeCompare(b.key)),
  };
}
