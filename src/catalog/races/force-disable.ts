/** A forced disable of a function in which a task sleeps: its module has to stay for ever, O-28. */

import { deleteModule, MODULE } from '../../kernel/module.js';
import { FORCE, klpSysfsWrite } from '../../livepatch/core-sysfs.js';
import { KLP_PATCH } from '../../livepatch/layout.js';
import type { Cpu } from '../../memory/cpu.js';
import { O_28 } from '../../memory/sites.js';
import { kernelRace, raceContext, restFor, sleepHere } from '../../scenario/kernel-race.js';
import {
  attempt,
  PATCHED_FUNCTION,
  patchOf,
  SLEEPER,
  startDisabling,
} from '../../scenario/patched-function.js';

function forceAndComplete(cpu: Cpu): void {
  klpSysfsWrite(cpu, patchOf(cpu, 0) + KLP_PATCH.kobj, FORCE, '1');
  attempt(cpu);
  sleepHere(cpu);
}

/** Times that somebody tries to unload the module, and the jiffies in between. */
const TRIES = 3;
const BETWEEN = 100;

function unload(cpu: Cpu): void {
  for (let i = 0; i < TRIES; i++) {
    restFor(cpu, BETWEEN);
    if (deleteModule(cpu, raceContext(cpu).nameId('livepatch_a')) === 0) break;
  }
  sleepHere(cpu);
}

/** CPU 0 forces a disabling for which a task would have to leave the function; CPU 1 unloads the module if it can. */
export const forceDisable = kernelRace({
  name: 'force-disable',
  description: 'klp_force_transition() of a disable against delete_module().',
  declaration: { ...PATCHED_FUNCTION, initialTasks: [SLEEPER] },
  prepare: startDisabling,
  roles: [
    { comm: 'admin', sleepingIn: [], body: forceAndComplete },
    { comm: 'unloader', sleepingIn: [], body: unload },
  ],
  jiffies: 400,
  observe: (end, { booted }) =>
    end.read(booted.kernel.modules + MODULE.name) === 0 ? 'freed' : 'kept',
  outcomes: {
    kept: { grade: 'acceptable', reason: 'the module stays, in whose function the task sleeps' },
    freed: { grade: 'forbidden', reason: 'the task sleeps in a function that has been unloaded' },
  },
  bounds: { steps: 40_000 },
  ablations: [
    { sites: [O_28], finds: 'freed', why: 'the patch is not marked, and drops its module' },
  ],
});
