/**
 * The methods of typed arrays and DataViews over shared memory, access by access, and functions of Atomics that are
 * called as values.
 */

import { brand } from './brand.js';
import { arrayWalks, construct, element, form, type Current } from './builtins.js';
import { toWhole } from './conversions.js';
import { CALL, factsOf, NEW, type Coroutine, type Marked } from './keys.js';
import { ATOMIC_NAMES } from './operations.js';
import { asView, sorted } from './sorting.js';
import * as views from './views.js';
import { isShared, TypedArrayBase, type TypedArray } from './views.js';

type Method = (this: TypedArray, ...args: unknown[]) => Coroutine;

const CONSTRUCTORS = [
  Int8Array,
  Uint8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float32Array,
  Float64Array,
  BigInt64Array,
  BigUint64Array,
  ...[(globalThis as unknown as Record<string, unknown>)['Float16Array']].filter(Boolean),
] as unknown as (Marked & (new (...args: unknown[]) => TypedArray))[];

/** All elements, in order, as reads. */
function* elements(current: Current, self: ArrayLike<unknown> & object): Coroutine<unknown[]> {
  const items: unknown[] = [];
  for (let i = 0; i < self.length; i++) items.push(yield* element(current, self, i));
  return items;
}

function* put(current: Current, self: TypedArray, index: number, value: unknown): Coroutine<void> {
  if (factsOf(self) === undefined) (self as unknown as Record<number, unknown>)[index] = value;
  else if (current.runtime.set(current.runtime.at, self, index, value)) yield;
}

/** A relative index, as most methods take them. */
function relative(value: unknown, length: number, otherwise: number): number {
  if (value === undefined) return otherwise;
  const at = toWhole(value);
  return at < 0 ? Math.max(length + at, 0) : Math.min(at, length);
}

/** A typed array of the same type that is not shared. */
function local(self: TypedArray, items: readonly unknown[]): TypedArray {
  const Type = CONSTRUCTORS[views.elementType(self)] as new (items: unknown) => TypedArray;
  return new Type(items);
}

/** What `slice`, `map` and `filter` return: of the kind that the array's constructor says. */
function* alike(current: Current, self: TypedArray, items: readonly unknown[]): Coroutine {
  const Own: unknown = self.constructor;
  const species =
    Own === undefined ? undefined : (Own as { [Symbol.species]?: unknown })[Symbol.species];
  const usual = CONSTRUCTORS[views.elementType(self)];
  if (species == null || species === usual) return local(self, items);
  const make = current.runtime.constructorOf(species);
  const made = (
    make === undefined
      ? construct(species, [items.length], species)
      : yield* make(species, items.length)
  ) as TypedArray;
  // The language says what is wrong with it.
  if (views.elementType(made) < 0 || made.length < items.length) {
    const plain = local(self, items);
    plain.constructor = Own as never;
    return plain.slice();
  }
  for (const [i, item] of items.entries()) yield* put(current, made, i, item);
  return made;
}

/** The language says what is wrong with a comparison that is no function. */
function checkCompare(compare: unknown): void {
  if (compare !== undefined && typeof compare !== 'function')
    new Int8Array(2).sort(compare as never);
}

/** Methods that write to the array that they are called on. */
function writers(current: Current): Record<string, Method> {
  return {
    *set(source, offset) {
      const start = toWhole(offset);
      const from = Object(source) as ArrayLike<unknown>;
      if (start < 0 || start + from.length > this.length)
        throw new RangeError('offset is out of bounds');
      const isOverlapping =
        factsOf(from)?.region === factsOf(this)?.region && factsOf(this) !== undefined;
      const items = isOverlapping ? yield* elements(current, from) : undefined;
      for (let i = 0; i < from.length; i++) {
        const value = items === undefined ? yield* element(current, from, i) : items[i];
        yield* put(current, this, start + i, value);
      }
      return undefined;
    },
    *fill(value, from, to) {
      const end = relative(to, this.length, this.length);
      for (let i = relative(from, this.length, 0); i < end; i++)
        yield* put(current, this, i, value);
      return this;
    },
    *copyWithin(target, from, to) {
      const { length } = this;
      const start = relative(from, length, 0);
      const at = relative(target, length, 0);
      const count = Math.min(relative(to, length, length) - start, length - at);
      const backwards = start < at && at < start + count;
      for (let n = 0; n < count; n++) {
        const i = backwards ? count - 1 - n : n;
        yield* put(current, this, at + i, yield* element(current, this, start + i));
      }
      return this;
    },
    *reverse() {
      const items = yield* elements(current, this);
      for (const [i, item] of items.reverse().entries()) yield* put(current, this, i, item);
      return this;
    },
    *sort(compare) {
      checkCompare(compare);
      const items = yield* elements(current, this);
      const result =
        compare === undefined
          ? local(this, items).sort()
          : yield* sorted(current, items, compare, asView);
      for (let i = 0; i < items.length; i++) yield* put(current, this, i, result[i]);
      return this;
    },
  };
}

