/** The index of the shipped scenarios, written when the project is built: who lists them loads none. */

import { readFileSync } from 'node:fs';
import type { ScenarioInfo } from './task.js';

/** Where the build writes the index. */
export const INDEX_FILE = new URL('./scenarios.json', import.meta.url);

/** Every scenario of the catalogue, in the order of its files. */
export function listScenarios(): ScenarioInfo[] {
  return JSON.parse(readFileSync(INDEX_FILE, 'utf8')) as ScenarioInfo[];
}
