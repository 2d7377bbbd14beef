/** Where everything is in the shared memory: regions are claimed once, at boot, and name their addresses. */

import { UsageError } from '../errors.js';
import { FIRST_VALID_ADDR, structInfo, type Addr, type AnyStruct } from './struct.js';
import type { WasmMemory } from './wasm-memory.js';

/** An array of equal structs, or one block of plain words. */
export interface Region {
  readonly name: string;
  readonly base: Addr;
  readonly count: number;
  /** Words from one element to the next. */
  readonly stride: number;
  readonly layout: AnyStruct | undefined;
}

const hasSize = (layout: unknown): boolean =>
  Number.isInteger((layout as { size?: unknown } | null | undefined)?.size);

/** The serialisable map of a machine's memory: equal on every CPU, built once from the machine's size. */
export class MemoryMap {
  readonly regions: Region[] = [];
  #next: Addr = FIRST_VALID_ADDR;

  /** Words claimed so far: the size that the shared memory needs. */
  get words(): number {
    return this.#next;
  }

  /** Claim `count` structs of one layout; returns the address of the first. Aligned to 16 words (a cache line). */
  claim(name: string, layout: AnyStruct, count = 1): Addr {
    if (structInfo(layout) === undefined && !hasSize(layout)) {
      throw new UsageError(
        `map.claim('${name}', ${JSON.stringify(layout)}): the second argument is what struct() returns; claimWords() claims plain words`,
      );
    }
    return this.#add(name, layout, layout.size, count);
  }

  /** Claim a block of `words` plain words. */
  claimWords(name: string, words: number): Addr {
    return this.#add(name, undefined, 1, words);
  }

  #add(name: string, layout: AnyStruct | undefined, stride: number, count: number): Addr {
    const base = this.#next;
    if (typeof name !== 'string' || name === '') {
      throw new UsageError(`the map names its regions; ${JSON.stringify(name)} is no name`);
    }
    const words = stride * count;
    if (!Number.isInteger(count) || !Number.isInteger(stride) || !(words >= 0 && words < 2 ** 28)) {
      throw new UsageError(`region ${name} of the map has no size: ${count} × ${stride} words`);
    }
    this.regions.push({ name, base, count, stride, layout });
    this.#next = (base + stride * count + 15) & ~15;
    return base;
  }

  /** Name of an address for people: `task[3].patchState`, `klp.targetState`, or the bare number. */
  nameOf(addr: Addr): string {
    const region = this.regions.find((r) => addr >= r.base && addr < r.base + r.stride * r.count);
    if (!region) return `0x${addr.toString(16)}`;
    const index = Math.floor((addr - region.base) / region.stride);
    const at = (addr - region.base) % region.stride;
    const element = region.count === 1 ? region.name : `${region.name}[${index}]`;
    const fields = region.layout && structInfo(region.layout)?.fields;
    const field = fields?.find((f) => at >= f.offset && at < f.offset + f.words);
    if (!field) return element;
    const inner = field.words === 1 ? '' : `[${at - field.offset}]`;
    return `${element}.${field.name}${inner}`;
  }
}

/** The shared memory of one machine: 32-bit words, the same for JavaScript and WebAssembly. */
export interface SharedMemory {
  readonly memory: WasmMemory;
  readonly words: Int32Array;
}

const WORDS_PER_PAGE = 16384;

/** Allocate a zeroed shared memory of at least `words` words. */
export function createSharedMemory(words: number): SharedMemory {
  const pages = Math.ceil(words / WORDS_PER_PAGE);
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
  return { memory, words: new Int32Array(memory.buffer) };
}
