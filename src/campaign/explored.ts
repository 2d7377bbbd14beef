/** What exploring a scenario shows, as plain data. */

import type { PortfolioMember, StrategyConfig } from '../explorer/engine/config.js';
import type { Grade } from '../scenario/declare.js';
import type { MinimisedFinding, SliceResult } from './work/task.js';

/** An outcome that an exploration saw. */
export interface ExploredOutcome {
  readonly key: string;
  readonly grade: Grade;
  /** One sentence: what happened, or why it is graded so. */
  readonly detail: string;
  readonly count: number;
  /** Number of the first execution that showed it. */
  readonly firstRun: number;
  /** With a portfolio: the strategy that made that execution. */
  readonly by?: PortfolioMember;
  /** Reproduces that execution. */
  readonly token: string;
  /** Command line that does so. */
  readonly replay: string;
  /** The execution was given up at its bound on operations: its outcome is not known. */
  readonly isUnended?: true;
}

/** A forbidden outcome, shrunk. */
export interface ExploredFinding extends Omit<MinimisedFinding, 'needed'> {
  /** Removed sites without which it does not happen, `O-04`. */
  readonly needed: readonly string[];
  /** Command line that shows it again. */
  readonly replay: string;
}

/** What an exploration showed; plain data. */
export interface ExploreResult {
  readonly scenario: string;
  /** File that exports it. */
  readonly file: string;
  readonly fingerprint: string;
  readonly memory: 'lkmm' | 'sc' | 'js';
  readonly strategy: StrategyConfig;
  readonly ablated: readonly string[];
  /** Kernel functions that were replaced, and the file that did so; null: none. */
  readonly replaced: readonly string[];
  readonly replace: string | null;
  readonly seconds: number;
  /** Executions that reached their end. */
  readonly executions: number;
  /** Executions cut short because others stand for them. */
  readonly redundant: number;
  /** Executions that went beyond the bound on operations, and so left the strategy's hands. */
  readonly overlong: number;
  readonly steps: number;
  readonly switches: number;
  readonly outcomes: readonly ExploredOutcome[];
  /** Hash over all traces, eight hexadecimal digits: equal for equal runs. */
  readonly digest: string;
  /** Executions 0 … `nextRun` - 1 are counted. */
  readonly nextRun: number;
  /** `dfs`: nothing is left to try, within the bounds where `bounded`. */
  readonly exhausted: boolean;
  readonly bounded: boolean;
  readonly pct?: SliceResult['pct'];
  /** Forbidden outcomes shrunk: the first ten at the most. */
  readonly findings: readonly ExploredFinding[];
  /** Programs: data races that a few executions showed, each with both its places. */
  readonly races: readonly string[];
  /**
   * Programs: the sources that differ from run to run and that the program used: `Math.random`, `crypto`, `Date` or
   * `performance`. Randomness is drawn from the seed for each execution, and is one fixed value under `dfs`; time is
   * virtual.
   */
  readonly asked: readonly string[];
  /** Those of {@link ExploreResult.asked} that had one value in all executions: an exhaustive search covers these values only. */
  readonly fixed: readonly string[];
  /** It was stopped by its signal. */
  readonly interrupted: boolean;
}

/** Which sources of {@link ExploreResult.asked} have one value: time is virtual and passes only by itself; an exhaustive search draws no random values. */
export const fixedOf = (
  asked: readonly string[],
  strategy: StrategyConfig['kind'],
): readonly string[] =>
  asked.filter((name) => strategy === 'dfs' || name === 'Date' || name === 'performance');
