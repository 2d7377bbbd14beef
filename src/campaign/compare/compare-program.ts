/** Compares a program in the explorer with the same program on real worker threads. */

import { gradeOfOutcome } from '../../javascript/program.js';
import { runOnWorkerThreads } from '../../javascript/threads/runner.js';
import type { ScenarioReference } from '../../scenario/reference.js';
import { Campaign, type CampaignState } from '../work/campaign.js';
import type { CompareOptions, CompareResult } from './compared.js';
import { comparison } from './comparison.js';
import type { Watching } from '../options/progress.js';
import { addTally } from '../work/tally.js';
import type { Workers } from '../work/workers.js';

interface Options extends Required<Pick<CompareOptions, 'executions' | 'budgetMs' | 'seed'>> {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: Watching['onProgress'] | undefined;
}

/**
 * Compare a program.
 *
 * @throws UsageError when Node cannot load it, or one side executed nothing
 */
export async function compareProgram(
  workers: Workers,
  scenario: ScenarioReference,
  { executions, budgetMs, seed, signal, onProgress }: Options,
): Promise<CompareResult> {
  onProgress?.({ done: 0, total: 2, unit: 'sides', note: 'on threads' });
  const options = { executions, budgetMs, seed, signal };
  const { outcomes, unended, rules } = await runOnWorkerThreads(scenario, options);
  onProgress?.({ done: 1, total: 2, unit: 'sides', note: 'in the explorer' });
  const state = await explore(workers, scenario, options);
  // An exhaustive search covers only one value of each thing that the program asked for, such as the time.
  const exhausted = state.exhausted && (state.tally.asked ?? []).length === 0;
  return comparison(
    scenario.name,
    { state, exhausted, threads: outcomes },
    {
      ...{ memory: 'js', backend: 'own', unended, signal },
      gradeOf: (outcome) =>
        outcome.startsWith('throws ') ? 'forbidden' : gradeOfOutcome(rules, outcome).grade,
    },
  );
}

/** Every execution, if half of the time is enough for that; else at random for the other half. */
async function explore(
  workers: Workers,
  scenario: ScenarioReference,
  { budgetMs, seed, signal }: Options,
): Promise<CampaignState> {
  const session = { scenario, memory: 'js', ablated: [] } as const;
  const limits = {
    ...{ from: 0, executions: Number.MAX_SAFE_INTEGER, budgetMs: budgetMs / 2, threads: 1 },
    ...{ stopAt: 'nothing' as const, signal },
  };
  const all = await new Campaign(workers, { session, strategy: { kind: 'dfs' } }, limits).run();
  if (all.exhausted || all.failure !== undefined) return all;
  const strategy = { kind: 'random', seed } as const;
  const some = await new Campaign(workers, { session, strategy }, limits).run();
  addTally(all.tally, some.tally);
  return { ...all, failure: some.failure };
}
