/** What the races over livepatch share: a function `f`, two livepatches for it, and what can become of a task that calls it. */

import type { InitialTask } from '../kernel/boot.js';
import { kallsymsNthSymbol, SYMBOL } from '../kernel/kallsyms.js';
import { loadModule, MODULE } from '../kernel/module.js';
import { TASK, TIF_PATCH_PENDING } from '../kernel/task.js';
import { asm, INSTRUCTION_WORDS, type FunctionSource } from '../kernel/text.js';
import { __klpEnablePatch } from '../livepatch/core.js';
import { klpInitPatch, klpInitPatchEarly } from '../livepatch/core-init.js';
import { ENABLED, klpSysfsWrite } from '../livepatch/core-sysfs.js';
import { KLP_FUNC, KLP_OBJECT, KLP_PATCH, KLP_UNDEFINED } from '../livepatch/layout.js';
import { klpMutexLock, klpMutexUnlock } from '../livepatch/object.js';
import { klpTransitionWorkFn, klpUpdatePatchState } from '../livepatch/transition.js';
import { WARN_COMPLETE_TASK_PENDING, WARN_HANDLER_UNDEFINED } from '../livepatch/warn-sites.js';
import type { Cpu } from '../memory/cpu.js';
import { O_23 } from '../memory/sites.js';
import type { Addr } from '../memory/struct.js';
import type { BootedMachine, MachineDeclaration } from './boot.js';
import type { Ending, OutcomeRule, PredictedFinding, RaceScenario } from './declare.js';
import {
  callTraced,
  firedWarn,
  kernelRace,
  raceContext,
  restFor,
  sleepHere,
  type KernelRaceSpec,
} from './kernel-race.js';

/** Jiffies that a version of `f` sleeps: longer than any race lasts. */
const LONG = 100_000;

const version = (name: string, n: number): FunctionSource => ({
  name,
  code: [asm.mark(n, 1), asm.sleep(LONG), asm.ret],
});

/** Event of a race: a task called `f`; the address where it then was. */
export const TRACE_CALLED = 1000;

/** A machine with function `f` and the modules `livepatch_a` and `livepatch_b`, each with a new version of it. */
export const PATCHED_FUNCTION: Omit<MachineDeclaration, 'cpus' | 'onlineCpus'> = {
  tasks: 12,
  stackWords: 16,
  printkRecords: 64,
  vmlinux: {
    functions: [
      version('f', 0),
      {
        name: 'caller',
        code: [asm.at('again', asm.sleep(LONG)), asm.call('f'), asm.jump('again')],
      },
    ],
  },
  modules: ['a', 'b'].map((name, i) => ({
    name: `livepatch_${name}`,
    functions: [version(`f_${name}`, i + 1)],
    patch: { objects: [{ funcs: [{ oldName: 'f', newName: `f_${name}` }] }] },
  })),
};

/** The patch of the module that was loaded as number `index` of all, from 0. */
export function patchOf(cpu: Cpu, index: number): Addr {
  return cpu.get(cpu.ctx.kernel.modules + index * MODULE.size + MODULE.image);
}

/** The init function of a livepatch module, short of enabling its patch. 0 or a negative errno. */
export function initPatch(cpu: Cpu, mod: Addr): number {
  const patch = cpu.get(mod + MODULE.image);
  klpMutexLock(cpu);
  klpInitPatchEarly(cpu, patch);
  const ret = klpInitPatch(cpu, patch);
  klpMutexUnlock(cpu);
  return ret;
}

/** Enable the patch of a module that {@link initPatch} has initialised. */
export function enableInitialised(cpu: Cpu, index: number): void {
  klpMutexLock(cpu);
  __klpEnablePatch(cpu, patchOf(cpu, index));
  klpMutexUnlock(cpu);
}

/** Jiffies in which a transition completes that waits for nobody: two attempts. */
const TRANSITION_JIFFIES = 250;

/** Load the first `count` livepatches, and wait after each until its transition is complete, if nobody is in the way. */
export function loadLivepatches(cpu: Cpu, count: number): void {
  for (let i = 0; i < count; i++) {
    loadModule(cpu, i);
    restFor(cpu, TRANSITION_JIFFIES);
  }
}

/** Disable a livepatch, and make a sleeping task look as if it were in its function: the transition waits for it. */
function disableWithStraggler(cpu: Cpu, index: number, straggler: Addr): void {
  const { nameId } = raceContext(cpu);
  const letter = index === 0 ? 'a' : 'b';
  const module = nameId(`livepatch_${letter}`);
  const entry = kallsymsNthSymbol(cpu, module, nameId(`f_${letter}`), 1);
  cpu.set(straggler + TASK.pc, entry + INSTRUCTION_WORDS);
  writeEnabled(cpu, index, '0');
  restFor(cpu, TRANSITION_JIFFIES);
}

