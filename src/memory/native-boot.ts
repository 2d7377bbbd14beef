/** What a backend on real threads is given to boot, and whom it tells what. */

import type { Ablation, SiteId } from './sites.js';
import type { Addr } from './struct.js';
import type { WasmMemory } from './wasm-memory.js';

/** Receives the trace events of one CPU. */
export type TraceSink = (event: number, a: number, b: number, c: number) => void;

/** How the weak backend reorders; see the weak backend for what each does. */
export interface WeakOptions {
  /** Seed of the run; every CPU derives its own stream from it. Default 1. */
  readonly seed?: number;
  /** Probability, 0 … 1, that an access is reordered where the model allows it. Default 0.5. */
  readonly reorder?: number;
  /** Probability, 0 … 1, that a CPU stalls for a moment inside an access, which widens windows. Default 1/256. */
  readonly stall?: number;
}

/** Notices when all CPUs sleep. */
export interface SleepListener {
  /** The CPU is about to sleep. */
  fallsAsleep(hasTimeout: boolean): void;
  /** Called now and then while the CPU sleeps without a time-out. */
  looksAround(): void;
  /** The CPU goes on. */
  isAwake(): void;
}

/** What a native backend needs to boot. */
export interface NativeBoot {
  readonly words: Int32Array;
  /** Base of the `CPU_LOCAL` lines of all CPUs. */
  readonly localBase: Addr;
  /** The memory behind `words`; only the WebAssembly backend needs it. */
  readonly memory?: WasmMemory;
  readonly ablation?: Ablation;
  readonly trace?: TraceSink;
  readonly weak?: WeakOptions;
  /**
   * The host's clock, in ms: given to a CPU that shares its processor with others; it yields to them from time to time.
   * The host's scheduler changes threads every few milliseconds, and some CPU always waits for one that is not running.
   */
  readonly sharingClock?: () => number;
  /** This CPU executes steps of several, from any state of the memory: it does not know who holds a lock. Default false. */
  readonly standsForOthers?: boolean;
  /** The CPU executes code of users: its operations check their arguments. Default false. */
  readonly isChecked?: boolean;
  /** Ordering sites at which CPUs are late now and then although none is ablated, for code that is broken on purpose there. */
  readonly lateAt?: readonly SiteId[];
}
