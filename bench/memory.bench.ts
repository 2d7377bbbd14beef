/** What the vocabulary costs on each backend, beside plain typed-array accesses and raw Atomics. */

import { createNativeCpu, MEMORY_KINDS, type MemoryKind } from '../src/memory/backend.js';
import type { CpuContext } from '../src/memory/cpu.js';
import { claimLocal } from '../src/memory/local.js';
import { createSharedMemory, MemoryMap } from '../src/memory/map.js';
import type { CpuId } from '../src/memory/struct.js';
import { main, type Task } from './harness.js';
import type * as MemoryLoops from './memory-loops.js';
import { OPERATIONS, type Loop } from './memory-loops.js';

const BLOCK = 256;

/** A copy of the loops with call sites of its own. */
async function freshLoops(tag: string): Promise<typeof MemoryLoops> {
  return (await import(`./memory-loops.js?${tag}`)) as typeof MemoryLoops;
}

function tasksOf(loops: Readonly<Record<string, Loop>>, kind?: MemoryKind): Task[] {
  return Object.entries(loops).map(([operation, run]) => ({
    name: kind === undefined ? operation : `${operation}, ${kind}`,
    run,
    operations: OPERATIONS,
  }));
}

async function tasks(seed: number): Promise<Task[]> {
  const map = new MemoryMap();
  const localBase = claimLocal(map, MEMORY_KINDS.length);
  const block = map.claimWords('block', BLOCK);
  const { memory, words } = createSharedMemory(map.words);
  const raw = tasksOf((await freshLoops('raw')).rawLoops(words, block));
  const found: Task[] = [];
  for (const [id, kind] of MEMORY_KINDS.entries()) {
    const boot = { words, memory, localBase, weak: { seed } };
    const cpu = createNativeCpu(kind, id as CpuId, {} as CpuContext, boot);
    found.push(...tasksOf((await freshLoops(kind)).cpuLoops(cpu, block), kind));
  }
  // By operation, so that the backends stand beside each other.
  const order = [...new Set(found.map(({ name }) => name.split(',')[0]))];
  const rank = ({ name }: Task): number => order.indexOf(name.split(',')[0]);
  return [...raw, ...found.sort((a, b) => rank(a) - rank(b))];
}

await main([
  {
    name: 'memory',
    unit: 'ns/op',
    better: 'lower',
    baseline: 'typed array load',
    isSeeded: true,
    tasks: ({ seed }) => tasks(seed),
  },
]);
