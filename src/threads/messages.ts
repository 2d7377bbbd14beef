/** What the engine tells a CPU's thread, and what the thread answers. */

import type { MemoryKind } from '../memory/backend.js';
import type { WeakOptions } from '../memory/native-boot.js';
import type { SiteId } from '../memory/sites.js';
import type { RecordBoot } from './recording.js';
import type { ReplacedModules } from './replaced-modules.js';
import type { WasmMemory } from '../memory/wasm-memory.js';

/** Everything a thread needs to become a CPU. */
export interface CpuBoot {
  readonly cpu: number;
  readonly memory: WasmMemory;
  /** URL of the {@link WorkloadModule}, and its options. */
  readonly workload: string;
  readonly options: unknown;
  readonly kind: MemoryKind;
  readonly ablation: readonly SiteId[];
  readonly weak?: WeakOptions;
  /** Modules with replaced kernel functions. */
  readonly replaced?: ReplacedModules;
  /** What is needed to record the CPU; its operations are not recorded without. */
  readonly record?: RecordBoot;
  /** Stop the machine at the first finding. */
  readonly stopOnFinding: boolean;
}

/** How a CPU ended. */
export interface CpuEnd {
  readonly cpu: number;
  /** `stopped`: switched off. `oops`: the simulated kernel crashed on it. `finding`: a check of a recorded machine found something, or its code slept where it must not. */
  readonly status: 'stopped' | 'oops' | 'finding';
  /** What the oops or the finding says. */
  readonly detail: string;
  /** What a finding is counted by. */
  readonly key?: string;
  /** What the memory reordered, by name. */
  readonly statistics: Readonly<Record<string, number>>;
}
