/** What a replay showed. */

import type { Verdict } from '../explorer/engine/verdict.js';
import type { ReplayReport } from './work/task.js';

/** What a replay showed; plain data. */
export interface ReplayResult extends ReplayReport {
  readonly scenario: string;
  readonly verdict: Verdict;
  /** What is different from when the token was made: the code, or the execution; null: nothing. */
  readonly changed: string | null;
}
