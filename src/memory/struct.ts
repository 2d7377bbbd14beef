/** Struct layouts: names and sizes in, word offsets out. One table owns the words of each kind of object. */

import { UsageError } from '../errors.js';

/** A word index into the shared Int32Array. Pointers, addresses of text and addresses of data share it. */
export type Addr = number;

/** Number of a simulated CPU, 0 … cpus - 1. */
export type CpuId = number & { readonly __brand: 'CpuId' };

/** The null pointer. Word 0 of the shared memory is never handed out. */
export const NULL = 0;

/** Addresses below this are a null pointer plus a field offset; no memory lies there. */
export const FIRST_VALID_ADDR = 64;

/** Word that freed memory and freed text are filled with; no valid pointer, no valid instruction. */
export const POISON = 0x6b6b6b6b;

/** Whether a lock with this value is not held: it is free, or its memory was freed (then taking it is an oops). */
export function isUnheld(value: number): boolean {
  return value === 0 || value === POISON;
}

/** Word offsets of a struct's fields, and `size`, its stride in words. */
export type Struct<F extends Record<string, number>> = Readonly<Record<keyof F | 'size', number>>;

/** Any struct, when only its stride and its identity matter. */
export interface AnyStruct {
  readonly size: number;
}

/** A struct's fields in declaration order with their sizes, for naming an address in a report. */
export interface StructInfo {
  readonly name: string;
  readonly fields: readonly {
    readonly name: string;
    readonly offset: number;
    readonly words: number;
  }[];
  readonly size: number;
}

const infos = new WeakMap<object, StructInfo>();

/**
 * Lay out a struct: fields get consecutive word offsets in declaration order.
 *
 * @param name what reports call it, for instance `task`
 * @param fields size in words by field name; none may be called `size`, which is the stride
 */
export function struct<const F extends Record<string, number> & { readonly size?: never }>(
  name: string,
  fields: F,
): Struct<F> {
  const computed: Record<string, number> = {};
  const list: { name: string; offset: number; words: number }[] = [];
  let offset = 0;
  for (const [field, words] of Object.entries(fields)) {
    if (!Number.isInteger(words) || words < 0 || field === 'size') {
      throw new UsageError(
        `struct('${name}'): the field ${field} has ${String(words)} words; accepted are integers from 0 on, for any name but size`,
      );
    }
    computed[field] = offset;
    list.push({ name: field, offset, words });
    offset += words;
  }
  computed['size'] = offset;
  // V8 keeps an object that is filled name by name as a hash table; the fields of a parsed one are constants.
  const offsets = JSON.parse(JSON.stringify(computed)) as Struct<F>;
  infos.set(offsets, { name, fields: list, size: offset });
  return Object.freeze(offsets);
}

/** Field table of a struct made by {@link struct}; a struct made by hand has none. */
export function structInfo(layout: AnyStruct): StructInfo | undefined {
  return infos.get(layout);
}
