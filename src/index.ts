/** The public API of klp-smp. */

export {
  ablate,
  type AblateOptions,
  type AblateResult,
  type AblationRow,
} from './campaign/ablate/ablate.js';
export { type ThreadRow } from './campaign/ablate/ablate-threads.js';
export { benchDispatch, type BenchOptions, type BenchResult } from './campaign/bench-dispatch.js';
export {
  compare,
  type CompareOptions,
  type CompareResult,
  type CompareRow,
} from './campaign/compare/compare.js';
export {
  conformance,
  type ConformanceOptions,
  type ConformanceResult,
  type EngineConformance,
} from './campaign/litmus/conformance.js';
export { explore, type ExploreOptions } from './campaign/explore.js';
export type { ExploredFinding, ExploredOutcome, ExploreResult } from './campaign/explored.js';
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
  type LatentVerdict,
} from './campaign/latent.js';
export {
  proposals,
  type ProposalFinding,
  type ProposalRow,
  type ProposalsOptions,
  type ProposalsResult,
  type VariantResult,
} from './campaign/proposals.js';
export {
  checkLitmus,
  type CheckLitmusOptions,
  type CheckLitmusResult,
  type LitmusEngine,
} from './campaign/litmus/litmus.js';
export {
  litmusShapes,
  type LitmusShapesOptions,
  type LitmusShapesResult,
} from './campaign/litmus/litmus-shapes.js';
export { type Outcome, type OutcomeTable, type OutcomeTotals } from './campaign/stress/outcomes.js';
export { type Progress, type SeenOutcome, type Watching } from './campaign/options/progress.js';
export {
  exhaust,
  type ExhaustedRace,
  type ExhaustOptions,
  type ExhaustResult,
} from './campaign/verify/exhaust.js';
export type { ExhaustedOutcome, ExhaustReport } from './explorer/states/exhaust.js';
export type { Seen } from './explorer/states/search-result.js';
export { recordFinding, type RecordFindingOptions } from './campaign/recording/record-finding.js';
export { runCampaign, type RunCampaignOptions } from './campaign/run-campaign.js';
export type {
  CampaignFinding,
  CampaignResult,
  CampaignSnapshot,
  JobSummary,
  ReplayedFinding,
} from './campaign/plan/snapshot.js';
export type { PlanFile } from './campaign/plan/plan.js';
export type { Recording } from './explorer/findings/recording.js';
export { replay, type ReplayOptions, type ReplayResult } from './campaign/replay.js';
export { listScenarios, type ScenarioInfo } from './campaign/scenarios/scenario-index.js';
export {
  stress,
  type StressEvent,
  type StressOptions,
  type StressResult,
} from './campaign/stress/stress.js';
export { type HoldUp } from './threads/hold-up.js';
export { type StressRecording } from './campaign/stress/stress-record.js';
export { stressInExplorer, type ExplorerStressOptions } from './campaign/stress/stress-explorer.js';
export { type InflectionStep } from './campaign/work/task.js';
export { verify, type VerifyOptions } from './campaign/verify/verify.js';
export {
  weaken,
  type WeakenedOperation,
  type WeakenOptions,
  type WeakenResult,
} from './campaign/weaken.js';
export type { VerifiedScenario, VerifyResult } from './campaign/verify/verified.js';
export {
  Interrupted,
  InvariantViolated,
  partialResult,
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
export * from './memory/sites.js';
export { NULL, POISON, struct, type Addr, type AnyStruct, type CpuId } from './memory/struct.js';
export {
  bootMachine,
  type BootedMachine,
  type MachineDeclaration,
  type ModuleDeclaration,
  type ObjectDeclaration,
  type PatchDeclaration,
} from './scenario/boot.js';
export {
  race,
  system,
  type Bounds,
  type Ending,
  type Grade,
  type Invariant,
  type KernelBody,
  type Machine,
  type OutcomeRule,
  type PredictedFinding,
  type RaceScenario,
  type Scenario,
  type StateView,
  type SystemScenario,
  type TraceEvent,
} from './scenario/declare.js';
export * from './scenario/kernel-race.js';
export {
  bootKernelSystem,
  type BootedSystem,
  type KernelSystem,
} from './scenario/kernel-system.js';
export * from './scenario/patched-function.js';

// Types that the signatures above name.
export {
  type Environment as BenchEnvironment,
  type Result as BenchComparison,
  type Row as BenchRow,
} from '../bench/results.js';
export type { Difference, Lacking } from './campaign/litmus/conformance.js';
export type { FindingStatus } from './campaign/plan/corpus.js';
export type { Rows } from './campaign/options/sets.js';
export type { OutcomeReport, ShapeReport } from './campaign/litmus/litmus-shapes.js';
export type { AxiomsCount, OutcomeCount } from './campaign/work/tally.js';
export type { VerifiedOutcome } from './campaign/verify/verified.js';
export type { SearchBounds } from './catalog/demonstrations.js';
export type { Protocol as DisableProtocol } from './catalog/races/disable-protocol.js';
export type { CheckLayout } from './check/layout.js';
export type { PortfolioMember, StrategyConfig } from './explorer/engine/config.js';
export type { Verdict } from './explorer/engine/verdict.js';
export type { AxiomsVerdict } from './explorer/findings/axioms.js';
export type {
  MissingOrder,
  RecordedStep,
  SourceExcerpt,
  StepKind,
} from './explorer/findings/recording.js';
export type { PctParameters } from './explorer/strategies/pct.js';
export type { ReachClass } from './litmus/engine.js';
export type { MissingState } from './litmus/missing.js';
export type {
  DecisiveRule,
  ModelChange,
  ModelComparison,
  ModelVerdict,
} from './litmus/model-comparison.js';
export { MODEL_VERSIONS } from './litmus/model.js';
export type { Reach } from './litmus/on-threads/reach.js';
export type { LitmusGrade } from './litmus/on-threads/shape.js';
export type { Observation } from './litmus/syntax/format.js';
export type { MemoryKind } from './memory/backend.js';
export type { Region } from './memory/map.js';
export type { NativeCpu } from './memory/native.js';
export type { NativeBoot, SleepListener, TraceSink, WeakOptions } from './memory/native-boot.js';
export type { Struct } from './memory/struct.js';
export type { WasmMemory } from './memory/wasm-memory.js';
export type { FuncDeclaration, KernelOverrides } from './scenario/boot.js';
export type {
  BusyTime,
  CheckFinding,
  ConcurrentChecks,
  MachineInterrupt,
  MachineListener,
  StateAccess,
} from './scenario/declare.js';
export type { EventTrace } from './scenario/event-trace.js';
export type { HistoryFinding } from './scenario/history.js';
export type { SoloCpu, SoloMachine } from './scenario/solo.js';
export type { Axiom } from './view-machine/validate/literal.js';

// Kernel code: the ports, their layouts and constants, for races over livepatch and for changed kernel code.
export * from './kernel/alloc.js';
export * from './kernel/boot.js';
export * from './kernel/completion.js';
export * from './kernel/context.js';
export * from './kernel/cpuhp.js';
export * from './kernel/cpumask.js';
export * from './kernel/entry.js';
export * from './kernel/errno.js';
export * from './kernel/fork.js';
export * from './kernel/ftrace.js';
export * from './kernel/hooks.js';
export * from './kernel/idle.js';
export * from './kernel/image.js';
export * from './kernel/interp.js';
export * from './kernel/kallsyms.js';
export * from './kernel/kobject.js';
export * from './kernel/layout.js';
export * from './kernel/list.js';
export * from './kernel/message.js';
export * from './kernel/messages.js';
export * from './kernel/module.js';
export * from './kernel/mutex.js';
export * from './kernel/printk.js';
export * from './kernel/rcu.js';
export * from './kernel/run-queue.js';
export * from './kernel/rwlock.js';
export * from './kernel/sched.js';
export * from './kernel/signal.js';
export * from './kernel/stacktrace.js';
export * from './kernel/static-key.js';
export * from './kernel/task.js';
export * from './kernel/text.js';
export * from './kernel/timer.js';
export * from './kernel/trace.js';
export * from './kernel/types.js';
export * from './kernel/versions.js';
export * from './kernel/vmlinux.js';
export * from './kernel/wait.js';
export * from './kernel/warn.js';
export * from './kernel/work-list.js';
export * from './kernel/workqueue.js';
export * from './livepatch/boot.js';
export * from './livepatch/candidates.js';
export * from './livepatch/core.js';
export * from './livepatch/core-free.js';
export * from './livepatch/core-init.js';
export * from './livepatch/core-module.js';
export * from './livepatch/core-replace.js';
export * from './livepatch/core-sysfs.js';
export * from './livepatch/debug.js';
export * from './livepatch/for-each.js';
export * from './livepatch/image.js';
export * from './livepatch/layout.js';
export * from './livepatch/messages.js';
export * from './livepatch/object.js';
export * from './livepatch/patch.js';
export * from './livepatch/shadow.js';
export * from './livepatch/state.js';
export * from './livepatch/tables.js';
export * from './livepatch/trace.js';
export * from './livepatch/transition.js';
export * from './livepatch/versions.js';
export * from './livepatch/warn-sites.js';
export * from './livepatch/wasm-handler.js';
export * from './livepatch/wasm-switch.js';
