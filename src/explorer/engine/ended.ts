/** An execution that has ended, as far as judging it takes. */

import type { Ending } from '../../scenario/declare.js';
import type { CpuState } from './cpu-state.js';

/** What of a CPU tells why it cannot go on. */
export type BlockedCpu = Pick<CpuState, 'id' | 'waiting' | 'waitAddr'>;

/** What an execution left behind, or a search that reached the same end another way. */
export interface Ended extends Ending {
  /** What kernel code threw, when it did. */
  readonly thrown: unknown;
  /** The CPU whose code threw, where it is known. */
  readonly thrownBy?: number;
  readonly cpus: readonly BlockedCpu[];
}
