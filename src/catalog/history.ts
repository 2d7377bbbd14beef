/** The bugs of the past that the catalogue replays, in the order of their numbers. */

import type { HistoryScenario } from '../scenario/history.js';
import { R_01 } from './history/r-01-repatch-function.js';
import { R_02 } from './history/r-02-deferred-order.js';
import { R_03 } from './history/r-03-coming-module.js';
import { R_04 } from './history/r-04-hidden-sites.js';
import { R_06 } from './history/r-06-no-consistency.js';
import { R_08 } from './history/r-08-post-unpatch.js';
import { R_09 } from './history/r-09-immediate-patches.js';
import { R_11 } from './history/r-11-no-signals.js';
import { R_13 } from './history/r-13-replace-without-nops.js';
import { R_16 } from './history/r-16-empty-stack.js';
import { R_17 } from './history/r-17-module-left-behind.js';
import { R_18 } from './history/r-18-lost-state.js';
import { R_19 } from './history/r-19-ftrace-off.js';
import { R_20 } from './history/r-20-skipped-frame.js';
import { R_21 } from './history/r-21-guest-signal.js';
import { R_25 } from './history/r-25-forced-module-kept.js';
import { R_26 } from './history/r-26-fork-copies-flag.js';
import { R_27 } from './history/r-27-relocations-stay.js';
import { R_28A } from './history/r-28-cancelled-hook.js';
import { R_29 } from './history/r-29-exit-code-freed.js';
import { R_31 } from './history/r-31-lazy-cond-resched.js';
import { R_32 } from './history/r-32-direct-call-bypasses.js';
import { R_33 } from './history/r-33-position-zero.js';
import { R_35 } from './history/r-35-counted-too-early.js';
import { HISTORY_RACES } from './history/races.js';

const SCRIPTS: readonly HistoryScenario[] = [
  R_01,
  R_02,
  R_03,
  R_04,
  R_06,
  R_08,
  R_09,
  R_11,
  R_13,
  R_16,
  R_17,
  R_18,
  R_19,
  R_20,
  R_21,
  R_25,
  R_26,
  R_27,
  R_28A,
  R_29,
  R_31,
  R_32,
  R_33,
  R_35,
];

/** Every bug, scripts and races. */
export const HISTORY: readonly HistoryScenario[] = [...SCRIPTS, ...HISTORY_RACES].sort((a, b) =>
  a.id < b.id ? -1 : 1,
);

/** A change of the past that is not replayed, and why. */
export interface NotReplayed {
  readonly id: string;
  readonly what: string;
  readonly why: string;
}

/** The other bugs of the list that {@link HISTORY} is taken from. */
export const NOT_REPLAYED: readonly NotReplayed[] = [
  {
    id: 'R-05',
    what: 'alternatives and paravirt patches were applied before late relocations',
    why: 'simulated text has neither alternatives nor machine code that a relocation could overwrite',
  },
  {
    id: 'R-14',
    what: 'module text was made read-only while a relocation was written into it',
    why: 'the simulated memory has no page permissions',
  },
  {
    id: 'R-15',
    what: 'special sections of a livepatch module were used before they were relocated',
    why: 'simulated modules have no ELF sections; the refusal of a module called vmlinux is in klp_module_coming()',
  },
  {
    id: 'R-24',
    what: 'the search for a symbol held a CPU for long',
    why: 'a search takes no simulated time, and latency is not checked',
  },
  {
    id: 'R-30',
    what: 'a pass with debug messages held tasklist_lock so long that fork ended in a hard lockup',
    why: 'there is no watchdog for disabled interrupts; the change that was proposed is one of `klp-smp proposals`',
  },
  {
    id: 'R-34',
    what: 'sections of the build tool stayed in every module',
    why: 'simulated modules have no ELF sections',
  },
];
