/** The public API of klp-smp. */

export {
  ablate,
  type AblateOptions,
  type AblateResult,
  type AblationRow,
} from './campaign/ablate.js';
export { type ThreadRow } from './campaign/ablate-threads.js';
export { benchDispatch, type BenchOptions, type BenchResult } from './campaign/bench-dispatch.js';
export {
  compare,
  type CompareOptions,
  type CompareResult,
  type CompareRow,
} from './campaign/compare.js';
export {
  conformance,
  type ConformanceOptions,
  type ConformanceResult,
  type EngineConformance,
} from './campaign/conformance.js';
export {
  explore,
  type ExploredFinding,
  type ExploredOutcome,
  type ExploreOptions,
  type ExploreResult,
} from './campaign/explore.js';
export { partialResult } from './campaign/failed.js';
export {
  history,
  type HistoryOptions,
  type HistoryResult,
  type HistoryRow,
} from './campaign/history.js';
export {
  latent,
  type AttemptResult,
  type ControlResult,
  type LatentOptions,
  type LatentResult,
  type LatentRow,
} from './campaign/latent.js';
export {
  checkLitmus,
  type CheckLitmusOptions,
  type CheckLitmusResult,
  type LitmusEngine,
} from './campaign/litmus.js';
export {
  litmusShapes,
  type LitmusShapesOptions,
  type LitmusShapesResult,
} from './campaign/litmus-shapes.js';
export { type Outcome, type OutcomeTable, type OutcomeTotals } from './campaign/outcomes.js';
export { type Progress, type Watching } from './campaign/progress.js';
export { replay, type ReplayOptions, type ReplayResult } from './campaign/replay.js';
export { listScenarios } from './campaign/scenario-index.js';
export { stress, type StressOptions, type StressResult } from './campaign/stress.js';
export { type ScenarioInfo } from './campaign/task.js';
export {
  verify,
  type VerifiedScenario,
  type VerifyOptions,
  type VerifyResult,
} from './campaign/verify.js';
export {
  Interrupted,
  InvariantViolated,
  SimulatorBug,
  UsageError,
  type Finding,
} from './errors.js';
export {
  compileProgram,
  type Body,
  type CompiledProgram,
  type JavaScriptPatch,
  type JavaScriptProgram,
} from './live/bodies.js';
export { Dispatcher, type DispatchOptions, type Site } from './live/dispatch.js';
export { bootLive, patchStateOf, type LiveMachine, type LiveOptions } from './live/live.js';
export { type LitmusResult } from './litmus/batch.js';
export { type LitmusFailure, type LitmusReport } from './litmus/job.js';
export { type ModelVersion } from './litmus/model.js';
export { type Cpu, type CpuContext } from './memory/cpu.js';
export { claimLocal } from './memory/local.js';
export { MemoryMap } from './memory/map.js';
export { struct } from './memory/struct.js';
export { race, system, type RaceScenario, type Scenario } from './scenario/declare.js';
