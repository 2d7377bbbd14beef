/** The pass over sleeping tasks on the wasm backend: klp_try_switch_task() as one WebAssembly call, its trace in TypeScript. */

import { readFileSync } from 'node:fs';
import { SimulatorBug } from '../errors.js';
import { archStackWalkReliable } from '../kernel/stacktrace.js';
import { TASK } from '../kernel/task.js';
import type { Cpu, CpuContext } from '../memory/cpu.js';
import type { NativeBoot } from '../memory/native-boot.js';
import { FIRST_VALID_ADDR, NULL, type Addr, type CpuId } from '../memory/struct.js';
import { KLP_CPU, KLP_OBJECT, KLP_PATCH, type TrySwitchTask } from './layout.js';
import { SWITCHED_BY_STACK_CHECK, TRACE_KLP_SWITCHED } from './trace.js';
import { klpTrySwitchTask } from './transition.js';
import type { WasmModule } from '../memory/wasm-memory.js';

/** One attempt: {@link ALREADY}, {@link SWITCHED}, or another result that the WebAssembly source defines. */
type Attempt = (task: Addr, current: Addr) => number;

const ALREADY = 1;
const SWITCHED = 2;
const REFUSED = 0;
const PORT = -1;

/** Attempts the rest of the task list, after unlocking a task; results as the WebAssembly source defines them. */
type Attempts = (task: Addr, held: Addr, current: Addr, mode: number) => number;

/** What an {@link Attempts} found, and how it is asked. */
const [LOCKED_SWITCHED, LOCKED_PORT, NOWHERE] = [1, 3, 4];
const [STEPWISE, NEW_PASS] = [1, 2];
/** Tasks lie on multiples of this many words. */
const TASK_ALIGNMENT = 16;

interface Switch {
  readonly attempt: Attempt;
  readonly attempts: Attempts;
  readonly unlock: (task: Addr) => void;
}

/** The module that the build made. */
function builtModule(): WasmModule {
  const url = new URL('./wasm/klp-try-switch-task.wasm', import.meta.url);
  return new WebAssembly.Module(readFileSync(url));
}

/** Instantiate the switch for one CPU. */
function createSwitch(
  id: CpuId,
  { kernel, klp }: CpuContext,
  boot: NativeBoot,
  module: WasmModule,
): Switch {
  const { memory, words } = boot;
  if (memory?.buffer !== words.buffer) {
    throw new SimulatorBug('the wasm switch needs the WebAssembly.Memory that its words lie in');
  }
  const largest = Math.max(KLP_PATCH.size, KLP_OBJECT.size, TASK.size + 1);
  const imports = {
    memory,
    targetAt: klp.targetState * 4,
    transitionPatchAt: klp.transitionPatch * 4,
    entriesAt: (klp.perCpu + id * KLP_CPU.size + KLP_CPU.stackEntries) * 4,
    percpuAt: kernel.percpu * 4,
    firstTaskAt: (kernel.tasks + kernel.cpus * kernel.taskStride) * 4,
    ops: klp.ops,
    limit: words.length - FIRST_VALID_ADDR - largest,
  };
  const { exports } = new WebAssembly.Instance(module, { klp: imports });
  return {
    attempt: exports['klpTrySwitchTask'] as unknown as Attempt,
    attempts: exports['klpTrySwitchTasks'] as unknown as Attempts,
    unlock: exports['unlock'] as unknown as Switch['unlock'],
  };
}

/** The port on top of an attempt: it does the work that the attempt leaves to it. */
function trySwitchTaskOf({ attempt, unlock }: Switch): TrySwitchTask {
  return (cpu: Cpu, task: Addr): boolean => {
    const found = attempt(task, cpu.current);
    if (found === ALREADY) return true;
    if (found === PORT) return klpTrySwitchTask(cpu, task);
    if (found === SWITCHED) traceSwitched(cpu, task);
    unlock(task);
    if (found === SWITCHED || found === REFUSED) return found === SWITCHED;
    return klpTrySwitchTask(cpu, task);
  };
}

function traceSwitched(cpu: Cpu, task: Addr): void {
  const state = cpu.read(task + TASK.patchState);
  cpu.trace(TRACE_KLP_SWITCHED, task, state, SWITCHED_BY_STACK_CHECK);
}

/**
 * The pass over the task list on top of a switch: it stays in WebAssembly as long as it can. On a CPU with a trace it
 * returns for each switched task, to report the switch before releasing the task's lock: no CPU may see it run first.
 */
function trySwitchTasksOf({ attempts, unlock }: Switch, isTraced: boolean): TrySwitchTask {
  const mode = isTraced ? STEPWISE : 0;
  return (cpu: Cpu, first: Addr): boolean => {
    let complete = true;
    let found = attempts(first, NULL, cpu.current, mode | NEW_PASS);
    while (found >= TASK_ALIGNMENT) {
      const what = found % TASK_ALIGNMENT;
      const task = found - what;
      const isSwitched = what === LOCKED_SWITCHED;
      if (isSwitched) traceSwitched(cpu, task);
      if (what === LOCKED_PORT) unlock(task);
      const looked = what === NOWHERE ? cpu.get(task + TASK.tasksNext) : task;
      if (!isSwitched && !klpTrySwitchTask(cpu, looked)) complete = false;
      const next = cpu.get(looked + TASK.tasksNext);
      found = attempts(next, isSwitched ? task : NULL, cpu.current, mode);
    }
    return complete && found === 0;
  };
}

/**
 * The context of a CPU whose passes over the task list use WebAssembly in place of the port: the one given when the machine
 * asks for something that only the port does.
 *
 * @param module the compiled switch, by default the one that the build made; a test may give a faulty one
 * @throws {SimulatorBug} when `boot.memory` is not the memory of `boot.words`
 */
export function withTrySwitch(
  id: CpuId,
  ctx: CpuContext,
  boot: NativeBoot,
  module?: WasmModule,
): CpuContext {
  const { kernel, klp } = ctx;
  const portOnly =
    klp.sabotage.stackCheckPasses ||
    klp.facts.stackBuffer === 'one' ||
    klp.facts.pinsCurrent ||
    !kernel.reliableStacks ||
    kernel.archStackWalkReliable !== archStackWalkReliable;
  if (portOnly) return ctx;
  const made = createSwitch(id, ctx, boot, module ?? builtModule());
  const trySwitchTask = trySwitchTaskOf(made);
  const trySwitchTasks = trySwitchTasksOf(made, boot.trace !== undefined);
  return { ...ctx, klp: { ...klp, trySwitchTask, trySwitchTasks } };
}
