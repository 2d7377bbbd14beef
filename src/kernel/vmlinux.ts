/** The code and data that are linked into the kernel: where they are placed, and their first contents. */

import { UsageError } from '../errors.js';
import type { MemoryMap } from '../memory/map.js';
import type { KernelContext } from './context.js';
import { SYMBOL } from './kallsyms.js';
import {
  asm,
  assemble,
  functionWords,
  OP_EXIT_TO_USER,
  type FunctionSource,
  type TableSource,
} from './text.js';
import type { Addr } from './types.js';
import { POOL_ATOMIC, POOL_NORMAL } from './work-list.js';

/** The code and data that are linked into the kernel. */
export interface Vmlinux {
  readonly functions: readonly FunctionSource[];
  readonly tables?: readonly TableSource[];
  /** Data words, by symbol. */
  readonly data?: Readonly<Record<string, number>>;
}

/** Native that serves a work list; scenarios' natives start at {@link FIRST_SCENARIO_NATIVE}. */
export const NATIVE_WORKER = 1;
export const FIRST_SCENARIO_NATIVE = 16;

/** Functions that every kernel has, unless it declares its own of that name. */
const BUILT_IN: readonly FunctionSource[] = [
  { name: 'exit_to_user_mode_loop', traceable: false, code: [{ op: OP_EXIT_TO_USER }] },
  { name: 'do_exit', traceable: false, code: [asm.unhash, asm.die] },
  workerText('worker_thread', POOL_ATOMIC),
  workerText('worker_thread_sleepable', POOL_NORMAL),
];

function workerText(name: string, pool: number): FunctionSource {
  return {
    name,
    code: [asm.at('loop', asm.kcall(NATIVE_WORKER, pool)), asm.schedule, asm.jump('loop')],
  };
}

/** Names that the kernel's own text and tasks use. */
export function kernelNames(vmlinux: Vmlinux, cpus: number): string[] {
  const kworkers = Array.from({ length: cpus }, (_, n) => [
    `kworker/${n}:0`,
    `kworker/${n}:1`,
    `swapper/${n}`,
  ]);
  return [
    ...BUILT_IN.map((f) => f.name),
    ...vmlinux.functions.map((f) => f.name),
    ...(vmlinux.tables ?? []).map((t) => t.name),
    ...Object.keys(vmlinux.data ?? {}),
    ...kworkers.flat(),
  ];
}

/** Where a symbol of vmlinux is. */
export interface Placed {
  readonly addr: Addr;
  readonly words: number;
}

/** Everything of the kernel context that is an address or a size, and the symbols of vmlinux. */
export interface KernelLayout {
  readonly context: KernelContext;
  /** By name; of several functions with one name, the first. */
  readonly vmlinux: ReadonlyMap<string, Placed>;
  readonly sources: readonly FunctionSource[];
  /** Where each of the sources is. */
  readonly text: readonly Placed[];
  readonly tables: readonly TableSource[];
}

/** Where the parts of a kernel are. */
export interface PlacedVmlinux extends Omit<KernelLayout, 'context' | 'vmlinux'> {
  readonly placed: ReadonlyMap<string, Placed>;
}

/** Claim room for the text, tables and data of a kernel. */
export function placeVmlinux(map: MemoryMap, vmlinux: Vmlinux): PlacedVmlinux {
  const own = new Set(vmlinux.functions.map(({ name }) => name));
  const sources = [...BUILT_IN.filter(({ name }) => !own.has(name)), ...vmlinux.functions];
  const tables = vmlinux.tables ?? [];
  const placed = new Map<string, Placed>();
  const text = sources.map((source) => {
    const words = functionWords(source);
    const at = { addr: map.claimWords(`text:${source.name}`, words), words };
    if (!placed.has(source.name)) placed.set(source.name, at);
    return at;
  });
  for (const table of tables) {
    const words = 1 + table.symbols.length;
    placed.set(table.name, { addr: map.claimWords(`table:${table.name}`, words), words });
  }
  for (const [name, words] of Object.entries(vmlinux.data ?? {})) {
    placed.set(name, { addr: map.claimWords(`data:${name}`, words), words });
  }
  return { placed, sources, text, tables };
}

/** Write the text and tables of a kernel, and the symbols of its functions. */
export function initText(words: Int32Array, layout: KernelLayout): void {
  const resolve = (name: string): number => {
    const found = layout.vmlinux.get(name);
    if (!found) throw new UsageError(`kernel text refers to ${name}, which does not exist`);
    return found.addr;
  };
  for (const table of layout.tables) {
    words.set([table.symbols.length, ...table.symbols.map(resolve)], resolve(table.name));
  }
  const kernel = layout.context;
  layout.sources.forEach((source, i) => {
    const { addr, words: length } = layout.text[i] ?? { addr: 0, words: 0 };
    words.set(assemble(source, addr, resolve), addr);
    const at = kernel.symbols + i * SYMBOL.size;
    words[at + SYMBOL.name] = kernel.names.indexOf(source.name);
    words[at + SYMBOL.addr] = addr;
    words[at + SYMBOL.words] = length;
  });
}
