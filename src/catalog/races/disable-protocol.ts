/** The ordering protocol of a disable, reduced to its accesses: a patcher, and tasks that call the patched function. */

import type { Cpu } from '../../memory/cpu.js';
import { claimLocal } from '../../memory/local.js';
import { MemoryMap } from '../../memory/map.js';
import { O_01, O_04, O_07, O_10 } from '../../memory/sites.js';
import { struct, type Addr } from '../../memory/struct.js';
import { race, type Ending, type KernelBody, type RaceScenario } from '../../scenario/declare.js';

const KLP_UNDEFINED = -1;
const KLP_UNPATCHED = 0;
const KLP_PATCHED = 1;
const TIF_PATCH_PENDING = 13;

const TASK = struct('task', { patchState: 1, tiFlags: 1 });
const KLP = struct('klp', { targetState: 1, transition: 1 });

/** Event of a handler's decision: task, 0 for the first call and 1 for the second, 1 for the new function. */
const TRACE_DECISION = 1;
/** Event of the WARN in the handler: patch_state is KLP_UNDEFINED although the function is in transition. */
const TRACE_WARN_UNDEFINED = 2;
/** Event of a task that found TIF_PATCH_PENDING at its switch point. */
const TRACE_SWITCHED = 3;

/** Where the disable protocol keeps its patch and its tasks. */
export interface Protocol {
  readonly klp: Addr;
  readonly tasks: readonly Addr[];
}

declare module '../../memory/cpu.js' {
  interface CpuContext {
    readonly disableProtocol?: Protocol;
  }
}

const protocolOf = (context: { readonly disableProtocol?: Protocol }): Protocol =>
  context.disableProtocol as Protocol;

/** __klp_disable_patch() and what it calls, without the task loops' locks. */
function disablePatch(cpu: Cpu): void {
  const { klp, tasks } = protocolOf(cpu.ctx);
  cpu.write(klp + KLP.targetState, KLP_UNPATCHED);
  for (const task of tasks) cpu.write(task + TASK.patchState, KLP_PATCHED);
  // Pairs with the second smpRmb() in handler(): patch_state before transition.
  cpu.smpWmb(O_01);
  cpu.write(klp + KLP.transition, 1);
  // Pairs with the read-modify-write in updatePatchState(): transition before TIF_PATCH_PENDING.
  cpu.smpWmb(O_04);
  for (const task of tasks) cpu.setBit(task + TASK.tiFlags, TIF_PATCH_PENDING);
}

/** klp_ftrace_handler() from the point where it has the topmost function. */
function handler(cpu: Cpu, task: Addr, call: number): void {
  const { klp } = protocolOf(cpu.ctx);
  let isNew = 1;
  if (cpu.read(klp + KLP.transition) !== 0) {
    // Pairs with the first smpWmb() in disablePatch().
    cpu.smpRmb(O_10);
    const state = cpu.read(task + TASK.patchState);
    if (state === KLP_UNDEFINED) cpu.trace(TRACE_WARN_UNDEFINED, task);
    if (state === KLP_UNPATCHED) isNew = 0;
  }
  cpu.trace(TRACE_DECISION, call, isNew);
}

/** klp_update_patch_state(). */
function updatePatchState(cpu: Cpu, task: Addr): void {
  const { klp } = protocolOf(cpu.ctx);
  // Pairs with both smpWmb() in disablePatch(): the flag before the target state, and before a later transition.
  if (cpu.testAndClearBit(task + TASK.tiFlags, TIF_PATCH_PENDING, O_07)) {
    cpu.write(task + TASK.patchState, cpu.readOnce(klp + KLP.targetState));
    cpu.trace(TRACE_SWITCHED);
  }
}

/** A task that calls the patched function, leaves the kernel, comes back and calls it again. */
function callTwice(cpu: Cpu): void {
  const task = protocolOf(cpu.ctx).tasks[cpu.id - 1] as Addr;
  handler(cpu, task, 0);
  updatePatchState(cpu, task);
  handler(cpu, task, 1);
}

type TaskOutcome = keyof typeof OUTCOMES | 'pending-old';

/** Outcome of one task: whether it switched, and which function its second call got. */
function outcomeOfTask(end: Ending, id: number): TaskOutcome {
  const seen = { warned: false, switched: false, isNew: false };
  end.traced.each((by, event, _task, decision) => {
    if (by !== id) return;
    if (event === TRACE_WARN_UNDEFINED) seen.warned = true;
    if (event === TRACE_SWITCHED) seen.switched = true;
    if (event === TRACE_DECISION) seen.isNew = decision === 1;
  });
  if (seen.warned) return 'warn';
  // Whole names: millions of executions are counted by them.
  if (seen.switched) return seen.isNew ? 'switched-new' : 'switched-old';
  return seen.isNew ? 'pending-new' : 'pending-old';
}

const OUTCOMES = {
  'pending-new': { grade: 'acceptable', reason: 'the task has not seen its flag yet' },
  'switched-old': { grade: 'acceptable', reason: 'a task that has switched runs the old function' },
  'switched-new': {
    grade: 'forbidden',
    reason: 'a task that has switched runs the function that is about to be freed (O-04)',
  },
  warn: { grade: 'forbidden', reason: 'patch_state is undefined during a transition (O-01)' },
} as const;

function disableProtocol(name: string, tasks: number): RaceScenario {
  return race({
    name,
    description: `Disable a patch while ${tasks} task(s) call the function and leave the kernel.`,
    build() {
      const map = new MemoryMap();
      const localBase = claimLocal(map, tasks + 1);
      const klp = map.claim('klp', KLP);
      const base = map.claim('task', TASK, tasks);
      const refs = Array.from({ length: tasks }, (_, i) => base + i * TASK.size);
      const bodies: KernelBody[] = [disablePatch, ...refs.map(() => callTwice)];
      return {
        map,
        localBase,
        ctx: { disableProtocol: { klp, tasks: refs } },
        bodies,
        init(words) {
          words[klp + KLP.targetState] = KLP_UNDEFINED;
          for (const task of refs) words[task + TASK.patchState] = KLP_UNDEFINED;
        },
      };
    },
    observe(end) {
      for (let id = 1; id <= tasks; id++) {
        const outcome = outcomeOfTask(end, id);
        if (outcome === 'switched-new' || outcome === 'warn') return outcome;
      }
      return outcomeOfTask(end, 1);
    },
    outcomes: OUTCOMES,
  });
}

/** One task. */
export const disableProtocol1: RaceScenario = disableProtocol('disable-protocol-1', 1);
/** Two tasks. */
export const disableProtocol2: RaceScenario = disableProtocol('disable-protocol-2', 2);
