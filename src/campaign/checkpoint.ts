/** Checkpoints: what a campaign has counted, so that it can go on later and end with the same counts. */

import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { UsageError } from '../errors.js';
import type { ExploreConfig } from '../explorer/engine/config.js';
import type { Tally } from './tally.js';

/** Version of the format. */
const CHECKPOINT_VERSION = 1;

/** A campaign that was interrupted. */
export interface Checkpoint {
  readonly version: number;
  readonly config: ExploreConfig;
  readonly fingerprint: string;
  /** Executions counted: 0 … `next` - 1. */
  readonly next: number;
  readonly tally: Tally;
}

/** Write a checkpoint; a crash while writing leaves the one before. */
export function writeCheckpoint(file: string, checkpoint: Omit<Checkpoint, 'version'>): void {
  const partial = `${file}.partial`;
  writeFileSync(partial, JSON.stringify({ version: CHECKPOINT_VERSION, ...checkpoint }, null, 2));
  renameSync(partial, file);
}

/**
 * Read a checkpoint that fits a campaign.
 *
 * @returns undefined when there is no such file
 * @throws UsageError when the file is no checkpoint, or one of another campaign or of other code
 */
export function readCheckpoint(
  file: string,
  config: ExploreConfig,
  fingerprint: string,
): Checkpoint | undefined {
  if (!existsSync(file)) return undefined;
  let found: Checkpoint;
  try {
    found = JSON.parse(readFileSync(file, 'utf8')) as Checkpoint;
  } catch {
    throw new UsageError(`${file} is no checkpoint: it is not JSON`);
  }
  if (found.version !== CHECKPOINT_VERSION) {
    throw new UsageError(`${file} is no checkpoint of format ${CHECKPOINT_VERSION}`);
  }
  if (identity(found.config) !== identity(config)) {
    throw new UsageError(`${file} belongs to another campaign: ${JSON.stringify(found.config)}`);
  }
  if (found.fingerprint !== fingerprint) {
    throw new UsageError(`${file} was written by other code (${found.fingerprint}): start anew`);
  }
  return found;
}

/** A campaign, wherever its code lies: the fingerprint says what code that is. */
function identity({ scenario, ...rest }: ExploreConfig): string {
  return JSON.stringify({ ...rest, scenario: scenario.name });
}
