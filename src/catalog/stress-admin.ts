/** The admins of the stress workload: kernel code that enables, disables, reverses, forces, loads and unloads. */

import { ENODEV } from '../kernel/errno.js';
import { callFromNative } from '../kernel/interp.js';
import { cpuDown, cpuOnline, cpuUp } from '../kernel/cpuhp.js';
import { ftraceEnableSysctl } from '../kernel/ftrace.js';
import { kallsymsNthSymbol } from '../kernel/kallsyms.js';
import {
  deleteModule,
  findModule,
  loadModule,
  MODULE,
  MODULE_STATE_LIVE,
  modulePut,
  tryModuleGet,
} from '../kernel/module.js';
import { TASK, taskRandom } from '../kernel/task.js';
import { INSTRUCTION_WORDS } from '../kernel/text.js';
import { ENABLED, FORCE, klpSysfsWrite } from '../livepatch/core-sysfs.js';
import { KLP_PATCH } from '../livepatch/layout.js';
import type { Cpu } from '../memory/cpu.js';
import { struct, type Addr } from '../memory/struct.js';
import { STRESS_OUTCOMES, stressOutcome, type StressAction } from './stress-outcomes.js';
import { BROKEN_IMAGE, FIRST_FORCEABLE, FORCEABLE } from './stress-text.js';

/** Operations of the mix, in the order of their weights. */
export const MIX_OPERATIONS = [
  'enable',
  'disable',
  'reverse',
  'force',
  'remove',
  'target',
  'hotplug',
  'ftrace',
] as const;

/** Name of an operation of the mix. */
export type MixOperation = (typeof MIX_OPERATIONS)[number];

/** What the natives keep in memory. */
export const STRESS = struct('stress', {
  /** Not 0: the admins have done what they may; no more time passes where it is virtual. */
  done: 1,
  /** Operations that the admins try, all together; 0: without end. */
  limit: 1,
  /** Operations that they have tried. */
  tried: 1,
  targetName: 1,
  targetImage: 1,
  openName: 1,
  readName: 1,
  /** Not 0: no task enters the target module any more, so that it can go. */
  targetClosed: 1,
  /** Weight of each {@link MIX_OPERATIONS}. */
  weights: MIX_OPERATIONS.length,
  /** How often each of {@link STRESS_OUTCOMES} happened. */
  counts: STRESS_OUTCOMES.length,
  /** Results that nobody listed, and the last of them. */
  unexpected: 1,
  unexpectedAction: 1,
  unexpectedResult: 1,
});

/** Draws of an admin who finds nothing to do before he gives up until next time. */
const DRAWS = 8;

/** A transition that has been tried more often than this is left alone, so that a stall shows. */
const YOUNG_ATTEMPTS = 4;

function count(cpu: Cpu, state: Addr, action: StressAction, result: number): void {
  const index = stressOutcome(action, result);
  if (index >= 0) {
    cpu.atomicAdd(state + STRESS.counts + index, 1);
    return;
  }
  cpu.atomicAdd(state + STRESS.unexpected, 1);
  const known = STRESS_OUTCOMES.findIndex((o) => o.action === action);
  cpu.writeOnce(state + STRESS.unexpectedAction, known);
  cpu.writeOnce(state + STRESS.unexpectedResult, result);
}

/** One of the first `n` operations of the mix, by weight; -1 when all weights are 0. */
function draw(cpu: Cpu, state: Addr, from: number, to: number): number {
  let total = 0;
  for (let i = from; i < to; i++) total += cpu.get(state + STRESS.weights + i);
  if (total === 0) return -1;
  let left = taskRandom(cpu, cpu.current) % total;
  for (let i = from; i < to; i++) {
    left -= cpu.get(state + STRESS.weights + i);
    if (left < 0) return i;
  }
  return -1;
}

