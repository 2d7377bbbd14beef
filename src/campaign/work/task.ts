/** The protocol between a campaign and its workers: what each task is given and what it answers. */

import type { Pulse } from '../../explorer/engine/pulse.js';
import type { SessionConfig, StrategyConfig } from '../../explorer/engine/config.js';
import type { AxiomsVerdict } from '../../explorer/findings/axioms.js';
import type { CoverageCounts } from '../../explorer/findings/coverage.js';
import type { Inflection } from '../../explorer/findings/inflection.js';
import type { Recording } from '../../explorer/findings/recording.js';
import type { Verdict } from '../../explorer/engine/verdict.js';
import type { KeptAt } from '../verify/saved-search.js';
import type { ExhaustReport, ExhaustRequest } from '../../explorer/states/exhaust.js';
import type { PctParameters } from '../../explorer/strategies/pct.js';
import type { HistoryVerdict } from '../../scenario/history.js';
import type { KernelVersion } from '../../kernel/versions.js';
import type { LatentScriptResult } from '../../scenario/latent.js';
import type { ScenarioReference } from '../../scenario/reference.js';
import type { PlayReport, PlayRequest } from '../recording/played-task.js';
import type { SetUpRequest } from '../scenarios/set-up.js';
import type { RangeResult } from './range.js';
import type { FileListing } from '../scenarios/scenario-index.js';
import type { StopAt } from './tally.js';

/** A slice of a campaign: executions `from` … `to` - 1, or fewer if the time is over before. */
export interface SliceRequest {
  readonly session: SessionConfig;
  readonly strategy: StrategyConfig;
  readonly from: number;
  readonly to: number;
  /** Milliseconds after which the slice ends early. */
  readonly ms: number;
  readonly stopAt: StopAt;
}

/** A slice's counts, and the guarantee of a priority-based exploration. */
export interface SliceResult extends RangeResult {
  readonly pct?: PctParameters & { readonly bound: number };
}

/** Parts of an exhaustive search: those of the prefixes `from` … `to` - 1. */
export interface PartsRequest {
  readonly session: SessionConfig;
  readonly strategy: Extract<StrategyConfig, { readonly kind: 'dfs' }>;
  readonly from: number;
  readonly to: number;
  /** Milliseconds after which no further part is begun. */
  readonly ms: number;
}

/** A finding by its token. */
export interface TokenRequest {
  readonly session: SessionConfig;
  readonly token: string;
}

/** What to examine for coverage. */
export interface CoverageRequest {
  readonly session: SessionConfig;
  readonly strategy: StrategyConfig;
  /** At most this many executions. */
  readonly executions: number;
  /** Milliseconds after which it ends early. */
  readonly ms: number;
}

/** A shrunk finding. */
export interface MinimisedFinding {
  readonly token: string;
  readonly verdict: Verdict;
  readonly before: { readonly switches: number; readonly choices: number };
  readonly after: { readonly switches: number; readonly choices: number };
  readonly executions: number;
  readonly isMinimal: boolean;
  /** Ablated sites without which the finding goes away. */
  readonly needed: readonly number[];
}

/** The inflection point of a finding, in its story. */
export interface InflectionStep extends Inflection {
  /** Number of the step in the story; 0: every execution that was tried fails. */
  readonly line: number;
  /** What that step is. */
  readonly text: string;
}

/** What a replay showed. */
export interface ReplayReport {
  readonly verdict: Verdict;
  readonly hash: number;
  /** The second execution was equal to the first. */
  readonly repeats: boolean;
  readonly fingerprint: string;
  /** The whole story. */
  readonly lines: readonly string[];
  /** The steps that decide the outcome; null: the same as the whole story. */
  readonly decisive: readonly string[] | null;
  /** From which operation on a forbidden outcome is no longer avoided; null: none found, or nothing forbidden. */
  readonly inflection: InflectionStep | null;
  readonly ablated: readonly string[];
  /** What the axioms of LKMM say of the execution, where they were asked. */
  readonly axioms?: AxiomsVerdict;
}

/** An operation of `Atomics` in a program's sources. */
export interface ProgramOperation {
  readonly site: number;
  /** `file:line`. */
  readonly place: string;
  /** Its text. */
  readonly text: string;
  /** Whether a look at the program has executed it. */
  readonly isReached: boolean;
}

/** Every task: what it is given, and what it answers. */
export interface TaskMap {
  /** Execute a part of a campaign. */
  slice: { request: SliceRequest; result: SliceResult };
  /** Execute parts of an exhaustive search. */
  parts: { request: PartsRequest; result: Pick<RangeResult, 'tally' | 'next'> };
  /** Number of CPUs of a scenario. */
  cpus: { request: SessionConfig; result: number };
  /** List the scenarios of a file. */
  list: {
    request: { readonly file: string; readonly replace?: string };
    result: FileListing;
  };
  /** A digest of a scenario that is loaded and set up in a world. */
  setUp: { request: SetUpRequest; result: string };
  /** The memory that every execution of a scenario starts from. */
  image: { request: ScenarioReference; result: Int32Array };
  /** The operations of `Atomics` that a program executes. */
  operations: { request: SessionConfig; result: readonly ProgramOperation[] };
  /** Data races of a program, each with both its places. */
  races: { request: SessionConfig; result: readonly string[] };
  /** Shrink the finding that a token holds. */
  minimise: { request: TokenRequest; result: MinimisedFinding };
  /** Execute what a token holds, twice, and tell it. */
  tell: { request: TokenRequest & { readonly all: boolean }; result: ReplayReport };
  /** Execute what a token holds, and write down every step. */
  record: { request: TokenRequest & { readonly command: string }; result: Recording };
  /** Execute a recording of threads. */
  play: { request: PlayRequest; result: PlayReport };
  /** Execute a token twice; returns its outcome if both executions were the one that the token was made of. */
  repeat: { request: TokenRequest; result: string | undefined };
  /** What the first executions of an exploration reach; undefined for a program, whose code has no ordering sites. */
  coverage: { request: CoverageRequest; result: CoverageCounts | undefined };
  /** Search all states of a race. */
  exhaust: { request: ExhaustRequest & { readonly keep?: KeptAt }; result: ExhaustReport };
  /** Run both variants of the script of a bug of the past. */
  history: { request: { readonly id: string }; result: HistoryVerdict };
  /** Run a script about a latent issue: the number of the attempt, from 0. */
  latent: {
    request: {
      readonly id: string;
      readonly attempt: number;
      readonly seed: number;
      readonly kernel: KernelVersion;
    };
    result: LatentScriptResult;
  };
}

/** Name of a task. */
export type TaskName = keyof TaskMap;

/** What travels to a worker. */
export interface TaskMessage<K extends TaskName = TaskName> {
  readonly task: K;
  readonly request: TaskMap[K]['request'];
  /** Where the worker shows that it executes operations. */
  readonly pulse: Pulse;
}

/** The answer of a worker. Errors lose their class between threads, so usage errors are returned as values. */
export type Answer<T> = { readonly result: T } | { readonly usage: string };
