/** An enable against a task that switches: the top of a function stack before TIF_PATCH_PENDING, O-38 with O-07. */

import { MODULE } from '../../kernel/module.js';
import { enablePatchOrdered } from '../../livepatch/candidates.js';
import { klpMutexLock, klpMutexUnlock } from '../../livepatch/object.js';
import { KLP_HOOKS } from '../../livepatch/tables.js';
import type { Cpu } from '../../memory/cpu.js';
import { O_38 } from '../../memory/sites.js';
import type {
  KernelBody,
  OutcomeRule,
  PredictedFinding,
  RaceScenario,
} from '../../scenario/declare.js';
import { kernelRace } from '../../scenario/kernel-race.js';
import {
  allowed,
  attempt,
  enableInitialised,
  fateOf,
  initPatch,
  loadLivepatches,
  patchOf,
  PATCHED_FUNCTION,
  switchWhenAsked,
} from '../../scenario/patched-function.js';

/** The init function of a livepatch module; that of the second one stops short of the transition. */
function initOnly(cpu: Cpu, mod: number): number {
  if (cpu.get(mod + MODULE.imageIndex) === 0) return KLP_HOOKS.klpModuleInit(cpu, mod);
  return initPatch(cpu, mod);
}

function prepareSecond(cpu: Cpu): void {
  loadLivepatches(cpu, 2);
}

/** Enable the second patch, and look once more whether everybody has switched. */
function enableSecond(cpu: Cpu): void {
  enableInitialised(cpu, 1);
  attempt(cpu);
}

/** The same with the candidate fix of L-9. */
function enableSecondOrdered(cpu: Cpu): void {
  klpMutexLock(cpu);
  enablePatchOrdered(cpu, patchOf(cpu, 1));
  klpMutexUnlock(cpu);
  attempt(cpu);
}

/** Both livepatches replace `f`; the second one takes the first out of use. */
const MODULES = PATCHED_FUNCTION.modules?.map((module, i) => ({
  ...module,
  patch: { ...module.patch, replace: i === 1 },
}));

const OLDER: OutcomeRule = {
  grade: 'forbidden',
  reason: 'a task that has switched runs the older function',
};

interface EnableSwitch {
  readonly name: string;
  readonly description: string;
  readonly configPrintk: boolean;
  readonly body: KernelBody;
  readonly ablations?: readonly PredictedFinding[];
}

/** CPU 0 enables a second patch that replaces the first; CPU 1's task leaves the kernel when it is asked to, comes back and calls `f`. */
function enableSwitch({ configPrintk, body, ...rest }: EnableSwitch): RaceScenario {
  return kernelRace({
    ...rest,
    declaration: {
      ...PATCHED_FUNCTION,
      ...(MODULES === undefined ? {} : { modules: MODULES }),
      configPrintk,
      overrides: { hooks: { klpModuleInit: initOnly } },
    },
    prepare: prepareSecond,
    roles: [
      { comm: 'admin', sleepingIn: [], body },
      { comm: 'caller', sleepingIn: [], body: switchWhenAsked },
    ],
    observe: (end, { booted, tasks }) => fateOf(end, booted, tasks[1] ?? 0),
    outcomes: { ...allowed('f_b'), 'f_a, pending': OLDER, 'f_a, complete': OLDER },
    bounds: { steps: 20_000 },
  });
}

const ENABLE = '__klp_enable_patch() of a replace against klp_update_patch_state()';
const WHY =
  'a task sees its flag and switches, and still finds the older function on top of the stack: it sleeps in a patch that is replaced';

/** A kernel that prints: the record of "starting patching transition" is a barrier. */
export const enableSwitchPrintk = enableSwitch({
  name: 'enable-switch-printk',
  description: `${ENABLE}, in a kernel with CONFIG_PRINTK.`,
  configPrintk: true,
  body: enableSecond,
  ablations: [{ sites: [O_38], finds: 'freed', why: WHY }],
});

/** L-9: a kernel without CONFIG_PRINTK has no barrier there. */
export const enableSwitchSilent = enableSwitch({
  name: 'enable-switch',
  description: `${ENABLE}, in a kernel without CONFIG_PRINTK.`,
  configPrintk: false,
  body: enableSecond,
  ablations: [{ sites: [], finds: 'freed', why: WHY }],
});

/** L-9 with its candidate fix. */
export const enableSwitchFixed = enableSwitch({
  name: 'enable-switch-fixed',
  description: `${ENABLE}, without CONFIG_PRINTK, with the candidate fix of L-9.`,
  configPrintk: false,
  body: enableSecondOrdered,
});
