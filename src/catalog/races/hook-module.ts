/** L-1: a target module comes or goes during a transition while a thread is in the hook of cond_resched(). */

import { deleteModule, loadModule } from '../../kernel/module.js';
import { synchronizeRcu } from '../../kernel/rcu.js';
import { TASK } from '../../kernel/task.js';
import { asm, INSTRUCTION_WORDS } from '../../kernel/text.js';
import { FIX_L_1 } from '../../livepatch/candidates.js';
import { klpModuleComing, klpModuleGoing } from '../../livepatch/core-module.js';
import { KLP_PATCHED } from '../../livepatch/layout.js';
import { __klpSchedTrySwitch } from '../../livepatch/transition.js';
import type { KernelHooks } from '../../kernel/hooks.js';
import type { Cpu } from '../../memory/cpu.js';
import { O_08 } from '../../memory/sites.js';
import type { Addr } from '../../memory/struct.js';
import type { BootedMachine } from '../../scenario/boot.js';
import type { KernelBody, PredictedFinding, RaceScenario } from '../../scenario/declare.js';
import {
  firedWarn,
  kernelRace,
  raceContext,
  restFor,
  sleepHere,
} from '../../scenario/kernel-race.js';
import { PATCHED_FUNCTION, reachHook } from '../../scenario/patched-function.js';

const LIVEPATCH = 0;
const TARGET = 1;
/** Jiffies in which an enabling gets as far as it can without the thread. */
const TRANSITION_JIFFIES = 250;

/** A livepatch for `tf` of module `target`, and for `f` of vmlinux, in which the thread stays: each hook looks at all of it. */
const DECLARATION = {
  ...PATCHED_FUNCTION,
  modules: [
    {
      name: 'livepatch_a',
      functions: ['f_a', 'tf_a'].map((name) => ({ name, code: [asm.mark(1, 1), asm.ret] })),
      patch: {
        objects: [
          { name: 'target', funcs: [{ oldName: 'tf', newName: 'tf_a' }] },
          { funcs: [{ oldName: 'f', newName: 'f_a' }] },
        ],
      },
    },
    { name: 'target', functions: [{ name: 'tf', code: [asm.mark(0, 1), asm.ret] }] },
  ],
};

/** The target is there, and the enabling waits for the thread. */
function startWithTarget(cpu: Cpu): void {
  loadModule(cpu, TARGET);
  startWithoutTarget(cpu);
}

function startWithoutTarget(cpu: Cpu): void {
  loadModule(cpu, LIVEPATCH);
  restFor(cpu, TRANSITION_JIFFIES);
}

function unloadTarget(cpu: Cpu): void {
  deleteModule(cpu, raceContext(cpu).nameId('target'));
}

function loadTarget(cpu: Cpu): void {
  loadModule(cpu, TARGET);
}

/** Times that the thread reaches cond_resched(). */
const CALLS = 6;

/** The current thread, which is marked, reaches cond_resched() some times and sleeps. */
function reschedOften(cpu: Cpu): void {
  for (let i = 0; i < CALLS; i++) reachHook(cpu);
  sleepHere(cpu);
}

/** How often the thread looks whether the module is still in flux. */
const POLLS = 400;

/** The current thread reaches cond_resched() when a change has begun and the count says that it is over. */
function reschedAfterwards(cpu: Cpu): void {
  const { modulesInFlux } = cpu.ctx.klp;
  // Not waits, which would end with a view of everything up to the store that ends them.
  for (let polls = 0; polls < POLLS && cpu.readOnce(modulesInFlux) === 0; polls++);
  for (let polls = 0; polls < POLLS && cpu.readOnce(modulesInFlux) !== 0; polls++);
  reachHook(cpu);
  sleepHere(cpu);
}

/** The thread is still in `f`, so that no hook switches it. */
function stayInFunction(words: Int32Array, booted: BootedMachine, tasks: readonly Addr[]): void {
  words[(tasks[1] ?? 0) + TASK.pc] = booted.symbol('f') + INSTRUCTION_WORDS;
}

/** From here on hooks stay out; those under way are not waited for. */
function keepHooksOut(cpu: Cpu): void {
  cpu.fetchAdd(cpu.ctx.klp.modulesInFlux, 1);
}

/** The fix without its grace period. A module that goes would be waited for all the same when it unregisters (O-14). */
function comingWithoutGrace(cpu: Cpu, mod: Addr): number {
  keepHooksOut(cpu);
  const ret = klpModuleComing(cpu, mod);
  cpu.fetchAddRelease(cpu.ctx.klp.modulesInFlux, -1);
  return ret;
}

/** The fix with a relaxed decrement: the lists may be seen to change after it. */
function goingWithoutRelease(cpu: Cpu, mod: Addr): void {
  keepHooksOut(cpu);
  synchronizeRcu(cpu);
  klpModuleGoing(cpu, mod);
  cpu.atomicAdd(cpu.ctx.klp.modulesInFlux, -1);
}

/** The fix with a relaxed load: the lists may be read before it. */
function hookWithoutAcquire(cpu: Cpu): void {
  cpu.preemptDisable();
  if (cpu.readOnce(cpu.ctx.klp.modulesInFlux) === 0) __klpSchedTrySwitch(cpu);
  cpu.preemptEnable();
}

