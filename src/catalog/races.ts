/** All races of the catalogue as declarations: what they are about and what they predict. Executed by the explorer alone. */

import type { RaceScenario } from '../scenario/declare.js';
import { completePatched } from './races/complete-patched.js';
import { completeUnpatched } from './races/complete-unpatched.js';
import { disableCall } from './races/disable-call.js';
import { disableSwitch } from './races/disable-switch.js';
import { enableCall } from './races/enable-call.js';
import { exitPoll } from './races/exit-poll.js';
import { forceUnlocked } from './races/force-unlocked.js';
import { forkSwitch } from './races/fork-switch.js';
import { hookAttempt, hookDisable, hookReverse } from './races/hook-switch.js';
import { idleCpu } from './races/idle-cpu.js';
import { removeLast } from './races/remove-last.js';
import { reverseStart } from './races/reverse-start.js';
import { reverseSwitch } from './races/reverse-switch.js';
import { shadowAlloc, shadowGet, shadowOld } from './races/shadow.js';
import { taskLoops } from './races/task-loops.js';
import { twoAdmins } from './races/two-admins.js';
import { wakeWhileChecked } from './races/wake-while-checked.js';

/** Races over the real functions, alphabetically. */
export const RACES: readonly RaceScenario[] = [
  completePatched,
  completeUnpatched,
  disableCall,
  disableSwitch,
  enableCall,
  exitPoll,
  forkSwitch,
  hookAttempt,
  hookDisable,
  hookReverse,
  idleCpu,
  removeLast,
  reverseStart,
  reverseSwitch,
  shadowAlloc,
  shadowGet,
  taskLoops,
  twoAdmins,
  wakeWhileChecked,
];

/** Races over algorithms of the past, which fail as they are. */
export const BROKEN_RACES: readonly RaceScenario[] = [forceUnlocked, shadowOld];
