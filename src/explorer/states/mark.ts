/** Where a search can take a state back to. */

import type { EventsMark } from './recorded-events.js';
import type { Way } from './search-result.js';

/** A point to which a state can be taken back. */
export interface Mark extends EventsMark {
  readonly at: Int32Array;
  readonly memory: number;
}

/** A point on the way of an execution. */
export interface Point {
  readonly mark: Mark;
  /** Operations on the way there. */
  readonly depth: number;
  /** The CPU that took the last step that mattered, and preemptions and weak answers up to there. */
  readonly last: number;
  readonly preemptions: number;
  readonly weak: number;
  readonly lazy: number;
}

/** A walk, as plain data; its state apart. */
export interface SavedWalk extends Way {
  readonly steps: number;
  readonly most: number;
  readonly mostWeak: number;
  readonly bounded: boolean;
}
