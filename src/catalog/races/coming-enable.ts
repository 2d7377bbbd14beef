/** A module that is coming against a patch that is being enabled: mod->klp_alive decides who patches it, O-25. */

import { findModule, loadModule, MODULE, MODULE_STATE_LIVE } from '../../kernel/module.js';
import { asm } from '../../kernel/text.js';
import { WARN_PATCH_OBJECT_PATCHED } from '../../livepatch/warn-sites.js';
import type { Cpu } from '../../memory/cpu.js';
import { O_25 } from '../../memory/sites.js';
import { NULL } from '../../memory/struct.js';
import {
  firedWarn,
  kernelRace,
  raceContext,
  restFor,
  sleepHere,
} from '../../scenario/kernel-race.js';
import { enablePatch, PATCHED_FUNCTION } from '../../scenario/patched-function.js';

const TARGET = 2;

const version = (name: string, n: number) => ({ name, code: [asm.mark(n, 1), asm.ret] });

const DECLARATION = {
  ...PATCHED_FUNCTION,
  modules: [
    ...['a', 'b'].map((letter, i) => ({
      name: `livepatch_${letter}`,
      functions: [version(`tf_${letter}`, i + 1)],
      patch: {
        objects: [{ name: 'target', funcs: [{ oldName: 'tf', newName: `tf_${letter}` }] }],
      },
    })),
    { name: 'target', functions: [version('tf', 0)] },
  ],
};

function loadTarget(cpu: Cpu): void {
  loadModule(cpu, TARGET);
}

/** How often the other CPU looks for the module before it goes ahead all the same. */
const POLLS = 100;

/** Enable the second patch once the module can be found. */
function enableSecond(cpu: Cpu): void {
  const target = raceContext(cpu).nameId('target');
  for (let polls = 0; polls < POLLS && findModule(cpu, target) === NULL; polls++);
  loadModule(cpu, 1);
  restFor(cpu, 1);
  sleepHere(cpu);
}

const FINDS = `WARN ${WARN_PATCH_OBJECT_PATCHED.id}`;

/** CPU 0 loads the target module; CPU 1 enables a second patch for it. */
export const comingEnable = kernelRace({
  name: 'coming-enable',
  description: 'klp_module_coming() against klp_enable_patch() of a second patch for the module.',
  declaration: DECLARATION,
  prepare: enablePatch,
  roles: [
    { comm: 'loader', sleepingIn: [], body: loadTarget },
    { comm: 'admin', sleepingIn: [], body: enableSecond },
  ],
  jiffies: 10,
  observe(end, { booted: { kernel, nameId } }) {
    const warn = firedWarn(end, kernel);
    if (warn !== undefined) return warn;
    const target = nameId('target');
    for (let i = 0; i < kernel.moduleCount; i++) {
      const mod = kernel.modules + i * MODULE.size;
      const isLive = end.read(mod + MODULE.state) === MODULE_STATE_LIVE;
      if (end.read(mod + MODULE.name) === target && isLive) return 'loaded';
    }
    return 'refused';
  },
  outcomes: {
    loaded: { grade: 'acceptable', reason: 'the module is loaded and patched by both' },
    refused: { grade: 'forbidden', reason: 'the module cannot be loaded' },
    [FINDS]: { grade: 'forbidden', reason: 'WARN: klp_patch_object() finds the object patched' },
  },
  bounds: { steps: 30_000 },
  ablations: [
    {
      sites: [O_25],
      finds: FINDS,
      why: 'the new patch patches the module before its own hook, which then patches it again',
    },
  ],
});