interface ModuleRace {
  readonly name: string;
  readonly description: string;
  readonly prepare: KernelBody;
  readonly admin: KernelBody;
  /** Default: the thread reaches the hook at any time. */
  readonly thread?: KernelBody;
  readonly hooks?: Partial<KernelHooks>;
  readonly ablations?: readonly PredictedFinding[];
}

function moduleRace(spec: ModuleRace): RaceScenario {
  const { name, description, prepare, admin, thread, hooks = {}, ablations = [] } = spec;
  return kernelRace({
    name,
    description,
    declaration: { ...DECLARATION, overrides: { hooks } },
    prepare,
    settle: stayInFunction,
    roles: [
      { comm: 'admin', sleepingIn: [], body: admin },
      { comm: 'thread', sleepingIn: ['f'], body: thread ?? reschedOften },
    ],
    observe(end, { booted: { kernel }, tasks }) {
      const warn = firedWarn(end, kernel);
      if (warn !== undefined) return warn;
      const patchState = end.read((tasks[1] ?? 0) + TASK.patchState);
      return patchState === KLP_PATCHED ? 'switched in f' : 'waiting';
    },
    outcomes: {
      waiting: {
        grade: 'acceptable',
        reason: 'the thread, which is in f, is still to be switched',
      },
      'switched in f': {
        grade: 'forbidden',
        reason: 'the thread is switched inside the old function',
      },
    },
    bounds: { steps: 20_000 },
    ablations,
  });
}

const oops = (why: string): readonly PredictedFinding[] => [{ sites: [], finds: 'oops', why }];

/** CPU 0 unloads the target module; CPU 1's thread is in cond_resched(). The kernel as it is. */
export const hookModuleGoing = moduleRace({
  name: 'hook-module-going',
  description: 'klp_module_going() against __klp_sched_try_switch(), without klp_mutex.',
  prepare: startWithTarget,
  admin: unloadTarget,
  ablations: oops('the hook finds no klp_ops for a function of an object that still says patched'),
});

/** CPU 0 loads the target module; CPU 1's thread is in cond_resched(). The kernel as it is. */
export const hookModuleComing = moduleRace({
  name: 'hook-module-coming',
  description: 'klp_module_coming() against __klp_sched_try_switch(), without klp_mutex.',
  prepare: startWithoutTarget,
  admin: loadTarget,
  ablations: oops('the hook walks klp_ops while an entry without a stack is being added'),
});

/** As hook-module-going, with the candidate fix. */
export const hookModuleGoingFixed = moduleRace({
  name: 'hook-module-going-fixed',
  description: 'klp_module_going() against __klp_sched_try_switch(), with a candidate fix.',
  prepare: startWithTarget,
  admin: unloadTarget,
  hooks: FIX_L_1,
});

/** As hook-module-going-fixed, with the hook right after the change. */
export const hookModuleAfterFixed = moduleRace({
  name: 'hook-module-after-fixed',
  description: '__klp_sched_try_switch() right after klp_module_going(), with a candidate fix.',
  prepare: startWithTarget,
  admin: unloadTarget,
  thread: reschedAfterwards,
  hooks: FIX_L_1,
});

/** As hook-module-coming, with the candidate fix. */
export const hookModuleComingFixed = moduleRace({
  name: 'hook-module-coming-fixed',
  description: 'klp_module_coming() against __klp_sched_try_switch(), with a candidate fix.',
  prepare: startWithoutTarget,
  admin: loadTarget,
  hooks: FIX_L_1,
});

/** The candidate fix without the wait for hooks that are under way. */
export const hookModuleNoGrace = moduleRace({
  name: 'hook-module-no-grace',
  description: 'hook-module-coming with a candidate fix that lacks its grace period.',
  prepare: startWithoutTarget,
  admin: loadTarget,
  hooks: { ...FIX_L_1, klpModuleComing: comingWithoutGrace },
  ablations: oops('a hook that had read the count before is not waited for'),
});

/** The candidate fix with a relaxed store at the end. */
export const hookModuleNoRelease = moduleRace({
  name: 'hook-module-no-release',
  description: 'hook-module-going with a candidate fix that lacks its release.',
  prepare: startWithTarget,
  admin: unloadTarget,
  thread: reschedAfterwards,
  hooks: { ...FIX_L_1, klpModuleGoing: goingWithoutRelease },
  ablations: oops('the hook sees the count of after the change and half of the change'),
});

/** The candidate fix with a relaxed load in the hook: harmless, since the hook's own smp_rmb() follows (O-08). */
export const hookModuleNoAcquire = moduleRace({
  name: 'hook-module-no-acquire',
  description: 'hook-module-going with a candidate fix that lacks its acquire.',
  prepare: startWithTarget,
  admin: unloadTarget,
  thread: reschedAfterwards,
  hooks: { ...FIX_L_1, __klpSchedTrySwitch: hookWithoutAcquire },
  ablations: [
    {
      sites: [O_08],
      finds: 'oops',
      why: 'the hook reads the lists before the count that says they are at rest',
    },
  ],
});
