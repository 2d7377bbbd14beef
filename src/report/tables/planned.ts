/** Results of campaigns as tables for reports. */

import { dirname, resolve } from 'node:path';
import type { Explored } from '../../campaign/coverage.js';
import { findScenario } from '../../campaign/scenarios/find-scenario.js';
import { combinationsOf, scenarioFrom } from '../../campaign/plan/plan.js';
import { readPlan } from '../../campaign/plan/read-plan.js';
import { replacing } from '../../campaign/scenarios/replace.js';
import type { CampaignResult, JobSummary } from '../../campaign/plan/snapshot.js';
import { placeOfNamed, placeOfScenario } from '../place.js';
import type { ReportTable } from '../report.js';
import { given } from './given.js';

/** What a campaign executed: each of its combinations, from the folder of its file. */
export const campaignSessions =
  (plan: string) =>
  ({ jobs }: CampaignResult): Explored[] => {
    // The same work asked for twice is one job.
    const all = combinationsOf(readPlan(plan));
    const combinations = [...new Map(all.map((it) => [JSON.stringify(it), it])).values()];
    return jobs.flatMap(({ scenario: name }, i) => {
      const combination = combinations[i];
      if (combination === undefined) return [];
      const { source, memory, strategy, ablated, replace } = combination;
      const folder = dirname(resolve(plan));
      const { file } = findScenario(scenarioFrom(folder, source));
      const changed = replacing(replace === undefined ? undefined : resolve(folder, replace));
      return [{ session: { scenario: { file, name, ...changed }, memory, ablated }, strategy }];
    });
  };

function jobTable({ findings }: CampaignResult, job: JobSummary): ReportTable {
  const { scenario, memory, strategy, ablated, done, executions, digest, unit, executed } = job;
  const { file, with: replace } = job;
  return {
    title: scenario,
    ...given({ file, replace }),
    ...given({
      place: file === undefined ? placeOfNamed(scenario) : placeOfScenario(file, scenario),
    }),
    settings: {
      memory,
      strategy,
      ...(ablated.length === 0 ? {} : { without: ablated.join(', ') }),
      ...(replace === undefined ? {} : { 'changed by': replace }),
      ...(unit === 'prefixes'
        ? { prefixes: `${done} of ${executions}`, executions: executed }
        : {}),
      ...(unit === 'executions' ? { executions: `${done} of ${executions}` } : {}),
      'trace hash': digest,
    },
    outcomes: job.outcomes.map(({ key, grade, count, detail, token }) => {
      const kept = findings.find((it) => it.job === job.id && it.outcome === key);
      const isForbidden = grade === 'forbidden';
      const [, shrunk = token] = / replay (\S+)/.exec(kept?.replay ?? '') ?? [];
      return {
        ...{ name: key, grade, count, reason: detail },
        ...given({ replay: isForbidden ? kept?.replay : undefined }),
        ...(isForbidden ? { token: shrunk } : {}),
      };
    }),
  };
}

/** Tables of `campaign run`: one of each combination, and one of the corpus. */
export function campaignTables(result: CampaignResult): ReportTable[] {
  const { jobs, replayed } = result;
  const corpus: ReportTable = {
    title: 'findings of earlier runs',
    outcomes: replayed.map(({ file, status, now }) => ({
      name: file,
      grade: status === 'open' || status === 'changed' ? 'forbidden' : 'acceptable',
      count: 1,
      reason: `${status}: now ${now}`,
    })),
  };
  return [...(replayed.length === 0 ? [] : [corpus]), ...jobs.map((job) => jobTable(result, job))];
}
