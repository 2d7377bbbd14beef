/** The index of the shipped scenarios, written when the project is built, so that listing them loads none. */

import { readFileSync } from 'node:fs';
import type { ScenarioInfo } from './task.js';

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
