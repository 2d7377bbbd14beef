/** A small shared memory with CPUs of any backend on it, for tests in one thread. */

import { createNativeCpu, type MemoryKind } from '../../src/memory/backend.js';
import type { CpuContext } from '../../src/memory/cpu.js';
import { claimLocal } from '../../src/memory/local.js';
import { createSharedMemory, MemoryMap } from '../../src/memory/map.js';
import type { NativeCpu } from '../../src/memory/native.js';
import type { NativeBoot } from '../../src/memory/native-boot.js';
import type { Addr, CpuId } from '../../src/memory/struct.js';

/** CPUs over one memory, and 64 words for them to work on. */
export interface SmallMachine {
  readonly words: Int32Array;
  readonly data: Addr;
  readonly cpus: readonly NativeCpu[];
}

/** Make `count` CPUs of one backend; `boot` adds options. */
export function smallMachine(
  kind: MemoryKind,
  count: number,
  boot: Partial<NativeBoot> = {},
): SmallMachine {
  const map = new MemoryMap();
  const localBase = claimLocal(map, count);
  const data = map.claimWords('data', 64);
  const { memory, words } = createSharedMemory(map.words);
  const cpus = Array.from({ length: count }, (_, id) =>
    createNativeCpu(kind, id as CpuId, {} as CpuContext, { words, memory, localBase, ...boot }),
  );
  return { words, data, cpus };
}
