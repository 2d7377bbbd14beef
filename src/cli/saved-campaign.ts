/** A campaign that is saved from time to time, and goes on from where it was saved. */

import {
  Campaign,
  type CampaignLimits,
  type CampaignState,
  type Workers,
} from '../campaign/campaign.js';
import { readCheckpoint, writeCheckpoint } from '../campaign/checkpoint.js';
import type { ExploreConfig } from '../explorer/engine/config.js';

/** Milliseconds between two checkpoints. */
const CHECKPOINT_MS = 2_000;

/** What a campaign executes, and where its progress is kept. */
export interface SavedCampaign {
  readonly config: ExploreConfig;
  /** Fingerprint of the scenario's code. */
  readonly fingerprint: string;
  readonly limits: Omit<CampaignLimits, 'from'>;
  /** Undefined: it is not kept. */
  readonly checkpoint: string | undefined;
  /** Ends it early; what was counted counts. */
  readonly signal: AbortSignal;
  readonly onProgress: (state: CampaignState) => void;
}

/**
 * Run a campaign to its end. Its state says what went wrong, if something did.
 *
 * @throws UsageError when the checkpoint is one of another campaign
 */
export async function runSaved(workers: Workers, wanted: SavedCampaign): Promise<CampaignState> {
  const { config, fingerprint, checkpoint, signal } = wanted;
  const earlier =
    checkpoint === undefined ? undefined : readCheckpoint(checkpoint, config, fingerprint);
  const save = ({ next, tally }: CampaignState): void => {
    if (checkpoint !== undefined) writeCheckpoint(checkpoint, { config, fingerprint, next, tally });
  };
  let saved = performance.now();
  const onProgress = (state: CampaignState): void => {
    wanted.onProgress(state);
    if (performance.now() - saved < CHECKPOINT_MS) return;
    saved = performance.now();
    save(state);
  };
  const limits = { ...wanted.limits, from: earlier?.next ?? 0 };
  const campaign = new Campaign(workers, config, limits, onProgress, earlier?.tally);
  const stop = (): void => campaign.stop();
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) stop();
  const state = await campaign.run();
  signal.removeEventListener('abort', stop);
  save(state);
  return state;
}
