/** L-5: a forced replace completes and frees its nops while a thread is in the hook of cond_resched(). */

import { kallsymsNthSymbol } from '../../kernel/kallsyms.js';
import { KERNEL } from '../../kernel/layout.js';
import { loadModule } from '../../kernel/module.js';
import { synchronizeRcu } from '../../kernel/rcu.js';
import { TASK } from '../../kernel/task.js';
import { asm, INSTRUCTION_WORDS } from '../../kernel/text.js';
import { FORCE, klpSysfsWrite } from '../../livepatch/core-sysfs.js';
import { KLP_PATCH, KLP_UNDEFINED } from '../../livepatch/layout.js';
import type { Cpu } from '../../memory/cpu.js';
import type { BootedMachine } from '../../scenario/boot.js';
import type { KernelBody, PredictedFinding, RaceScenario } from '../../scenario/declare.js';
import {
  firedWarn,
  kernelRace,
  raceContext,
  restFor,
  sleepHere,
} from '../../scenario/kernel-race.js';
import {
  attempt,
  loadLivepatches,
  patchOf,
  PATCHED_FUNCTION,
  reachHook,
} from '../../scenario/patched-function.js';

const version = (name: string, n: number) => ({ name, code: [asm.mark(n, 1), asm.ret] });
const F_A = { funcs: [{ oldName: 'f', newName: 'f_a' }] };
const F_B = { funcs: [{ oldName: 'f', newName: 'f_b' }] };

/** The second patch replaces the first and lacks its object for module `target`, which is not loaded: it gets a nop. */
const DECLARATION = {
  ...PATCHED_FUNCTION,
  names: ['target', 'tf'],
  modules: [
    {
      name: 'livepatch_a',
      functions: [version('f_a', 1), version('tf_a', 1)],
      patch: { objects: [F_A, { name: 'target', funcs: [{ oldName: 'tf', newName: 'tf_a' }] }] },
    },
    {
      name: 'livepatch_b',
      functions: [version('f_b', 2)],
      patch: { replace: true, objects: [F_B] },
    },
  ],
};

/** The first patch is enabled; the second waits for the thread, which is in the function of the first. */
function startReplacing(cpu: Cpu): void {
  loadLivepatches(cpu, 1);
  const { nameId, tasks } = raceContext(cpu);
  const entry = kallsymsNthSymbol(cpu, nameId('livepatch_a'), nameId('f_a'), 1);
  cpu.set((tasks[1] ?? 0) + TASK.pc, entry + INSTRUCTION_WORDS);
  loadModule(cpu, 1);
  restFor(cpu, 250);
}

/**
 * The hook's static key is off already. Switching it off interrupts every CPU, which is no wait for hooks: they run with
 * preemption, not with interrupts disabled. Here interrupts wait for both.
 */
function settle(words: Int32Array, { kernel }: BootedMachine): void {
  words[kernel.globals + KERNEL.klpSchedTrySwitchKey] = 0;
}

function force(cpu: Cpu): void {
  klpSysfsWrite(cpu, patchOf(cpu, 1) + KLP_PATCH.kobj, FORCE, '1');
}

function forceAndComplete(cpu: Cpu): void {
  force(cpu);
  attempt(cpu);
}

/** A candidate fix: whoever forces waits for hooks that are under way; later ones find no flag. */
function forceWaitAndComplete(cpu: Cpu): void {
  force(cpu);
  synchronizeRcu(cpu);
  attempt(cpu);
}

function resched(cpu: Cpu): void {
  reachHook(cpu);
  sleepHere(cpu);
}

function forceRace(
  name: string,
  description: string,
  admin: KernelBody,
  ablations: readonly PredictedFinding[] = [],
): RaceScenario {
  return kernelRace({
    name,
    description,
    declaration: DECLARATION,
    prepare: startReplacing,
    settle,
    roles: [
      { comm: 'admin', sleepingIn: [], body: admin },
      { comm: 'thread', sleepingIn: [], body: resched },
    ],
    observe(end, { booted: { kernel, klp } }) {
      const warn = firedWarn(end, kernel);
      if (warn !== undefined) return warn;
      return end.read(klp.targetState) === KLP_UNDEFINED ? 'complete' : 'pending';
    },
    outcomes: {
      complete: { grade: 'acceptable', reason: 'the forced transition is complete' },
      pending: { grade: 'acceptable', reason: 'another attempt is needed' },
    },
    bounds: { steps: 20_000 },
    ablations,
  });
}

/** CPU 0 forces a replace and completes it; CPU 1's thread is in cond_resched(). The kernel as it is. */
export const forceHook = forceRace(
  'force-hook',
  'klp_force_transition() and the completion of a replace against __klp_sched_try_switch().',
  forceAndComplete,
  [
    {
      sites: [],
      finds: 'oops',
      why: 'the hook walks the objects of the patch while the one that only holds nops is freed',
    },
  ],
);

/** The same with a candidate fix. */
export const forceHookFixed = forceRace(
  'force-hook-fixed',
  'As force-hook, with a wait for hooks that are under way after forcing.',
  forceWaitAndComplete,
);