/** Methods that look for something, one element after the other. */
function searchers(current: Current): Record<string, Method> {
  return {
    *indexOf(wanted, from) {
      for (let i = relative(from, this.length, 0); i < this.length; i++) {
        if ((yield* element(current, this, i)) === wanted) return i;
      }
      return -1;
    },
    *includes(wanted, from) {
      for (let i = relative(from, this.length, 0); i < this.length; i++) {
        if (Object.is(yield* element(current, this, i), wanted)) return true;
      }
      return false;
    },
    *at(index) {
      const i = toWhole(index);
      return yield* element(current, this, i < 0 ? this.length + i : i);
    },
    *toSorted(compare) {
      checkCompare(compare);
      const items = yield* elements(current, this);
      if (compare === undefined) return local(this, items).sort();
      return local(this, yield* sorted(current, items, compare, asView));
    },
    *slice(from, to) {
      const end = relative(to, this.length, this.length);
      const items: unknown[] = [];
      for (let i = relative(from, this.length, 0); i < end; i++)
        items.push(yield* element(current, this, i));
      return yield* alike(current, this, items);
    },
    *filter(callback, thisArg) {
      const items: unknown[] = [];
      for (let i = 0; i < this.length; i++) {
        const value = yield* element(current, this, i);
        if (yield* current.runtime.invoke(callback, thisArg, [value, i, this])) items.push(value);
      }
      return yield* alike(current, this, items);
    },
    *map(callback, thisArg) {
      const items: unknown[] = [];
      for (let i = 0; i < this.length; i++) {
        const value = yield* element(current, this, i);
        items.push(yield* current.runtime.invoke(callback, thisArg, [value, i, this]));
      }
      return yield* alike(current, this, items);
    },
  };
}

/** Methods that read every element and then go on with a copy. */
const COPYING = [
  'join',
  'toString',
  'toLocaleString',
  'lastIndexOf',
  'toReversed',
  'with',
  'toHex',
  'toBase64',
] as const;

/** Iterates over a view: each step is a read. */
class ViewIterator {
  readonly view: TypedArray;
  readonly kind: 'values' | 'entries' | 'keys';
  index = 0;

  constructor(view: TypedArray, kind: 'values' | 'entries' | 'keys') {
    this.view = view;
    this.kind = kind;
  }

  next(): IteratorResult<unknown> {
    throw new TypeError('there is no program');
  }
}
Object.defineProperty(ViewIterator.prototype, Symbol.toStringTag, {
  value: 'Array Iterator',
  configurable: true,
});
// These iterators also have the iterator helpers.
Object.setPrototypeOf(
  ViewIterator.prototype,
  Object.getPrototypeOf(Object.getPrototypeOf([].values()) as object) as object,
);

/**
 * The language itself calls this. That is fine outside an execution; within one, the iteration could not be
 * interrupted.
 */
function installNext(current: Current): void {
  const next = function (this: ViewIterator): IteratorResult<unknown> {
    const { runtime } = current;
    if (runtime.agent >= 0) runtime.refuseHere('iterates over shared memory');
    const form = (next as unknown as Marked)[CALL] as () => Coroutine;
    return runtime.drive(form.call(this)) as IteratorResult<unknown>;
  };
  const facts = { value: next, writable: true, configurable: true };
  Object.defineProperty(ViewIterator.prototype, 'next', facts);
}

function installIteration(current: Current): void {
  installNext(current);
  (ViewIterator.prototype.next as unknown as Marked)[CALL] = function* (this: unknown) {
    const self = this as ViewIterator;
    const { view, kind } = self;
    if (self.index >= view.length) return { value: undefined, done: true };
    const i = self.index++;
    if (kind === 'keys') return { value: i, done: false };
    const value = yield* element(current, view, i);
    return { value: kind === 'values' ? value : [i, value], done: false };
  };
  const prototype = TypedArrayBase.prototype as Record<PropertyKey, unknown>;
  for (const kind of ['values', 'entries', 'keys'] as const) {
    const native = prototype[kind] as (this: unknown) => unknown;
    replaceIterator(current, prototype, kind, native);
    form(prototype, kind, function* (this: unknown) {
      return factsOf(this) === undefined
        ? native.call(this)
        : new ViewIterator(this as TypedArray, kind);
    });
  }
}

