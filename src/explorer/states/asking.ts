/** The interface between code that is executed without a memory and the object that answers its accesses. */

import type { Addr } from '../../memory/struct.js';
import type { Constants } from './constants.js';
import type { SearchRule } from './rules.js';

/** What a CPU asks of the memory. */
export interface Asked {
  readonly kind: number;
  readonly addr: Addr;
  readonly a: number;
  readonly b: number;
  /** How strongly it is ordered, and fences before it: see `requests.ts`; 0 under sequential consistency. */
  readonly order: number;
}

/** The object that answers. */
export interface Answers {
  /**
   * The CPU asks. For what is immediate, and for what was answered in an earlier execution of the same code, the answer is
   * returned; else undefined: the CPU then waits for `AskingCpu.answer()`.
   */
  request(asked: Asked): number | undefined;
  /** The CPU records an event. */
  traced(event: number, a: number, b: number, c: number): void;
}

/** Facts about the machine that decide what a CPU asks. */
export interface AskingOptions {
  /** Words of the memory. */
  readonly words: number;
  readonly localBase: Addr;
  /** The ordering sites that are ablated: a table for `isRemoved()`. */
  readonly removed: Uint8Array;
  /** Whether being preemptible or not can be seen. */
  readonly hasInterrupts: boolean;
  /** Whether order matters: memory is not sequentially consistent. */
  readonly isWeak: boolean;
  readonly constants: Constants;
  /** A rule whose condition is ignored: for tests only. */
  readonly broken?: SearchRule | undefined;
}
