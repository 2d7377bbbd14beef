/** an enabling that fails to take a reference on its module, and keeps klp_mutex. */

import { ENODEV } from '../../kernel/errno.js';
import { loadModule, MODULE, MODULE_STATE_GOING, tryModuleGet } from '../../kernel/module.js';
import { MUTEX } from '../../kernel/mutex.js';
import { klpEnablePatch } from '../../livepatch/core.js';
import { KLP_WORK_FREE_PATCH } from '../../livepatch/layout.js';
import { klpMutexLock } from '../../livepatch/object.js';
import type { KernelHooks } from '../../kernel/hooks.js';
import type { Cpu } from '../../memory/cpu.js';
import type { Addr } from '../../memory/struct.js';
import type { RaceScenario } from '../../scenario/declare.js';
import { kernelRace } from '../../scenario/kernel-race.js';
import { disablePatch, enablePatch, PATCHED_FUNCTION } from '../../scenario/patched-function.js';
import { workLater } from './free-locked.js';

/** Image of the livepatch whose module looks as if it were going. */
const SECOND = 1;

/** klp_enable_patch() as first repaired for 5.17: no reference, no unlock. */
function enableKeepingMutex(cpu: Cpu, mod: Addr): number {
  if (cpu.get(mod + MODULE.imageIndex) !== SECOND) {
    return klpEnablePatch(cpu, cpu.get(mod + MODULE.image));
  }
  cpu.writeOnce(mod + MODULE.state, MODULE_STATE_GOING);
  klpMutexLock(cpu);
  return tryModuleGet(cpu, mod) ? 0 : -ENODEV;
}

/** klp_enable_patch() for the same module. */
function enableToday(cpu: Cpu, mod: Addr): number {
  if (cpu.get(mod + MODULE.imageIndex) === SECOND) {
    cpu.writeOnce(mod + MODULE.state, MODULE_STATE_GOING);
  }
  return klpEnablePatch(cpu, cpu.get(mod + MODULE.image));
}

function loadSecond(cpu: Cpu): void {
  loadModule(cpu, SECOND);
}

function enableRace(
  name: string,
  description: string,
  klpModuleInit: KernelHooks['klpModuleInit'],
): RaceScenario {
  return kernelRace({
    name,
    description,
    declaration: {
      ...PATCHED_FUNCTION,
      overrides: {
        hooks: { klpModuleInit },
        // A worker that frees the patch would wait, on this CPU, for the writer that it interrupts.
        workFns: { [KLP_WORK_FREE_PATCH]: workLater },
      },
    },
    prepare: enablePatch,
    roles: [
      { comm: 'loader', sleepingIn: [], body: loadSecond },
      { comm: 'admin', sleepingIn: [], body: disablePatch },
    ],
    observe: (end, { booted }) =>
      end.read(booted.klp.mutex + MUTEX.owner) === 0 ? 'answered' : 'stuck',
    outcomes: {
      answered: { grade: 'acceptable', reason: 'the enabling failed, and the other went on' },
      stuck: {
        grade: 'forbidden',
        reason: 'klp_mutex is held by a task that will never give it back',
      },
    },
    jiffies: 400,
    bounds: { steps: 20_000 },
    ablations: [],
  });
}

/** CPU 0 loads a livepatch whose module cannot be held; CPU 1 disables another. */
export const enableGoing = enableRace(
  'enable-going',
  'klp_enable_patch() that forgets to unlock when try_module_get() fails, against a disable.',
  enableKeepingMutex,
);

/** The same with the code of today. */
export const enableGoingToday = enableRace(
  'enable-going-today',
  'klp_enable_patch() whose try_module_get() fails, against a disable.',
  enableToday,
);
