/** An enable against the handler: how a new function becomes visible on its stack, O-12 with O-11, O-03 with O-09. */

import { KLP_FUNC, KLP_OBJECT, KLP_OPS, KLP_PATCH } from '../../livepatch/layout.js';
import { MODULE } from '../../kernel/module.js';
import { KLP_HOOKS } from '../../livepatch/tables.js';
import type { Cpu } from '../../memory/cpu.js';
import { O_03, O_09, O_11, O_12 } from '../../memory/sites.js';
import type { Addr } from '../../memory/struct.js';
import { kernelRace, raceContext } from '../../scenario/kernel-race.js';
import {
  allowed,
  callAndSleep,
  enableInitialised,
  fateOf,
  initPatch,
  loadLivepatches,
  patchOf,
  PATCHED_FUNCTION,
} from '../../scenario/patched-function.js';

/** The init function of a livepatch module; that of the second one stops short of the transition. */
function initOnly(cpu: Cpu, mod: Addr): number {
  if (cpu.get(mod + MODULE.imageIndex) === 0) return KLP_HOOKS.klpModuleInit(cpu, mod);
  return initPatch(cpu, mod);
}

function prepareSecond(cpu: Cpu): void {
  loadLivepatches(cpu, 2);
}

function enableSecond(cpu: Cpu): void {
  enableInitialised(cpu, 1);
}

/** How often the caller looks for the new function before it calls all the same. */
const POLLS = 300;

/** The current task calls `f` as soon as it can find the new function there: before, nothing can go wrong. */
function callOncePublished(cpu: Cpu): void {
  const obj = cpu.peek(patchOf(cpu, 1) + KLP_PATCH.objList);
  const node = cpu.peek(obj + KLP_OBJECT.funcList) + KLP_FUNC.stackNode;
  const fops = cpu.fetch(raceContext(cpu).symbol('f') + 1);
  const head = fops - KLP_OPS.fops + KLP_OPS.funcStack;
  // Not a wait, which would end with a view of everything up to the store that ends it; and plain, because a marked
  // load orders, by its address, what the handler later reads through the pointer.
  for (let polls = 0; polls < POLLS && cpu.read(head) !== node; polls++);
  callAndSleep(cpu);
}

const finds = 'f_b, pending';

/** CPU 0 enables a second patch; CPU 1's task, which has not switched, calls `f` once it is published. */
export const enableCall = kernelRace({
  name: 'enable-call',
  description: '__klp_enable_patch() on top of another patch against klp_ftrace_handler().',
  declaration: { ...PATCHED_FUNCTION, overrides: { hooks: { klpModuleInit: initOnly } } },
  prepare: prepareSecond,
  roles: [
    { comm: 'admin', sleepingIn: [], body: enableSecond },
    { comm: 'caller', sleepingIn: [], body: callOncePublished },
  ],
  observe: (end, { booted, tasks }) => fateOf(end, booted, tasks[1] ?? 0),
  outcomes: allowed('f_a'),
  bounds: { steps: 20_000 },
  ablations: [
    {
      sites: [O_12],
      finds,
      why: 'the new function is seen before its link to the older one: the task follows the link to the new one',
    },
    {
      sites: [O_03, O_12],
      finds,
      why: 'the new function is seen on the stack but not in transition, and taken although the task has not switched',
    },
    {
      sites: [O_09, O_11],
      finds,
      why: 'what the function holds is read before the head of the stack that leads to it',
    },
  ],
});
