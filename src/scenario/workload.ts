/** A workload for a whole machine on real threads: what is booted, what runs, and how what happened is judged. */

import type { NativeCpu } from '../memory/native.js';
import type { NativeBoot } from '../memory/native-boot.js';
import type { BootedMachine } from './boot.js';
import type { Grade } from './declare.js';

/** How often something happened, and what that means. */
export interface OutcomeCount {
  readonly outcome: string;
  readonly count: number;
  readonly grade: Grade;
  readonly reason: string;
}

/** A machine with its work. Built anew, and equal, on every thread. */
export interface Workload {
  readonly booted: BootedMachine;
  /** Write what the booted machine's memory does not hold yet; once, before any CPU runs. */
  readonly prepare?: (words: Int32Array) => void;
  /** Attach to a CPU what it keeps outside the shared memory; on the CPU's thread, before any CPU runs. */
  readonly attach?: (cpu: NativeCpu, boot: NativeBoot) => void;
  /** What the workload counted. */
  readonly outcomes: (words: Int32Array) => OutcomeCount[];
}

/** A module that can be named to the thread engine. Options are plain data. */
export interface WorkloadModule<Options = never> {
  readonly build: (options: Options) => Workload;
}
