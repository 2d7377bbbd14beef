/**
 * Node's `Buffer` over shared memory: a method that reads or writes many bytes at once accesses them one after the
 * other.
 */

import { UNORDERED } from '../memory/memory.js';
import { brand } from './brand.js';
import { form, type Current } from './builtins.js';
import { factsOf, type Coroutine, type Marked } from './keys.js';
import { UINT8, isShared, type TypedArray } from './views.js';

type Native = Record<string, Marked | undefined>;

function* bytesOf(current: Current, self: TypedArray, from: number, to: number): Coroutine<Buffer> {
  const { runtime } = current;
  const address = factsOf(self)?.address ?? 0;
  const bytes = Buffer.alloc(Math.max(to - from, 0));
  for (let i = from; i < to; i++) {
    if (runtime.read(runtime.at, address + i, UINT8, UNORDERED, false)) yield;
    bytes[i - from] = Number(runtime.result);
  }
  return bytes;
}

function* put(current: Current, self: TypedArray, at: number, bytes: Uint8Array): Coroutine<void> {
  const { runtime } = current;
  const address = factsOf(self)?.address ?? 0;
  for (const [i, byte] of bytes.entries()) {
    if (runtime.write(runtime.at, address + at + i, UINT8, byte, UNORDERED, false)) yield;
  }
}

const bounded = (value: unknown, length: number, otherwise: number): number => {
  if (value === undefined) return otherwise;
  const number = Math.trunc(Number(value));
  return Number.isNaN(number) ? 0 : Math.min(Math.max(number, 0), length);
};

/**
 * Install resumable forms of the methods of `Buffer` that programs use over shared memory; all other methods refuse
 * shared memory.
 */
export function installBuffers(current: Current): void {
  const prototype = Buffer.prototype as unknown as Native;
  const native = { ...pick(prototype, ['toString', 'write', 'subarray', 'slice', 'copy']) };
  const nativeFrom = Buffer.from as unknown as Marked;
  form(Buffer, 'from', function* (source, ...rest) {
    if (isShared(source)) {
      return brand(nativeFrom.call(Buffer, source, ...rest), current.runtime.regions);
    }
    if (factsOf(source) === undefined) return nativeFrom.call(Buffer, source, ...rest);
    return yield* bytesOf(current, source as TypedArray, 0, (source as TypedArray).length);
  });
  installConcat(current);
  form(prototype, 'toString', function* (this: unknown, encoding, from, to) {
    if (factsOf(this) === undefined) return native.toString?.call(this, encoding, from, to);
    const self = this as TypedArray;
    const start = bounded(from, self.length, 0);
    const end = bounded(to, self.length, self.length);
    const bytes = yield* bytesOf(current, self, start, end);
    return bytes.toString(encoding as BufferEncoding | undefined);
  });
  form(prototype, 'write', function* (this: unknown, text, ...rest) {
    if (factsOf(this) === undefined) return native.write?.call(this, text, ...rest);
    const self = this as TypedArray;
    const encoding = rest.find((x) => typeof x === 'string');
    const [offset, length] = rest.filter((x) => typeof x !== 'string');
    const at = bounded(offset, self.length, 0);
    const most = bounded(length, self.length - at, self.length - at);
    const bytes = Buffer.alloc(most);
    const count = bytes.write(String(text), encoding as BufferEncoding | undefined);
    yield* put(current, self, at, bytes.subarray(0, count));
    return count;
  });
  form(prototype, 'copy', function* (this: unknown, target, at, from, to) {
    if (factsOf(this) === undefined && factsOf(target) === undefined) {
      return native.copy?.call(this, target, at, from, to);
    }
    const self = this as TypedArray;
    const into = target as TypedArray;
    const start = bounded(from, self.length, 0);
    const end = bounded(to, self.length, self.length);
    const offset = bounded(at, into.length, 0);
    const bytes =
      factsOf(self) === undefined
        ? (self as Uint8Array).subarray(start, end)
        : yield* bytesOf(current, self, start, end);
    const part = bytes.subarray(0, into.length - offset);
    if (factsOf(into) === undefined) (into as Uint8Array).set(part, offset);
    else yield* put(current, into, offset, part);
    return part.length;
  });
  for (const name of ['subarray', 'slice'] as const) {
    form(prototype, name, function* (this: unknown, ...args) {
      return brand(native[name]?.apply(this, args), current.runtime.regions);
    });
  }
}

function installConcat(current: Current): void {
  form(Buffer, 'concat', function* (items, length) {
    const pieces: unknown[] = [];
    for (const item of yield* current.runtime.list(items, -1)) {
      const isPlain = factsOf(item) === undefined;
      pieces.push(
        isPlain
          ? item
          : yield* bytesOf(current, item as TypedArray, 0, (item as TypedArray).length),
      );
    }
    return Buffer.concat(pieces as Uint8Array[], length as number | undefined);
  });
}

function pick<K extends string>(owner: Native, names: readonly K[]): Record<K, Marked | undefined> {
  return Object.fromEntries(names.map((name) => [name, owner[name]])) as Record<
    K,
    Marked | undefined
  >;
}
