/** the last part of freeing a patch under klp_mutex, as before 5.1, against a store into one of its files. */

import { MUTEX } from '../../kernel/mutex.js';
import { klpFreePatchFinish } from '../../livepatch/core-free.js';
import { KLP_WORK_FREE_PATCH } from '../../livepatch/layout.js';
import { klpMutexLock, klpMutexUnlock } from '../../livepatch/object.js';
import type { Cpu } from '../../memory/cpu.js';
import type { Addr } from '../../memory/struct.js';
import type { KernelBody, RaceScenario } from '../../scenario/declare.js';
import { kernelRace, restFor } from '../../scenario/kernel-race.js';
import {
  loadLivepatches,
  patchOf,
  PATCHED_FUNCTION,
  writeEnabled,
} from '../../scenario/patched-function.js';

/** The work function of a worker that is late: CPU 0 does its work in the race. */
export function workLater(_cpu: Cpu, _work: Addr): void {
  // Nothing yet.
}

/** The patch is disabled, and only the last part of freeing it is left. */
function disableCompletely(cpu: Cpu): void {
  loadLivepatches(cpu, 1);
  writeEnabled(cpu, 0, '0');
  restFor(cpu, 250);
}

/** klp_unregister_patch() before 5.1: the kobject goes while the mutex is held. */
function freeUnderMutex(cpu: Cpu): void {
  klpMutexLock(cpu);
  klpFreePatchFinish(cpu, patchOf(cpu, 0));
  klpMutexUnlock(cpu);
}

function freeOutside(cpu: Cpu): void {
  klpFreePatchFinish(cpu, patchOf(cpu, 0));
}

/** `echo 1 > enabled`, into a file that was opened before. */
function writeToo(cpu: Cpu): void {
  writeEnabled(cpu, 0, '1');
}

function freeRace(name: string, description: string, body: KernelBody): RaceScenario {
  return kernelRace({
    name,
    description,
    declaration: {
      ...PATCHED_FUNCTION,
      overrides: { workFns: { [KLP_WORK_FREE_PATCH]: workLater } },
    },
    prepare: disableCompletely,
    roles: [
      { comm: 'worker', sleepingIn: [], body },
      { comm: 'writer', sleepingIn: [], body: writeToo },
    ],
    observe: (end, { booted }) =>
      end.read(booted.klp.mutex + MUTEX.owner) === 0 ? 'freed' : 'stuck',
    outcomes: {
      freed: { grade: 'acceptable', reason: 'the patch is freed, and the writer has its answer' },
      stuck: {
        grade: 'forbidden',
        reason: 'whoever holds klp_mutex waits for the writer, who waits for klp_mutex',
      },
    },
    bounds: { steps: 20_000 },
    ablations: [],
  });
}

/** CPU 0 frees the patch under the mutex; CPU 1 writes into `enabled`. */
export const freeLocked = freeRace(
  'free-locked',
  'klp_free_patch_finish() under klp_mutex, as before 5.1, against enabled_store().',
  freeUnderMutex,
);

/** CPU 0 frees the patch from its work item; CPU 1 writes into `enabled`. */
export const freeLockedToday = freeRace(
  'free-locked-today',
  'klp_free_patch_finish() against enabled_store().',
  freeOutside,
);
