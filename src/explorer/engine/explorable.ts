/** What campaigns, shrinking and replays need of something that can be executed again and again under a strategy. */

import type { Schedule, ScheduleLog } from './schedule.js';
import type { Strategy } from './strategy.js';
import type { Verdict } from './verdict.js';

/** The last execution. */
export interface Executed {
  readonly log: ScheduleLog;
  readonly hash: number;
  readonly steps: number;
  readonly switches: number;
  /** Whether the execution went beyond the bound, where the strategy no longer decides. */
  readonly wasFair: boolean;
  /** The CPUs or agents that take turns. */
  readonly cpus: { readonly length: number };
  /** How many of them are started only during an execution. */
  readonly workers?: number;
}

/** A prepared scenario or program. */
export interface Explorable {
  readonly execution: Executed;
  readonly fingerprint: string;
  readonly scenario: { readonly name: string; readonly kind: string };
  /** Execute once; undefined when the strategy abandoned the execution as redundant. */
  execute(strategy: Strategy): Verdict | undefined;
  /** Execute one schedule. */
  replay(schedule: Schedule): Verdict;
  /** Randomness and time that a program has asked for so far; kernel code may not. */
  readonly asked?: readonly string[];
  /** A program's memory may grow, which changes what its views reach. */
  readonly mayGrow?: boolean;
  /** Token of the execution that has just ended. */
  token(): string;
}
