/** What a search of states has found. */

import type { Verdict } from '../engine/verdict.js';

/** What a search has found so far. */
export interface SearchResult {
  /** Every state was searched, and nothing was left out. */
  readonly exhausted: boolean;
  /** States in which there was a choice. */
  readonly states: number;
  /** Steps executed, forward and back. */
  readonly steps: number;
  /** Ends reached, by the key of their verdict. */
  readonly ends: ReadonlyMap<string, End>;
  /** How often the search began again, as a word turned out to be shared. */
  readonly restarts: number;
  /** Whether choices were left out because of a bound on preemptions. */
  readonly bounded: boolean;
}

/** Estimate of how much a search has covered: the share of the states on random executions that it has reached. */
export interface Seen {
  /** Mean share over random executions, from 0 to 1, and its standard error. */
  readonly share: number;
  readonly error: number;
}

/** How an execution came to a point: see `PathStrategy`. */
export interface Way {
  readonly path: readonly number[];
  /** The answers of the memory in each step of it; none under sequential consistency. */
  readonly answers: readonly (readonly number[])[];
}

/** Ends with the same outcome, and the way to the first. */
export interface End extends Way {
  readonly verdict: Verdict;
  /** States in which an execution ended so. */
  count: number;
}
