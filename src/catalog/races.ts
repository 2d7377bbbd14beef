/** All races of the catalogue as declarations: what they are about and what they predict. Executed by the explorer alone. */

import type { RaceScenario } from '../scenario/declare.js';
import { comingEnable } from './races/coming-enable.js';
import { completePatched } from './races/complete-patched.js';
import { completeUnpatched } from './races/complete-unpatched.js';
import { disableCall } from './races/disable-call.js';
import { disableLeave, disableSwitch } from './races/disable-switch.js';
import { enableCall } from './races/enable-call.js';
import { enableGoing } from './races/enable-going.js';
import {
  enableSwitchFixed,
  enableSwitchPrintk,
  enableSwitchSilent,
} from './races/enable-switch.js';
import { enterKernel } from './races/enter-kernel.js';
import { exitLoop } from './races/exit-loop.js';
import { exitPoll } from './races/exit-poll.js';
import { forceDisable } from './races/force-disable.js';
import { forceHook, forceHookFixed } from './races/force-hook.js';
import { forceUnlocked } from './races/force-unlocked.js';
import { forkReverse } from './races/fork-reverse.js';
import { forkSwitch } from './races/fork-switch.js';
import { freeLocked } from './races/free-locked.js';
import { freeUnload } from './races/free-unload.js';
import {
  ftraceAdd,
  ftraceRefused,
  ftraceRefusedAlone,
  ftraceRegs,
  ftraceRegsUnchecked,
  ftraceRemove,
} from './races/ftrace.js';
import { hookFlagLate, hookFlagOnce, hookFlagSecond } from './races/hook-flag.js';
import {
  hookModuleAfterFixed,
  hookModuleComing,
  hookModuleComingFixed,
  hookModuleGoing,
  hookModuleGoingFixed,
  hookModuleNoAcquire,
  hookModuleNoGrace,
  hookModuleNoRelease,
} from './races/hook-module.js';
import {
  hookAttempt,
  hookDisable,
  hookFlip,
  hookFlipEarly,
  hookReverse,
} from './races/hook-switch.js';
import { hotplugIdle } from './races/hotplug-idle.js';
import { idleCpu } from './races/idle-cpu.js';
import { noMemoryPatched, noMemoryReverse, noMemoryUnpatched } from './races/no-memory.js';
import { removeLast } from './races/remove-last.js';
import { replaceSets } from './races/replace-sets.js';
import { replaceState } from './races/replace-state.js';
import { reverseStart } from './races/reverse-start.js';
import { reverseSwitch } from './races/reverse-switch.js';
import { shadowAlloc, shadowGet, shadowOld } from './races/shadow.js';
import { switchSelf, switchSelfRt } from './races/switch-self.js';
import { taskLoops } from './races/task-loops.js';
import { twoAdmins } from './races/two-admins.js';
import { unwatchedCall } from './races/unwatched-call.js';
import { wakeWhileChecked } from './races/wake-while-checked.js';

/** Races over the real functions as they are, alphabetically. */
export const RACES: readonly RaceScenario[] = [
  comingEnable,
  completePatched,
  completeUnpatched,
  disableCall,
  disableLeave,
  disableSwitch,
  enableCall,
  enableSwitchPrintk,
  enterKernel,
  exitLoop,
  exitPoll,
  forceDisable,
  forkReverse,
  forkSwitch,
  freeUnload,
  ftraceAdd,
  ftraceRefusedAlone,
  ftraceRegs,
  ftraceRemove,
  hookAttempt,
  hookDisable,
  hookFlagOnce,
  hookFlagSecond,
  hookFlip,
  hookReverse,
  hotplugIdle,
  idleCpu,
  removeLast,
  replaceState,
  reverseStart,
  reverseSwitch,
  shadowAlloc,
  shadowGet,
  switchSelf,
  taskLoops,
  twoAdmins,
  unwatchedCall,
  wakeWhileChecked,
];

/** Races over the real functions with candidate fixes of latent issues: clean, too. */
export const FIXED_RACES: readonly RaceScenario[] = [
  enableSwitchFixed,
  forceHookFixed,
  hookModuleAfterFixed,
  hookModuleComingFixed,
  hookModuleGoingFixed,
  hookModuleNoAcquire,
];

/** Races that show latent issues, which fail with the real functions as they are. */
export const LATENT_RACES: readonly RaceScenario[] = [
  enableSwitchSilent,
  forceHook,
  ftraceRefused,
  hookModuleComing,
  hookModuleGoing,
  noMemoryPatched,
  noMemoryReverse,
  noMemoryUnpatched,
  switchSelfRt,
];

/** Races over algorithms of the past and over half of a fix, which fail as they are. */
export const BROKEN_RACES: readonly RaceScenario[] = [
  enableGoing,
  forceUnlocked,
  freeLocked,
  ftraceRegsUnchecked,
  hookFlagLate,
  hookFlipEarly,
  hookModuleNoGrace,
  hookModuleNoRelease,
  replaceSets,
  shadowOld,
];
