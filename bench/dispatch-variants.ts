/** Other handlers that the dispatch benchmarks measure beside ours, each with code of its own in the engine. */

import type { ReadOrder } from '../src/livepatch/wasm-handler.js';
import { AtomicsCpu } from '../src/memory/atomics.js';
import type { NativeCpu } from '../src/memory/native.js';
import type { NativeBoot } from '../src/memory/native-boot.js';
import { WasmCpu } from '../src/memory/wasm.js';
import type { BootedMachine } from '../src/scenario/boot.js';
import type * as dispatchModule from '../src/live/dispatch.js';
import type { Dispatcher } from '../src/live/dispatch.js';
import { PROGRAM, ran } from './dispatch-cases.js';
import type * as loopModule from './dispatch-loop.js';

/** A handler, and the memory it runs on. */
export interface Variant {
  readonly name: string;
  readonly memory: 'wasm' | 'atomics';
  readonly handler: ReadOrder | 'port';
}

/** All of them; ours is `acquire` on `wasm`. */
export const VARIANTS: readonly Variant[] = [
  { name: 'atomic.fence', memory: 'wasm', handler: 'fence' },
  { name: 'TypeScript on wasm', memory: 'wasm', handler: 'port' },
  { name: 'JS Atomics', memory: 'atomics', handler: 'port' },
];

/** Import a module anew, so that its functions know no types but those of one row. */
async function fresh<M>(file: string, key: string): Promise<M> {
  return (await import(`${file}?row=${encodeURIComponent(key)}`)) as M;
}

/** The loops, for one row. */
export function loopOf(key: string): Promise<typeof loopModule> {
  return fresh('./dispatch-loop.js', key);
}

/**
 * Enters a loop, with its arguments as a list, so that no compiler moves the loop into its caller. Node 24's Maglev would, and
 * the caller runs some ten thousand times before the last compiler has its turn: a row measured first, or alone, was 1.4 ns slower.
 */
export const entering =
  <A extends unknown[]>(loop: (...args: A) => unknown, ...args: A) =>
  (): unknown =>
    loop(...args);

/** Another CPU on the same memory, in place of `cpu`. */
export function cpuOn(memory: Variant['memory'], cpu: NativeCpu, boot: NativeBoot): NativeCpu {
  const Memory = memory === 'wasm' ? WasmCpu : AtomicsCpu;
  const other = new Memory(cpu.id, cpu.ctx, boot);
  other.current = cpu.current;
  return other;
}

/** Makes the dispatchers of one row. */
export type DispatcherOf = (
  cpu: NativeCpu,
  boot: NativeBoot,
  machine: BootedMachine,
  options: dispatchModule.DispatchOptions,
) => Dispatcher;

/** What makes the dispatchers of the row `key`. */
export async function dispatcherFor(key: string): Promise<DispatcherOf> {
  const module = await fresh<typeof dispatchModule>('../src/live/dispatch.js', key);
  return (cpu, boot, machine, options) =>
    new module.Dispatcher(cpu, boot, machine, PROGRAM, { ...options, ran });
}
