/** Bugs of the past that need two CPUs: which races show them. */

import type { HistoryScenario } from '../../scenario/history.js';

export const HISTORY_RACES: readonly HistoryScenario[] = [];
