/** The bugs of the past that the catalogue replays, in the order of their numbers. */

import type { HistoryScenario } from '../scenario/history.js';
import { R_01 } from './history/r-01-repatch-function.js';
import { R_03 } from './history/r-03-coming-module.js';
import { R_09 } from './history/r-09-immediate-patches.js';
import { R_16 } from './history/r-16-empty-stack.js';
import { R_18 } from './history/r-18-lost-state.js';
import { R_19 } from './history/r-19-ftrace-off.js';
import { R_20 } from './history/r-20-skipped-frame.js';
import { R_25 } from './history/r-25-forced-module-kept.js';
import { R_26 } from './history/r-26-fork-copies-flag.js';
import { R_28A } from './history/r-28-cancelled-hook.js';
import { R_29 } from './history/r-29-exit-code-freed.js';
import { HISTORY_RACES } from './history/races.js';

const SCRIPTS: readonly HistoryScenario[] = [
  R_01,
  R_03,
  R_09,
  R_16,
  R_18,
  R_19,
  R_20,
  R_25,
  R_26,
  R_28A,
  R_29,
];

/** Every bug, scripts and races. */
export const HISTORY: readonly HistoryScenario[] = [...SCRIPTS, ...HISTORY_RACES].sort((a, b) =>
  a.id < b.id ? -1 : 1,
);
