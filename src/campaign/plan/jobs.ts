/** Finds the scenarios of a campaign and makes its jobs. */

import { resolve } from 'node:path';
import { UsageError } from '../../errors.js';
import { lookAt } from '../options/files.js';
import { partsOf } from '../work/parts.js';
import { checkEffect, replacing } from '../scenarios/replace.js';
import { chooseScenario, type Chosen } from '../scenarios/scenarios.js';
import type { Workers } from '../work/workers.js';
import { planJob, type PlanJob } from './ledger.js';
import { combinationsOf, scenarioFrom, type Combination, type Plan } from './plan.js';

/** The file that changes kernel code, as a machine finds it. */
const fileFrom = (folder: string, replace: string | undefined): string | undefined =>
  replace === undefined ? undefined : resolve(folder, replace);

/** Load the scenario of a combination. @throws UsageError with its place in the campaign file */
async function chosenOf(
  workers: Workers,
  plan: Plan,
  { source, replace }: Combination,
  signal: AbortSignal | undefined,
): Promise<Chosen> {
  const { folder, scenarios, complaint } = plan;
  const file = fileFrom(folder, replace);
  if (replace !== undefined && lookAt(file ?? '')?.isFile() !== true) {
    throw complaint('with', replace, `there is no file ${replace} to replace kernel functions`);
  }
  try {
    const chosen = await chooseScenario(workers, scenarioFrom(folder, source), signal, file);
    checkEffect(chosen.name, replace, chosen.replaced ?? []);
    return chosen;
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    // On kernels of the campaign, the file has the scenario without its kernel.
    const item = scenarios.find((it) => source === it || source.startsWith(`${it}@`)) ?? source;
    throw replace === undefined
      ? complaint('scenarios', item, error.message)
      : complaint('with', replace, error.message);
  }
}

/** Load every scenario of a campaign. @throws UsageError for one that is not there, with its place in the campaign file */
export async function jobsOf(
  workers: Workers,
  plan: Plan,
  signal?: AbortSignal,
): Promise<readonly PlanJob[]> {
  const known = new Map<string, Chosen>();
  const jobs: PlanJob[] = [];
  for (const combination of combinationsOf(plan)) {
    const { source, memory, strategy, ablated, replace } = combination;
    const key = JSON.stringify([source, replace]);
    const chosen = known.get(key) ?? (await chosenOf(workers, plan, combination, signal));
    known.set(key, chosen);
    const { file, name, fingerprint } = chosen;
    const scenario = { file, name, ...replacing(fileFrom(plan.folder, replace)) };
    const session = { scenario, memory, ablated };
    const executions =
      strategy.kind === 'dfs'
        ? partsOf(await workers.run('cpus', session, { signal }), strategy.prefix?.steps ?? 0)
        : (plan.executions ?? 0);
    const work = { source, ...replacing(replace), session, strategy, fingerprint, executions };
    jobs.push(planJob(work));
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
  const replace = fileFrom(folder, job.replace);
  if (replace !== undefined && lookAt(replace)?.isFile() !== true) {
    throw new UsageError(`there is no file ${job.replace} here to replace kernel functions`);
  }
  const chosen = await chooseScenario(
    workers,
    scenarioFrom(folder, job.source),
    undefined,
    replace,
  );
  if (chosen.fingerprint !== job.fingerprint) {
    throw new UsageError(
      `the code of ${job.session.scenario.name} is ${chosen.fingerprint} here and ${job.fingerprint} in the campaign`,
    );
  }
  const scenario = { file: chosen.file, name: chosen.name, ...replacing(replace) };
  return { ...job, session: { ...job.session, scenario } };
}
