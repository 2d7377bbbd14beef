/** The end of a patch against the unloading of its module: the kobject is released first, O-29. */

import { deleteModule, MODULE } from '../../kernel/module.js';
import { klpFreePatchFinish } from '../../livepatch/core-free.js';
import { KLP_WORK_FREE_PATCH } from '../../livepatch/layout.js';
import type { Cpu } from '../../memory/cpu.js';
import { O_29 } from '../../memory/sites.js';
import type { Addr } from '../../memory/struct.js';
import { kernelRace, raceContext, restFor } from '../../scenario/kernel-race.js';
import {
  loadLivepatches,
  patchOf,
  PATCHED_FUNCTION,
  writeEnabled,
} from '../../scenario/patched-function.js';

/** The work function of a worker that is late: CPU 0 does its work in the race. */
function late(_cpu: Cpu, _work: Addr): void {
  // Nothing yet.
}

/** The patch is disabled, and only the last part of freeing it is left. */
function disableCompletely(cpu: Cpu): void {
  loadLivepatches(cpu, 1);
  writeEnabled(cpu, 0, '0');
  restFor(cpu, 250);
}

function finish(cpu: Cpu): void {
  klpFreePatchFinish(cpu, patchOf(cpu, 0));
}

/** How often the other CPU looks whether the module can go. */
const POLLS = 300;

function unload(cpu: Cpu): void {
  const refcnt = cpu.ctx.kernel.modules + MODULE.refcnt;
  for (let polls = 0; polls < POLLS && cpu.readOnce(refcnt) !== 1; polls++);
  deleteModule(cpu, raceContext(cpu).nameId('livepatch_a'));
}

/** CPU 0 finishes freeing a patch; CPU 1 unloads its module as soon as it can. */
export const freeUnload = kernelRace({
  name: 'free-unload',
  description: 'klp_free_patch_finish() against delete_module().',
  declaration: {
    ...PATCHED_FUNCTION,
    overrides: { workFns: { [KLP_WORK_FREE_PATCH]: late } },
  },
  prepare: disableCompletely,
  roles: [
    { comm: 'worker', sleepingIn: [], body: finish },
    { comm: 'unloader', sleepingIn: [], body: unload },
  ],
  observe: (end, { booted }) =>
    end.read(booted.kernel.modules + MODULE.name) === 0 ? 'unloaded' : 'in use',
  outcomes: {
    unloaded: { grade: 'acceptable', reason: 'the module went after the patch' },
    'in use': { grade: 'acceptable', reason: 'the module could not go yet' },
  },
  bounds: { steps: 20_000 },
  ablations: [
    {
      sites: [O_29],
      finds: 'data race',
      why: 'the kobject is put when the module, in whose memory it lives, is gone',
    },
  ],
});
