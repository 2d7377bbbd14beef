/** The pass over sleeping tasks on the wasm backend: klp_try_switch_task() as one WebAssembly call, its trace in TypeScript. */

import { readFileSync } from 'node:fs';
import { SimulatorBug } from '../errors.js';
import { archStackWalkReliable } from '../kernel/stacktrace.js';
import { TASK } from '../kernel/task.js';
import type { Cpu, CpuContext } from '../memory/cpu.js';
import { FIRST_VALID_ADDR } from '../memory/fault.js';
import type { NativeBoot } from '../memory/native.js';
import type { Addr, CpuId } from '../memory/struct.js';
import { KLP_CPU, KLP_OBJECT, KLP_PATCH, type TrySwitchTask } from './layout.js';
import { SWITCHED_BY_STACK_CHECK, TRACE_KLP_SWITCHED } from './trace.js';
import { klpTrySwitchTask } from './transition.js';
import type { WasmModule } from '../memory/wasm-memory.js';

/** One attempt: {@link ALREADY}, {@link SWITCHED}, or what else the WebAssembly source says. */
type Attempt = (task: Addr, current: Addr) => number;

const ALREADY = 1;
const SWITCHED = 2;
const REFUSED = 0;
const PORT = -1;

/** The module that the build made. */
function builtModule(): WasmModule {
  const url = new URL('./wasm/klp-try-switch-task.wasm', import.meta.url);
  return new WebAssembly.Module(readFileSync(url));
}

/** Instantiate the attempt for one CPU. */
function createAttempt(
  id: CpuId,
  { kernel, klp }: CpuContext,
  boot: NativeBoot,
  module: WasmModule,
): Attempt {
  const { memory, words } = boot;
  if (memory?.buffer !== words.buffer) {
    throw new SimulatorBug('the wasm switch needs the WebAssembly.Memory that its words lie in');
  }
  const largest = Math.max(KLP_PATCH.size, KLP_OBJECT.size);
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
  const instance = new WebAssembly.Instance(module, { klp: imports });
  return instance.exports['klpTrySwitchTask'] as unknown as Attempt;
}

/** The port on top of an attempt: it does what the attempt leaves over. */
function trySwitchTaskOf(attempt: Attempt): TrySwitchTask {
  return (cpu: Cpu, task: Addr): boolean => {
    const found = attempt(task, cpu.current);
    if (found === ALREADY) return true;
    if (found === PORT) return klpTrySwitchTask(cpu, task);
    if (found === SWITCHED) {
      const state = cpu.read(task + TASK.patchState);
      cpu.trace(TRACE_KLP_SWITCHED, task, state, SWITCHED_BY_STACK_CHECK);
    }
    cpu.spinUnlock(task + TASK.piLock);
    if (found === SWITCHED || found === REFUSED) return found === SWITCHED;
    return klpTrySwitchTask(cpu, task);
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
  const trySwitchTask = trySwitchTaskOf(createAttempt(id, ctx, boot, module ?? builtModule()));
  return { ...ctx, klp: { ...klp, trySwitchTask } };
}
