/** A scenario made ready for many executions: its machine, and the memory that each of them starts from. */

import type { Machine, Scenario } from '../../scenario/declare.js';

/** A machine and its initial memory; the memory is never modified. */
export interface Prepared {
  readonly scenario: Scenario;
  readonly machine: Machine;
  readonly image: Int32Array;
}
