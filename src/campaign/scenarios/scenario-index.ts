/** The index of the shipped scenarios, written when the project is built, so that listing them loads none. */

import { readFileSync } from 'node:fs';
import type { PredictedFinding } from '../../scenario/declare.js';

/** One scenario of a file, as commands list it. */
export interface ScenarioInfo {
  readonly name: string;
  readonly kind: string;
  readonly description: string;
  readonly fingerprint: string;
  /** Kernel functions of its code that were replaced. Default none. */
  readonly replaced?: readonly string[];
  /** What the user's own race predicts for the removal of ordering sites. Default nothing. */
  readonly ablations?: readonly PredictedFinding[];
}

/** What a file declares. */
export interface FileListing {
  readonly scenarios: readonly ScenarioInfo[];
  /** Whether loading the file may give something else each time. */
  readonly varies: boolean;
}

/** A shipped scenario and its file's name, without extension. */
export interface IndexedScenario extends ScenarioInfo {
  readonly module: string;
}

/** Where the build writes the index. */
export const INDEX_FILE = new URL('./scenarios.json', import.meta.url);

/** Every scenario of the catalogue with its file, in the order of the files. */
export function indexedScenarios(): IndexedScenario[] {
  return JSON.parse(readFileSync(INDEX_FILE, 'utf8')) as IndexedScenario[];
}

/** Every scenario of the catalogue. */
export function listScenarios(): ScenarioInfo[] {
  return indexedScenarios().map(({ module: _, ...info }) => info);
}
