/** What `klp-smp campaign run` prints. */

import type { CampaignResult, JobSummary } from '../campaign/plan/snapshot.js';
import { basename } from 'node:path';
import { paint } from './paint.js';
import { renderTable } from '../report/table.js';

const outcomesOf = ({ outcomes }: JobSummary): string =>
  outcomes
    .map(({ key, grade, count }) =>
      paint(grade, `${grade === 'forbidden' ? 'FORBIDDEN ' : ''}${key} × ${count}`),
    )
    .join(', ');

/** What a campaign as a whole is counted in. */
function unitOf(jobs: readonly JobSummary[]): string {
  const units = [...new Set(jobs.map(({ unit }) => unit))];
  return units.length === 0 ? 'executions' : units.join(' and ');
}

/** The result as text. */
export function campaignLines(result: CampaignResult): string {
  const { name, done, total, seconds, jobs, findings, replayed, ended, notes } = result;
  const isChanged = jobs.some((job) => job.with !== undefined);
  const rows = jobs.map((job) => [
    job.scenario,
    job.memory,
    job.strategy,
    job.ablated.join(', ') || 'nothing',
    ...(isChanged ? [job.with === undefined ? 'nothing' : basename(job.with)] : []),
    String(job.executed),
    job.digest,
    outcomesOf(job),
  ]);
  const columns = [
    { title: 'scenario' },
    { title: 'memory' },
    { title: 'strategy' },
    { title: 'without' },
    ...(isChanged ? [{ title: 'with' } as const] : []),
    { title: 'executions', align: 'right' },
    { title: 'trace hash' },
    { title: 'outcomes' },
  ] as const;
  return [
    `${name}: ${done} of ${total} ${unitOf(jobs)} in ${seconds.toFixed(1)} s${ended === 'complete' ? '' : `, ${ended}`}`,
    ...replayed.map(
      ({ file, status, now }) =>
        `  ${status.padEnd(8)} ${file}${status === 'open' ? '' : `: now ${now}`}`,
    ),
    renderTable(columns, rows),
    ...notes.map((note) => `  worker ${note}`),
    ...findings.flatMap(({ scenario, outcome, detail, replay, isNew }) => [
      '',
      `${isNew === false ? 'known: ' : ''}${outcome} in ${scenario}: ${detail}`,
      `  replay: ${replay}`,
    ]),
    '',
    findings.length > 0
      ? `${findings.length} forbidden.`
      : done > 0
        ? 'Nothing forbidden.'
        : 'Nothing was executed.',
  ].join('\n');
}
