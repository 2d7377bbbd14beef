/** What `compare` is asked to do, and what it answers. */

import type { MemoryKind } from '../../memory/backend.js';
import type { Grade } from '../../scenario/declare.js';
import type { Watching } from '../options/progress.js';

/** What a comparison is asked to do. */
export interface CompareOptions extends Watching {
  /** `NAME` of the catalogue, `FILE` or `FILE#NAME`. */
  readonly scenario: string;
  /** Memory on the threads. Default `weak`. */
  readonly backend?: MemoryKind;
  /** Executions on threads. Default 20,000. */
  readonly executions?: number;
  /** Time for the explorer, and for a program on threads, in ms. Default 10,000. */
  readonly budgetMs?: number;
  /** Ordering sites to remove on both sides. Default none. */
  readonly ablate?: readonly (number | string)[];
  /** Seed of every random choice. Default 1. */
  readonly seed?: number;
}

/** One outcome, and how often each side showed it. */
export interface CompareRow {
  readonly outcome: string;
  readonly grade: Grade;
  readonly explorer: number;
  readonly threads: number;
}

/** What a comparison showed; plain data. */
export interface CompareResult {
  readonly scenario: string;
  /** Memory in the explorer. */
  readonly memory: 'lkmm' | 'js';
  /** Memory on the threads: `own` for that of the program. */
  readonly backend: MemoryKind | 'own';
  readonly rows: readonly CompareRow[];
  /** The explorer has looked at every execution. */
  readonly exhausted: boolean;
  /** Executions on each side. */
  readonly explored: number;
  readonly threadRuns: number;
  /** Executions of a program on threads that were given up: nothing had ended for 2 s. They count as no outcome. */
  readonly unended: number;
  /** Outcomes that threads showed although an exhausted search rules them out: an error of ours. */
  readonly unreachable: readonly string[];
  readonly interrupted: boolean;
}
