/** How far a use case has come, as it tells its caller; and how it says that it was stopped. */

import type { Grade } from '../../scenario/declare.js';
import { abortSignal, callback } from './rules.js';

/** An outcome as it is known while a run goes on. */
export interface SeenOutcome {
  /** Scenario, test or run that showed it. */
  readonly of: string;
  readonly name: string;
  readonly grade: Grade;
  readonly count: number;
  /** Reproduces it. */
  readonly token?: string;
}

/** A step of progress. */
export interface Progress {
  /** Progress so far, in `unit`s. */
  readonly done: number;
  /** Progress at the end, in `unit`s. */
  readonly total: number;
  /** For instance `s` or `executions`. */
  readonly unit: string;
  /** What is going on just now; may be empty. */
  readonly note: string;
  /** Executions, trials or operations so far, where `unit` counts something else. */
  readonly executions?: number;
  /** Outcomes seen so far. */
  readonly outcomes?: readonly SeenOutcome[];
  /** What was finished just now: a row of the result, plain data. */
  readonly row?: object;
}

/** What every use case takes besides its own options. */
export interface Watching {
  /** Called from time to time, on this thread. */
  readonly onProgress?: (progress: Progress) => void;
  /** Aborting it ends the use case within a second; the result then holds what there is, and says `interrupted`. */
  readonly signal?: AbortSignal;
}

/** The table entries of {@link Watching}. */
export const WATCHING = {
  onProgress: {
    rule: callback<(progress: Progress) => void>(),
    about: 'called with the progress',
    inProgram: true,
  },
  signal: { rule: abortSignal, about: 'ends the run early', inProgram: true },
} as const;
