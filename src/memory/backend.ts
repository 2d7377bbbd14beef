/** Which memory a native CPU runs on: the one place that chooses a backend and applies an ablation. */

import { ablate } from './ablate.js';
import { AtomicsCpu } from './atomics.js';
import { checkArguments } from './checked.js';
import type { CpuContext } from './cpu.js';
import type { NativeCpu } from './native.js';
import type { NativeBoot } from './native-boot.js';
import type { CpuId } from './struct.js';
import { WasmCpu } from './wasm.js';
import { WeakCpu } from './weak.js';

/** Name of a backend on real threads, as `--memory` takes it. */
export type MemoryKind = 'atomics' | 'wasm' | 'weak';

const BACKENDS = { atomics: AtomicsCpu, wasm: WasmCpu, weak: WeakCpu } as const satisfies Record<
  MemoryKind,
  unknown
>;

/** Every {@link MemoryKind}, the reference first. */
export const MEMORY_KINDS: readonly MemoryKind[] = ['atomics', 'wasm', 'weak'];

/**
 * Make a CPU for the calling thread.
 *
 * @param kind which backend
 * @param id its number
 * @param ctx what the rooms below attach to it
 * @param boot memory, ablated sites and options; `wasm` needs `boot.memory`
 * @throws SimulatorBug when `wasm` is asked for without its memory
 */
export function createNativeCpu(
  kind: MemoryKind,
  id: CpuId,
  ctx: CpuContext,
  boot: NativeBoot,
): NativeCpu {
  const cpu = new BACKENDS[kind](id, ctx, boot);
  if (boot.ablation) ablate(cpu, boot.ablation, boot.lateAt);
  if (boot.isChecked === true) checkArguments(cpu);
  return cpu;
}
