/** Which code an address belongs to: the version and the function group, from the text alone. */

import type { KernelContext } from '../kernel/context.js';
import { SYMBOL } from '../kernel/kallsyms.js';
import { MODULE } from '../kernel/module.js';
import { functionWords, OP_MARK, type FunctionSource } from '../kernel/text.js';
import type { PatchSpec } from '../livepatch/image.js';
import type { Addr } from '../memory/struct.js';
import { MAX_IMAGES } from './layout.js';

/** A function of a group, 1 to 31: version 0 is the original, version n comes from image n - 1. */
export interface MarkedFunction {
  readonly version: number;
  readonly group: number;
}

function markOf(source: FunctionSource | undefined): MarkedFunction | undefined {
  const first = source?.code.find((instruction) => instruction.op === OP_MARK);
  if (typeof first?.a !== 'number') return undefined;
  return { version: first.a >> 16, group: first.a & 0xffff };
}

interface Range {
  readonly from: number;
  readonly to: number;
  readonly mark: MarkedFunction;
}

/** Looks code addresses up; built once for each CPU, from facts that are equal on all of them. */
export class CodeMap {
  /** Groups that each image's patch replaces, as bits. */
  readonly groupsOfImage: readonly number[];
  readonly #kernel: KernelContext;
  readonly #vmlinux: readonly Range[];
  /** Offset ranges of each image's functions. */
  readonly #images: readonly (readonly Range[])[];

  constructor(words: Int32Array, kernel: KernelContext, sources: readonly FunctionSource[]) {
    this.#kernel = kernel;
    const marks = new Map(sources.map((source) => [source.name, markOf(source)]));
    this.#vmlinux = vmlinuxRanges(words, kernel, marks);
    this.#images = kernel.images.map((image) => imageRanges(image.functions));
    for (const image of kernel.images) {
      for (const source of image.functions) {
        if (!marks.has(source.name)) marks.set(source.name, markOf(source));
      }
    }
    this.groupsOfImage = kernel.images.slice(0, MAX_IMAGES).map((image) => {
      const spec = image.patch as PatchSpec | undefined;
      const funcs = (spec?.objects ?? []).flatMap((object) => object.funcs ?? []);
      return funcs.reduce((bits, func) => {
        const mark = marks.get(kernel.names[func.oldName] ?? '');
        return mark === undefined ? bits : bits | (1 << mark.group);
      }, 0);
    });
  }

  /** The marked function that contains `addr`, if it is one. */
  find(words: Int32Array, addr: Addr): MarkedFunction | undefined {
    const kernel = this.#kernel;
    const offset = addr - kernel.moduleText;
    if (offset < 0 || offset >= kernel.moduleSlots * kernel.slotWords)
      return inRanges(this.#vmlinux, addr);
    const text = kernel.moduleText + Math.floor(offset / kernel.slotWords) * kernel.slotWords;
    for (let i = 0; i < kernel.moduleCount; i++) {
      const mod = kernel.modules + i * MODULE.size;
      if (words[mod + MODULE.text] !== text || words[mod + MODULE.name] === 0) continue;
      const ranges = this.#images[words[mod + MODULE.imageIndex] ?? 0] ?? [];
      return inRanges(ranges, addr - text);
    }
    return undefined;
  }
}

function inRanges(ranges: readonly Range[], at: number): MarkedFunction | undefined {
  return ranges.find((range) => at >= range.from && at < range.to)?.mark;
}

function vmlinuxRanges(
  words: Int32Array,
  kernel: KernelContext,
  marks: ReadonlyMap<string, MarkedFunction | undefined>,
): Range[] {
  const ranges: Range[] = [];
  for (let i = 0; i < kernel.symbolCount; i++) {
    const at = kernel.symbols + i * SYMBOL.size;
    if ((words[at + SYMBOL.module] ?? 0) !== 0) continue;
    const mark = marks.get(kernel.names[words[at + SYMBOL.name] ?? 0] ?? '');
    const from = words[at + SYMBOL.addr] ?? 0;
    if (mark) ranges.push({ from, to: from + (words[at + SYMBOL.words] ?? 0), mark });
  }
  return ranges;
}

function imageRanges(functions: readonly FunctionSource[]): Range[] {
  const ranges: Range[] = [];
  let from = 0;
  for (const source of functions) {
    const to = from + functionWords(source);
    const mark = markOf(source);
    if (mark) ranges.push({ from, to, mark });
    from = to;
  }
  return ranges;
}
