/** The public API of klp-smp. */

export { InvariantViolated, SimulatorBug, UsageError, type Finding } from './errors.js';
export {
  compileProgram,
  type Body,
  type CompiledProgram,
  type JavaScriptPatch,
  type JavaScriptProgram,
} from './live/bodies.js';
export { Dispatcher, type DispatchOptions, type Site } from './live/dispatch.js';
export { bootLive, patchStateOf, type LiveMachine, type LiveOptions } from './live/live.js';
export { type Cpu, type CpuContext } from './memory/cpu.js';
export { claimLocal } from './memory/local.js';
export { MemoryMap } from './memory/map.js';
export { struct } from './memory/struct.js';
export { race, system, type RaceScenario, type Scenario } from './scenario/declare.js';
