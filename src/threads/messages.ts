/** What the engine tells a CPU's thread, and what the thread answers. */

import type { MemoryKind } from '../memory/backend.js';
import type { WeakOptions } from '../memory/native.js';
import type { SiteId } from '../memory/sites.js';
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
  /** Stop the machine at the first finding. */
  readonly stopOnFinding: boolean;
}

/** How a CPU ended. */
export interface CpuEnd {
  readonly cpu: number;
  /** `stopped`: switched off. `oops`: the simulated kernel crashed on it. */
  readonly status: 'stopped' | 'oops';
  /** What the oops says. */
  readonly detail: string;
  /** What the memory reordered, by name. */
  readonly statistics: Readonly<Record<string, number>>;
}