/** Load `livepatch_a`. A task that sleeps in `f` keeps its transition waiting. */
export function enablePatch(cpu: Cpu): void {
  loadLivepatches(cpu, 1);
}

/** Ask for the patch of `livepatch_a` to be disabled; during its transition that reverses it. */
export function disablePatch(cpu: Cpu): void {
  writeEnabled(cpu, 0, '0');
}

/** Load `livepatch_a` and disable its patch. The transition waits for the first task, which seems to sleep in its function. */
export function startDisabling(cpu: Cpu): void {
  loadLivepatches(cpu, 1);
  disableWithStraggler(cpu, 0, raceContext(cpu).tasks[0] ?? 0);
}

/** Load both livepatches and disable the second. The transition waits for the first task, which seems to sleep in its function. */
export function startDisablingSecond(cpu: Cpu): void {
  loadLivepatches(cpu, 2);
  disableWithStraggler(cpu, 1, raceContext(cpu).tasks[0] ?? 0);
}

/** A task that sleeps in `f` when the machine is prepared: an enabling transition waits for it. */
export const STRAGGLER: InitialTask = {
  comm: 'straggler',
  thread: 'caller',
  sleepingIn: ['caller', 'f'],
};

/** A task that sleeps outside of `f`. */
export const SLEEPER: InitialTask = { comm: 'sleeper', thread: 'caller', sleepingIn: ['caller'] };

/** The first task, still asleep, is back in `caller`: when it wakes it calls `f`. */
export function leaveFunction(
  words: Int32Array,
  booted: BootedMachine,
  [task = 0]: readonly Addr[],
): void {
  words[task + TASK.depth] = 0;
  words[task + TASK.pc] = booted.symbol('caller') + INSTRUCTION_WORDS;
  words[task + TASK.phase] = 1;
}

/** Ask for a patch to be enabled or disabled, as `echo 0 > enabled` does. */
export function writeEnabled(cpu: Cpu, index: number, text: string): number {
  return klpSysfsWrite(cpu, patchOf(cpu, index) + KLP_PATCH.kobj, ENABLED, text);
}

/** One attempt to complete the transition, as the delayed work makes it. */
export function attempt(cpu: Cpu): void {
  klpTransitionWorkFn(cpu, cpu.ctx.klp.transitionWork);
}

/** The current thread comes to where its kernel has the hook: cond_resched(), or __schedule() before a freezable sleep. */
export function reachHook(cpu: Cpu): void {
  const isInSchedule = cpu.ctx.kernel.facts.switchHook === 'schedule';
  if (isInSchedule) cpu.preemptDisable(O_23);
  cpu.ctx.hooks.__klpSchedTrySwitch(cpu);
  if (isInSchedule) cpu.preemptEnable(O_23);
}

/** The current task leaves the kernel, comes back, calls `f` and sleeps in the version it got. */
export function switchAndCall(cpu: Cpu): void {
  klpUpdatePatchState(cpu, cpu.current);
  callAndSleep(cpu);
}

/** The current task is in user mode until it is asked to switch, and does. */
export function leaveWhenAsked(cpu: Cpu): void {
  const flags = cpu.current + TASK.tiFlags;
  for (;;) {
    const seen = cpu.readOnce(flags);
    if ((seen & (1 << TIF_PATCH_PENDING)) !== 0) break;
    cpu.relax(flags, seen);
  }
  klpUpdatePatchState(cpu, cpu.current);
}

/** The current task is in user mode until it is asked to switch; then as {@link switchAndCall}. */
export function switchWhenAsked(cpu: Cpu): void {
  leaveWhenAsked(cpu);
  callAndSleep(cpu);
}

/** The current task calls `f` and sleeps in the version it got. */
export function callAndSleep(cpu: Cpu): void {
  cpu.trace(TRACE_CALLED, callTraced(cpu, raceContext(cpu).symbol('f')));
  sleepHere(cpu);
}

