/** A finding of a campaign, as it was found. */

import { replayCommand } from '../options/replay-command.js';
import type { OutcomeCount } from '../work/tally.js';
import type { PlanJob } from './ledger.js';
import type { CampaignFinding } from './snapshot.js';

/** What was found in a job, with the command that shows it where the campaign runs. */
export function foundIn(
  { id, session }: PlanJob,
  { key, detail, token }: OutcomeCount,
): CampaignFinding {
  const { name, file, replace } = session.scenario;
  const replay = replayCommand(token, file, { replace });
  return { job: id, scenario: name, outcome: key, detail, replay };
}
