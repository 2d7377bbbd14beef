/** Checkpoints: what a campaign has counted, so that it can go on later and end with the same counts. */

import { UsageError } from '../../errors.js';
import type { SessionConfig, StrategyConfig } from '../../explorer/engine/config.js';
import { decodeToken } from '../../explorer/findings/token.js';
import type { CampaignPlan } from './campaign.js';
import { lookAt, readJsonFile, replaceFile } from '../options/files.js';
import type { OutcomeCount, Tally } from './tally.js';

/** Version of the format. */
const CHECKPOINT_VERSION = 1;

/** A session and a strategy, as the file has them. */
export interface SavedConfig extends SessionConfig {
  readonly strategy: StrategyConfig;
}

/** A campaign that was interrupted. */
export interface Checkpoint {
  readonly version: number;
  readonly config: SavedConfig;
  readonly fingerprint: string;
  /** Executions counted: 0 … `next` - 1. */
  readonly next: number;
  readonly tally: Tally;
}

/** What is counted of which campaign. */
export interface Counted {
  readonly plan: CampaignPlan;
  readonly fingerprint: string;
  readonly next: number;
  readonly tally: Tally;
}

function configOf({ session, strategy }: CampaignPlan): SavedConfig {
  const { scenario, memory, ablated, steps, racesAreErrors, axioms } = session;
  return {
    ...{ scenario, memory, strategy, ablated },
    ...(steps === undefined ? {} : { steps }),
    ...(racesAreErrors === undefined ? {} : { racesAreErrors }),
    ...(axioms === undefined ? {} : { axioms }),
  };
}

/**
 * Write a checkpoint. A crash while writing leaves the previous checkpoint intact.
 *
 * @throws UsageError when it cannot be written
 */
export function writeCheckpoint(file: string, { plan, ...counted }: Counted): void {
  const checkpoint: Checkpoint = {
    version: CHECKPOINT_VERSION,
    config: configOf(plan),
    ...counted,
  };
  replaceFile('checkpoint', file, JSON.stringify(checkpoint, null, 2));
}

/**
 * Read a checkpoint that fits a campaign.
 *
 * @returns undefined when there is no such file
 * @throws UsageError when the file is no checkpoint, or one of another campaign or of other code
 */
export function readCheckpoint(
  file: string,
  plan: CampaignPlan,
  fingerprint: string,
): Checkpoint | undefined {
  // Devices are written but never read: reading one may never end.
  if (lookAt(file)?.isFile() !== true) return undefined;
  const found = readJsonFile('checkpoint', file);
  if (!isCheckpoint(found)) {
    throw new UsageError(`${file} is no checkpoint of format ${CHECKPOINT_VERSION}`);
  }
  if (identity(found.config) !== identity(configOf(plan))) {
    throw new UsageError(`${file} belongs to another campaign: ${JSON.stringify(found.config)}`);
  }
  if (found.fingerprint !== fingerprint) {
    throw new UsageError(`${file} was written by other code (${found.fingerprint}): start anew`);
  }
  return found;
}

/** A campaign without the paths of its files: the fingerprint says what code it executes. */
function identity(config: SavedConfig): string {
  const { scenario, memory, strategy, ablated, steps, racesAreErrors, axioms } = config;
  return JSON.stringify([scenario.name, memory, strategy, ablated, steps, racesAreErrors, axioms]);
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isCount = (value: unknown): value is number =>
  Number.isSafeInteger(value) && (value as number) >= 0;

function isCheckpoint(value: unknown): value is Checkpoint {
  if (!isObject(value) || value['version'] !== CHECKPOINT_VERSION) return false;
  const { config, fingerprint, next, tally } = value;
  return (
    isObject(config) &&
    isObject(config['scenario']) &&
    typeof fingerprint === 'string' &&
    isCount(next) &&
    isTally(tally) &&
    tally.executions + tally.redundant === next
  );
}

function isTally(value: unknown): value is Tally {
  if (!isObject(value)) return false;
  const { executions, redundant, overlong, steps, switches, digest, outcomes } = value;
  return (
    [executions, redundant, overlong, steps, switches, digest].every(isCount) &&
    Array.isArray(outcomes) &&
    outcomes.every(isOutcome) &&
    outcomes.reduce((sum, { count }) => sum + count, 0) === executions
  );
}

function isOutcome(value: unknown): value is OutcomeCount {
  if (!isObject(value)) return false;
  const { key, grade, detail, count, firstRun, token } = value;
  return (
    [key, detail].every((text) => typeof text === 'string') &&
    ['acceptable', 'interesting', 'forbidden'].includes(grade as string) &&
    isCount(count) &&
    isCount(firstRun) &&
    isToken(token)
  );
}

function isToken(value: unknown): value is string {
  try {
    return typeof value === 'string' && decodeToken(value).scenario !== '';
  } catch {
    return false; // A damaged token makes a damaged checkpoint.
  }
}
