/**
 * Node's `Buffer` over shared memory: a method that reads or writes many bytes at once accesses them one after the
 * other.
 */

import { UNORDERED } from '../memory/memory.js';
import { brand } from './brand.js';
import { form, type Current } from './builtins.js';
import { CALL, factsOf, type Coroutine, type Marked } from './keys.js';
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

/** Install resumable forms of the methods of `Buffer`. Those that are not here refuse shared memory. */
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
  installNumbers(current, prototype);
  installWhole(current, prototype);
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

/** Methods that take numbers from the bytes or put them there, with the bytes of a number in the order in which Node accesses them. */
const NUMBERS =
  /^(read|write)(U?Int8|(?:U?Int16|U?Int32|Float|Double|BigU?Int64)(LE|BE)|U?Int(?:LE|BE))$/i;

const widthOf = (name: string, length: unknown): number => {
  if (/Int(?:LE|BE)$/i.test(name)) return Number(length);
  const bits = /(8|16|32|64)/.exec(name)?.[1];
  return bits === undefined ? (/Float/.test(name) ? 4 : 8) : Number(bits) / 8;
};

/** A method on a copy, for what it answers and what it refuses. */
function onBytes(bytes: Buffer, method: Marked, args: readonly unknown[]): unknown {
  return method.apply(bytes, args as unknown[]);
}

/** Install `readInt32LE()`, `writeDoubleBE()` and their kind. */
function installNumbers(current: Current, prototype: Native): void {
  for (const name of Object.getOwnPropertyNames(prototype)) {
    if (!NUMBERS.test(name)) continue;
    const native = prototype[name] as Marked;
    const isRead = name.startsWith('read');
    form(prototype, name, function* (this: unknown, ...args) {
      if (factsOf(this) === undefined) return native.apply(this, args);
      const self = this as TypedArray;
      const scratch = Buffer.alloc(self.length);
      const answer = onBytes(scratch, native, args);
      const [at, length] = (isRead ? args : args.slice(1)) as [number | undefined, unknown];
      const from = at ?? 0;
      const to = from + widthOf(name, length);
      if (!isRead) {
        yield* put(current, self, from, scratch.subarray(from, to));
        return answer;
      }
      (yield* bytesOf(current, self, from, to)).copy(scratch, from);
      return onBytes(scratch, native, args);
    });
  }
}

/** Methods that look at all bytes, and those that change them where they are. */
const LOOKING = ['equals', 'compare', 'indexOf', 'lastIndexOf', 'includes', 'toJSON'] as const;
const CHANGING = ['fill', 'swap16', 'swap32', 'swap64'] as const;

function installWhole(current: Current, prototype: Native): void {
  /** A buffer as it is, or its bytes if they are shared. */
  const copied = function* (value: unknown): Coroutine {
    if (factsOf(value) === undefined) return value;
    return yield* bytesOf(current, value as TypedArray, 0, (value as TypedArray).length);
  };
  const copiedAll = function* (values: readonly unknown[]): Coroutine<unknown[]> {
    const made: unknown[] = [];
    for (const value of values) made.push(yield* copied(value));
    return made;
  };
  const isAnyShared = (values: readonly unknown[]): boolean =>
    values.some((value) => factsOf(value) !== undefined);
  for (const name of LOOKING) {
    const native = prototype[name] as Marked;
    const usual = native[CALL];
    form(prototype, name, function* (this: unknown, ...args) {
      if (!isAnyShared([this, ...args]) || !Buffer.isBuffer(this)) {
        return usual === undefined ? native.apply(this, args) : yield* usual.apply(this, args);
      }
      const [self, ...rest] = yield* copiedAll([this, ...args]);
      return native.apply(self, rest);
    });
  }
  for (const name of CHANGING) {
    const native = prototype[name] as Marked;
    form(prototype, name, function* (this: unknown, ...args) {
      if (!isAnyShared([this, ...args])) return native.apply(this, args);
      const self = this as TypedArray;
      const rest = yield* copiedAll(args);
      const isFill = name === 'fill';
      const bytes = (yield* copied(isFill ? undefined : self)) as Buffer | undefined;
      const scratch = bytes ?? Buffer.alloc(self.length);
      native.apply(scratch, rest);
      const [from, to] = isFill ? filled(self.length, args) : [0, self.length];
      if (factsOf(self) === undefined) scratch.copy(self as Buffer, from, from, to);
      else yield* put(current, self, from, scratch.subarray(from, to));
      return self;
    });
  }
  const compare = Buffer.compare as unknown as Marked;
  form(Buffer, 'compare', function* (...args) {
    return compare.apply(Buffer, yield* copiedAll(args));
  });
}

/** The part that `fill(value, from, to, encoding)` fills. */
function filled(length: number, [, from, to]: readonly unknown[]): [from: number, to: number] {
  if (typeof from === 'string') return [0, length];
  const end = typeof to === 'string' ? undefined : to;
  return [(from as number | undefined) ?? 0, (end as number | undefined) ?? length];
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
