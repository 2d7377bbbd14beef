/** A campaign that is saved from time to time, and goes on from where it was saved. */

import { UsageError } from '../../errors.js';
import {
  Campaign,
  type CampaignLimits,
  type CampaignPlan,
  type CampaignState,
} from './campaign.js';
import { readCheckpoint, writeCheckpoint } from './checkpoint.js';
import type { Workers } from './workers.js';

/** Milliseconds between two checkpoints. */
const CHECKPOINT_MS = 2_000;

/** What a campaign executes, and where its progress is kept. */
export interface SavedCampaign {
  readonly plan: CampaignPlan;
  /** Fingerprint of the scenario's code. */
  readonly fingerprint: string;
  readonly limits: Omit<CampaignLimits, 'from'>;
  /** Undefined: it is not kept. */
  readonly checkpoint: string | undefined;
  readonly onProgress: (state: CampaignState) => void;
}

/**
 * Run a campaign to its end. Its state says what went wrong, if something did.
 *
 * @throws UsageError when the checkpoint is one of another campaign
 */
export async function runSaved(workers: Workers, wanted: SavedCampaign): Promise<CampaignState> {
  const { plan, fingerprint, checkpoint } = wanted;
  const earlier =
    checkpoint === undefined ? undefined : readCheckpoint(checkpoint, plan, fingerprint);
  const save = ({ next, tally }: CampaignState): void => {
    if (checkpoint !== undefined) writeCheckpoint(checkpoint, { plan, fingerprint, next, tally });
  };
  let saved = performance.now();
  const onProgress = (state: CampaignState): void => {
    wanted.onProgress(state);
    if (performance.now() - saved < CHECKPOINT_MS) return;
    saved = performance.now();
    save(state);
  };
  const limits = { ...wanted.limits, from: earlier?.next ?? 0 };
  const campaign = new Campaign(workers, plan, limits, onProgress, earlier?.tally);
  const state = await campaign.run();
  try {
    save(state);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    state.failure ??= error; // The counts so far are still reported.
  }
  return state;
}