/** Which version of `f` an address of text is in; `other` for any other text. */
export function versionAt(end: Ending, { kernel }: BootedMachine, address: Addr): string {
  for (let i = 0; i < kernel.symbolCount; i++) {
    const symbol = kernel.symbols + i * SYMBOL.size;
    const start = end.read(symbol + SYMBOL.addr);
    if (address < start || address >= start + end.read(symbol + SYMBOL.words)) continue;
    const name = kernel.names[end.read(symbol + SYMBOL.name)] ?? '';
    return /^f(_[ab])?$/.test(name) ? name : 'other';
  }
  return 'other';
}

/** Whether the function of the `index`-th livepatch is still on a func_stack. */
function isPatched(end: Ending, { kernel }: BootedMachine, index: number): boolean {
  const patch = end.read(kernel.modules + index * MODULE.size + MODULE.image);
  const objects = patch + KLP_PATCH.objList;
  const object = end.read(objects);
  if (object === objects) return false;
  return end.read(end.read(object + KLP_OBJECT.funcList) + KLP_FUNC.patched) !== 0;
}

const LIVEPATCH_VERSIONS = ['f_a', 'f_b'];

/**
 * What became of a task, as a key for an outcome:
 * - `WARN n`: the kernel's own check number n fired, for any task;
 * - `freed`: it sleeps in a version whose patch is gone, so whose module may go at any time;
 * - `stalled`: it is on the old side of a transition, and nothing tells it to switch any more;
 * - else the version it sleeps in, and whether a transition is still under way.
 */
export function fateOf(end: Ending, booted: BootedMachine, task: Addr): string {
  const { kernel, klp } = booted;
  const warn = firedWarn(end, kernel);
  if (warn !== undefined) return warn;
  const version = versionAt(end, booted, end.read(task + TASK.pc));
  const index = LIVEPATCH_VERSIONS.indexOf(version);
  if (index >= 0 && !isPatched(end, booted, index)) return 'freed';
  const target = end.read(klp.targetState);
  if (target === KLP_UNDEFINED) return `${version}, complete`;
  const pending = (end.read(task + TASK.tiFlags) & (1 << TIF_PATCH_PENDING)) !== 0;
  if (end.read(task + TASK.patchState) !== target && !pending) return 'stalled';
  return `${version}, pending`;
}

/** Grades of the fates that are wrong wherever they appear. */
export const FATES: Readonly<Record<string, OutcomeRule>> = {
  freed: {
    grade: 'forbidden',
    reason: 'a task sleeps in a function whose patch is gone and whose module may be freed',
  },
  stalled: {
    grade: 'forbidden',
    reason: 'a task that has yet to switch lost TIF_PATCH_PENDING: the transition may never end',
  },
  [`WARN ${WARN_HANDLER_UNDEFINED.id}`]: {
    grade: 'forbidden',
    reason: 'WARN: klp_ftrace_handler() sees KLP_UNDEFINED during a transition',
  },
  [`WARN ${WARN_COMPLETE_TASK_PENDING.id}`]: {
    grade: 'forbidden',
    reason: 'WARN: a task has TIF_PATCH_PENDING when the transition is complete',
  },
};

const fine = (reason: string): OutcomeRule => ({ grade: 'acceptable', reason });

/** Grades for the versions that a race may end in. */
export function allowed(...versions: readonly string[]): Record<string, OutcomeRule> {
  const rules: Record<string, OutcomeRule> = { ...FATES };
  for (const version of versions) {
    rules[`${version}, complete`] = fine(`the task is in ${version}, the transition is complete`);
    rules[`${version}, pending`] = fine(`the task is in ${version}, the transition waits for it`);
  }
  return rules;
}

/** A race over {@link PATCHED_FUNCTION}. */
export interface PatchedFunctionRace extends Omit<
  KernelRaceSpec,
  'declaration' | 'observe' | 'outcomes' | 'bounds'
> {
  /** Tasks besides the roles'. */
  readonly initialTasks?: MachineDeclaration['initialTasks'];
  /** Index of the task whose fate is the outcome, among initial tasks and roles. */
  readonly observed: number;
  /** Versions of `f` that the task may sleep in at the end. */
  readonly versions: readonly string[];
  readonly ablations: readonly PredictedFinding[];
}

/** Declare a race whose outcome is the {@link fateOf} of one task. */
export function patchedFunctionRace(spec: PatchedFunctionRace): RaceScenario {
  const { initialTasks, observed, versions, ...rest } = spec;
  return kernelRace({
    ...rest,
    declaration: { ...PATCHED_FUNCTION, ...(initialTasks ? { initialTasks } : {}) },
    observe: (end, { booted, tasks }) => fateOf(end, booted, tasks[observed] ?? 0),
    outcomes: allowed(...versions),
    bounds: { steps: 20_000 },
  });
}
