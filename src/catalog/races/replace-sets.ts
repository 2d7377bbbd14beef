/** Two sets of cumulative patches: what the proposal of replace sets promises, and today's replace does not. */

import { kallsymsNthSymbol } from '../../kernel/kallsyms.js';
import { loadModule } from '../../kernel/module.js';
import { TASK } from '../../kernel/task.js';
import { asm, INSTRUCTION_WORDS, type FunctionSource } from '../../kernel/text.js';
import { FORCE, klpSysfsWrite } from '../../livepatch/core-sysfs.js';
import { KLP_PATCH } from '../../livepatch/layout.js';
import type { Cpu } from '../../memory/cpu.js';
import { firedWarn, kernelRace, raceContext, restFor } from '../../scenario/kernel-race.js';
import {
  attempt,
  FATES,
  loadLivepatches,
  patchOf,
  PATCHED_FUNCTION,
} from '../../scenario/patched-function.js';
import { MODULE } from '../../kernel/module.js';

const quick = (name: string, n: number, group: number): FunctionSource => ({
  name,
  code: [asm.mark(n, group), asm.ret],
});

const livepatch = (name: string, set: number, func: string, n: number) => ({
  name: `livepatch_${name}`,
  functions: [quick(`${func}_${name}`, n, func === 'f' ? 1 : 2)],
  patch: { replace: set, objects: [{ funcs: [{ oldName: func, newName: `${func}_${name}` }] }] },
});

/** Set 1 has `a` and its successor `c`, set 2 has `b`. */
const DECLARATION = {
  ...PATCHED_FUNCTION,
  vmlinux: { functions: [...PATCHED_FUNCTION.vmlinux.functions, quick('g', 0, 2)] },
  modules: [livepatch('a', 1, 'f', 1), livepatch('b', 2, 'g', 2), livepatch('c', 1, 'f', 3)],
};

/** `a` and `b` are enabled; `c` waits for a task in the function of `a`. */
function startReplacing(cpu: Cpu): void {
  loadLivepatches(cpu, 2);
  const { nameId, tasks } = raceContext(cpu);
  const entry = kallsymsNthSymbol(cpu, nameId('livepatch_a'), nameId('f_a'), 1);
  cpu.set((tasks[1] ?? 0) + TASK.pc, entry + INSTRUCTION_WORDS);
  loadModule(cpu, 2);
  restFor(cpu, 250);
}

function forceAndComplete(cpu: Cpu): void {
  klpSysfsWrite(cpu, patchOf(cpu, 2) + KLP_PATCH.kobj, FORCE, '1');
  attempt(cpu);
}

/** Another administrator tries to complete the transition as well. */
function attemptToo(cpu: Cpu): void {
  attempt(cpu);
}

/** CPU 0 forces the replacement within set 1; set 2 has nothing to do with it. */
export const replaceSets = kernelRace({
  name: 'replace-sets',
  description:
    'klp_force_transition() of a patch that replaces within its set, with another set enabled.',
  declaration: DECLARATION,
  prepare: startReplacing,
  roles: [
    { comm: 'admin', sleepingIn: [], body: forceAndComplete },
    { comm: 'other', sleepingIn: [], body: attemptToo },
  ],
  observe(end, { booted: { kernel } }) {
    const warn = firedWarn(end, kernel);
    if (warn !== undefined) return warn;
    const patch = (n: number): number => end.read(kernel.modules + n * MODULE.size + MODULE.image);
    const is = (n: number, field: number): boolean => end.read(patch(n) + field) !== 0;
    if (is(2, KLP_PATCH.forced)) return 'own patch kept';
    if (is(1, KLP_PATCH.forced) || !is(1, KLP_PATCH.enabled)) return 'other set hit';
    return 'sets apart';
  },
  outcomes: {
    ...FATES,
    'sets apart': { grade: 'acceptable', reason: 'the patch of the other set is as it was' },
    'other set hit': {
      grade: 'forbidden',
      reason: 'a patch of the other set is replaced, or can never be unloaded',
    },
    'own patch kept': {
      grade: 'forbidden',
      reason: 'the patch that replaces can never be unloaded',
    },
  },
  jiffies: 400,
  bounds: { steps: 20_000 },
  ablations: [
    { sites: [], finds: 'other set hit', why: 'today a patch that replaces replaces all others' },
  ],
});