/** Code that iterates over shared memory without instrumentation (nested patterns, `new Set(view)`) must be noticed. */
function replaceIterator(
  current: Current,
  prototype: Record<PropertyKey, unknown>,
  kind: 'values' | 'entries' | 'keys',
  native: (this: unknown) => unknown,
): void {
  const guarded = {
    [kind](this: unknown): unknown {
      if (factsOf(this) === undefined) return native.call(this);
      const { runtime } = current;
      if (runtime.agent >= 0) runtime.refuseHere('iterates over shared memory');
      return new ViewIterator(this as TypedArray, kind);
    },
  }[kind];
  const facts = { value: guarded, writable: true, configurable: true, enumerable: false };
  Object.defineProperty(prototype, kind, facts);
  if (kind === 'values') Object.defineProperty(prototype, Symbol.iterator, facts);
}

/** Use a resumable form for views of shared memory only; the language handles everything else. */
function forViews(prototype: object, name: string, resumable: Method): void {
  const native = (prototype as Record<string, Marked | undefined>)[name];
  if (native === undefined) return;
  form(prototype, name, function* (this: unknown, ...args) {
    if (factsOf(this) !== undefined || args.some((a) => factsOf(a) !== undefined)) {
      return yield* resumable.apply(this as TypedArray, args);
    }
    if (args.some((a) => typeof a === 'function'))
      return yield* resumable.apply(this as TypedArray, args);
    return native.apply(this, args);
  });
}

function installMethods(current: Current): void {
  const { prototype } = TypedArrayBase;
  const walks = arrayWalks(current);
  for (const name of ['map', 'filter', 'flatMap']) walks.delete(name);
  for (const [name, walk] of walks) forViews(prototype, name, walk);
  const methods = { ...writers(current), ...searchers(current) };
  for (const [name, method] of Object.entries(methods)) forViews(prototype, name, method);
  for (const name of COPYING) {
    const owner = name in prototype ? prototype : Uint8Array.prototype;
    forViews(owner, name, function* (...args) {
      const copy = local(this, yield* elements(current, this));
      return (copy as unknown as Record<string, Marked>)[name]?.apply(copy, args);
    });
  }
  const { subarray } = prototype as { subarray: (this: unknown, ...args: unknown[]) => object };
  form(prototype, 'subarray', function* (this: unknown, ...args) {
    return brand(subarray.apply(this, args), current.runtime.regions);
  });
}

function installConstructors(current: Current): void {
  for (const Type of [...CONSTRUCTORS, DataView as unknown as (typeof CONSTRUCTORS)[number]]) {
    const make: (newTarget: unknown, ...args: unknown[]) => Coroutine = function* (
      newTarget,
      ...args
    ) {
      const [first] = args;
      const isCopy = factsOf(first) !== undefined && !isShared(first);
      const items = isCopy ? [yield* elements(current, first as TypedArray)] : args;
      const made = construct(Type, items, newTarget) as object;
      return brand(made, current.runtime.regions);
    };
    Object.defineProperty(Type, NEW, { value: make, configurable: true });
  }
  form(TypedArrayBase, 'from', function* (this: unknown, source, map, thisArg) {
    const isIterable =
      (source as { [Symbol.iterator]?: unknown } | null)?.[Symbol.iterator] != null;
    const items = isIterable
      ? yield* current.runtime.list(source, -1)
      : Array.from(source as ArrayLike<unknown>);
    const make = current.runtime.constructorOf(this);
    const made = (
      make === undefined ? construct(this, [items.length], this) : yield* make(this, items.length)
    ) as TypedArray;
    for (const [i, item] of items.entries()) {
      const value =
        map === undefined ? item : yield* current.runtime.invoke(map, thisArg, [item, i]);
      yield* put(current, made, i, value);
    }
    return made;
  });
}

function installAtomics(current: Current): void {
  for (const name of ATOMIC_NAMES) {
    form(Atomics, name, function* (...args) {
      const runtime = current.runtime as unknown as Record<string, (...args: unknown[]) => boolean>;
      if (runtime[name]?.(current.runtime.at, ...args)) yield;
      return current.runtime.result;
    });
  }
}

/** Install the resumable forms of what accesses elements. */
export function installViews(current: Current): void {
  installIteration(current);
  installMethods(current);
  installConstructors(current);
  installAtomics(current);
}
