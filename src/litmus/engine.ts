/** What every engine that runs litmus tests offers, whatever it runs them on: axioms, the view machine, real threads. */
import type { MemoryModel } from './model.js';
import type { LitmusTest } from './syntax/ast.js';

/** A final state: the values of `test.observed`, in that order. */
export type FinalState = readonly number[];

/** A final state and how often it was met: candidate executions for the axioms, runs elsewhere. */
export interface StateCount {
  readonly state: FinalState;
  readonly count: number;
}

/** What a caller may ask of a run. */
export interface EngineOptions {
  /** Wall time after which the engine stops and returns what it has, in milliseconds. */
  readonly timeLimitMs: number;
  /** Runs, for engines that sample; ignored by the axioms. */
  readonly runs?: number;
  /** Seed, for engines that sample. */
  readonly seed?: number;
  /** The memory model, for engines that have more than one; that of Linux 6.1 by default. */
  readonly model?: MemoryModel;
}

/** Why a state may be out of reach of an operational machine: `none` means that it is not. */
export type ReachClass = 'none' | 'po-rf-cycle' | 'po-rf-pb-rb-cycle';

/** What a run showed. */
export interface EngineResult {
  /** Final states that satisfy the filter, each once, in print order. */
  readonly states: readonly StateCount[];
  /** Names of model flags such as `data-race`; empty for engines that have none. */
  readonly flags: readonly string[];
  /** False when the time limit cut the run short: `states` may then lack some. */
  readonly complete: boolean;
  /** True if some executions were left out because they go round a loop more often than the bound allows. */
  readonly isCut?: boolean;
  /** Why the engine cannot run this test; `states` is then empty. */
  readonly skipped?: string;
  /** Executions or runs made, dropped ones included. */
  readonly runs: number;
}

/** One way to run litmus tests. */
export interface Engine {
  /** As written after `--on`. */
  readonly name: string;
  /** True if it can run under any {@link MemoryModel}; others have that of Linux 6.1 built in. */
  readonly hasModels?: boolean;
  /** Run one test.
   * @throws LitmusSyntaxError never: the test is parsed already */
  run(test: LitmusTest, options: EngineOptions): EngineResult | Promise<EngineResult>;
  /** Look for particular final states, for engines that sample: `runs` is for each of them. The states met, wanted or not. */
  seek?(test: LitmusTest, goals: readonly FinalState[], options: EngineOptions): EngineResult;
  /** End what the engine keeps between tests, such as threads of its own. */
  close?(): Promise<void>;
}
