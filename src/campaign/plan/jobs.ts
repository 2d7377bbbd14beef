/** Finds the scenarios of a campaign and makes its jobs. */

import { UsageError } from '../../errors.js';
import { partsOf } from '../parts.js';
import { chooseScenario, type Chosen } from '../scenarios.js';
import type { Workers } from '../workers.js';
import { planJob, type PlanJob } from './ledger.js';
import { combinationsOf, scenarioFrom, type Plan } from './plan.js';

/** Load every scenario of a campaign. @throws UsageError for one that is not there */
export async function jobsOf(
  workers: Workers,
  plan: Plan,
  signal?: AbortSignal,
): Promise<readonly PlanJob[]> {
  const known = new Map<string, Chosen>();
  const jobs: PlanJob[] = [];
  for (const { source, memory, strategy, ablated } of combinationsOf(plan)) {
    let chosen = known.get(source);
    if (chosen === undefined) {
      chosen = await chooseScenario(workers, scenarioFrom(plan.folder, source), signal);
      known.set(source, chosen);
    }
    const { file, name, fingerprint } = chosen;
    const session = { scenario: { file, name }, memory, ablated };
    const executions =
      strategy.kind === 'dfs'
        ? partsOf(await workers.run('cpus', session, { signal }), strategy.prefix?.steps ?? 0)
        : (plan.executions ?? 0);
    jobs.push(planJob({ source, session, strategy, fingerprint, executions }));
  }
  return jobs;
}

/**
 * A job of another machine's campaign, with this machine's files.
 *
 * @param folder where paths of the campaign start from here
 * @throws UsageError when the code is not the campaign's
 */
export async function ownJob(workers: Workers, job: PlanJob, folder: string): Promise<PlanJob> {
  const chosen = await chooseScenario(workers, scenarioFrom(folder, job.source));
  if (chosen.fingerprint !== job.fingerprint) {
    throw new UsageError(
      `the code of ${job.session.scenario.name} is ${chosen.fingerprint} here and ${job.fingerprint} in the campaign`,
    );
  }
  const scenario = { file: chosen.file, name: chosen.name };
  return { ...job, session: { ...job.session, scenario } };
}