function patchOf(cpu: Cpu, image: number): Addr {
  const mod = findModule(cpu, cpu.ctx.kernel.images[image]?.name ?? 0);
  if (mod === 0 || cpu.readOnce(mod + MODULE.state) !== MODULE_STATE_LIVE) return 0;
  return cpu.get(mod + MODULE.image);
}

/** Any image of a livepatch; those that may be forced come up rarely. */
function anyImage(cpu: Cpu): number {
  const random = taskRandom(cpu, cpu.current);
  if (random % 16 === 0) return FIRST_FORCEABLE + ((random >>> 8) % FORCEABLE);
  return (random >>> 8) % FIRST_FORCEABLE;
}

function enable(cpu: Cpu, state: Addr): boolean {
  const image = anyImage(cpu);
  const ret = loadModule(cpu, image);
  count(cpu, state, image === BROKEN_IMAGE ? 'enable broken' : 'enable', ret);
  return true;
}

function disable(cpu: Cpu, state: Addr): boolean {
  const patch = patchOf(cpu, anyImage(cpu));
  if (patch === 0) return false;
  const ret = klpSysfsWrite(cpu, patch + KLP_PATCH.kobj, ENABLED, '0');
  count(cpu, state, 'disable', ret);
  return true;
}

/** The patch in transition, if the transition is young enough to interfere. */
function youngTransition(cpu: Cpu): Addr {
  const { klp } = cpu.ctx;
  if (cpu.readOnce(klp.signalsCnt) > YOUNG_ATTEMPTS) return 0;
  return cpu.readOnce(klp.transitionPatch);
}

function reverse(cpu: Cpu, state: Addr): boolean {
  const patch = youngTransition(cpu);
  if (patch === 0) return false;
  const value = cpu.readOnce(patch + KLP_PATCH.enabled) === 0 ? '1' : '0';
  const ret = klpSysfsWrite(cpu, patch + KLP_PATCH.kobj, ENABLED, value);
  count(cpu, state, 'reverse', ret);
  return true;
}

/** Only patches made for it are forced: a forced removal keeps the module for ever. */
function force(cpu: Cpu, state: Addr): boolean {
  const patch = youngTransition(cpu);
  for (let i = 0; i < FORCEABLE; i++) {
    if (patch === 0 || patchOf(cpu, FIRST_FORCEABLE + i) !== patch) continue;
    count(cpu, state, 'force', klpSysfsWrite(cpu, patch + KLP_PATCH.kobj, FORCE, '1'));
    return true;
  }
  return false;
}

function remove(cpu: Cpu, state: Addr): boolean {
  const name = cpu.ctx.kernel.images[anyImage(cpu)]?.name ?? 0;
  count(cpu, state, 'remove', deleteModule(cpu, name));
  return true;
}

/** Draw an operation and carry it out. Returns false when it has nothing to work on. */
function livepatchOperation(cpu: Cpu, state: Addr): boolean {
  switch (draw(cpu, state, 0, 5)) {
    case 0:
      return enable(cpu, state);
    case 1:
      return disable(cpu, state);
    case 2:
      return reverse(cpu, state);
    case 3:
      return force(cpu, state);
    case 4:
      return remove(cpu, state);
    default:
      return true;
  }
}

/** Whether the admins have done what they may; counts one more operation if not. */
function isOver(cpu: Cpu, state: Addr): boolean {
  const limit = cpu.readOnce(state + STRESS.limit);
  if (limit === 0) return false;
  if (cpu.fetchAdd(state + STRESS.tried, 1) < limit) return false;
  cpu.writeOnce(state + STRESS.done, 1);
  return true;
}

/** One action of the admin who deals with livepatches. */
export function livepatchAdmin(cpu: Cpu, state: Addr): void {
  if (isOver(cpu, state)) return;
  for (let n = 0; n < DRAWS; n++) if (livepatchOperation(cpu, state)) return;
}

