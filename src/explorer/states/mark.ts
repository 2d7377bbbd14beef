/** Where a search can take a state back to. */

import type { EventsMark } from './recorded-events.js';

/** A point to which a state can be taken back. */
export interface Mark extends EventsMark {
  readonly at: Int32Array;
  readonly memory: number;
}
