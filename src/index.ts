/** The public API of klp-smp. */

export { InvariantViolated, SimulatorBug, UsageError, type Finding } from './errors.js';
export {
  compileProgram,
  type Body,
  type CompiledProgram,
  type JavaScriptPatch,
  type JavaScriptProgram,
} from './threads/bodies.js';
export { Dispatcher, type DispatchOptions, type Site } from './threads/dispatch.js';
export { bootLive, patchStateOf, type LiveMachine, type LiveOptions } from './threads/live.js';