/** An admin who unloads the module keeps its users out first. The first try mostly finds some still inside, a later one does not. */
function churnTarget(cpu: Cpu, state: Addr): void {
  const isLoading = (taskRandom(cpu, cpu.current) & 1) === 0;
  cpu.writeOnce(state + STRESS.targetClosed, isLoading ? 0 : 1);
  if (isLoading) {
    count(cpu, state, 'load target', loadModule(cpu, cpu.get(state + STRESS.targetImage)));
  } else {
    count(cpu, state, 'unload target', deleteModule(cpu, cpu.get(state + STRESS.targetName)));
  }
}

/** The first CPU that is offline, or -1. */
function offlineCpu(cpu: Cpu): number {
  for (let n = 0; n < cpu.ctx.kernel.cpus; n++) if (!cpuOnline(cpu, n)) return n;
  return -1;
}

/** Take a CPU down or bring one back, at random: none stays offline for long. */
function hotplug(cpu: Cpu, state: Addr): void {
  const random = taskRandom(cpu, cpu.current);
  const n = (random >>> 4) % cpu.ctx.kernel.cpus;
  if ((random & 3) !== 0) count(cpu, state, 'cpu down', cpuDown(cpu, n));
  else count(cpu, state, 'cpu up', cpuUp(cpu, n));
}

function toggleFtrace(cpu: Cpu, state: Addr): void {
  count(cpu, state, 'ftrace off', ftraceEnableSysctl(cpu, false));
  count(cpu, state, 'ftrace on', ftraceEnableSysctl(cpu, true));
}

/** One action of the admin who deals with everything else. */
export function churnAdmin(cpu: Cpu, state: Addr): void {
  if (isOver(cpu, state)) return;
  const offline = offlineCpu(cpu);
  if (offline >= 0) {
    count(cpu, state, 'cpu up', cpuUp(cpu, offline));
    return;
  }
  switch (draw(cpu, state, 5, MIX_OPERATIONS.length)) {
    case 5:
      churnTarget(cpu, state);
      break;
    case 6:
      hotplug(cpu, state);
      break;
    case 7:
      toggleFtrace(cpu, state);
      break;
    default:
  }
}

/** Hold the target module, if it is there and has been initialised. */
function holdTarget(cpu: Cpu, name: number): boolean {
  const mod = findModule(cpu, name);
  if (mod === 0 || !tryModuleGet(cpu, mod)) return false;
  // The entry may have gone to another module before it was held.
  const live = cpu.readOnce(mod + MODULE.state) === MODULE_STATE_LIVE;
  if (live && cpu.loadAcquire(mod + MODULE.name) === name) return true;
  modulePut(cpu, mod);
  return false;
}

/** Of a system call into the target module: hold the module and call one of its functions, or skip the call. */
export function enterTarget(cpu: Cpu, state: Addr): void {
  const isClosed = cpu.readOnce(state + STRESS.targetClosed) !== 0;
  if (isClosed || !holdTarget(cpu, cpu.get(state + STRESS.targetName))) {
    const pc = cpu.current + TASK.pc;
    cpu.set(pc, cpu.get(pc) + INSTRUCTION_WORDS);
    return;
  }
  const field = (taskRandom(cpu, cpu.current) & 1) === 0 ? STRESS.openName : STRESS.readName;
  const name = cpu.get(state + field);
  callFromNative(cpu, kallsymsNthSymbol(cpu, cpu.get(state + STRESS.targetName), name, 1));
}

/** Of a system call into the target module: let the module go. */
export function leaveTarget(cpu: Cpu, state: Addr): void {
  modulePut(cpu, findModule(cpu, cpu.get(state + STRESS.targetName)));
}

/** The pre_patch callback of the patch that always fails. */
export function refuse(cpu: Cpu): number {
  // The parameter is named `cpu` and used, so that the explorer takes this for kernel code; it always refuses.
  return cpu.current === 0 ? 0 : -ENODEV;
}
