/** Built-ins that call back, in a resumable form: written as the standard describes them, for arrays and their like. */

import { CALL, factsOf, NEW, PURE, type Coroutine, type Marked, type Resumable } from './keys.js';
import { each } from './iteration.js';
import type { Runtime } from './runtime.js';
import { asArray, sorted } from './sorting.js';

/** The runtime at work: built-ins are the same for all programs of a thread. */
export interface Current {
  runtime: Runtime;
}

/** Attributes of a property that an assignment makes. */
const PLAIN = { writable: true, enumerable: true, configurable: true } as const;

type ArrayLikeObject = Record<number, unknown> & { length: number };

/** Give a built-in a resumable form. */
export function form(owner: object, name: PropertyKey, resumable: Resumable): void {
  const f = (owner as Record<PropertyKey, unknown>)[name] as Marked | undefined;
  if (f !== undefined) Object.defineProperty(f, CALL, { value: resumable, configurable: true });
}

/** `Reflect.construct`, for functions of any type. */
export const construct = Reflect.construct as (
  target: unknown,
  args: readonly unknown[],
  newTarget: unknown,
) => unknown;

/** Install the resumable forms of what takes callbacks. */
export function installCallbacks(current: Current): void {
  installFunctions(current);
  installArrays(current);
}

function installFunctions(current: Current): void {
  form(Function.prototype, 'call', function* (this: unknown, self, ...args) {
    return yield* current.runtime.invoke(this, self, args);
  });
  form(Function.prototype, 'apply', function* (this: unknown, self, args) {
    const items = args == null ? [] : yield* current.runtime.list(args, -1);
    return yield* current.runtime.invoke(this, self, items);
  });
  form(Function.prototype, 'bind', function* (this: unknown, self, ...bound) {
    const target = this as Marked;
    const made = target.bind(self, ...bound) as Marked;
    if (target[PURE] === true && factsOf(self) === undefined) made[PURE] = true;
    else {
      made[CALL] = function* (...rest: unknown[]): Coroutine {
        return yield* current.runtime.invoke(target, self, [...bound, ...rest]);
      };
    }
    const make = current.runtime.constructorOf(target);
    if (make !== undefined) {
      const value = function* (newTarget: unknown, ...rest: unknown[]): Coroutine {
        return yield* make(newTarget === made ? target : newTarget, ...bound, ...rest);
      };
      Object.defineProperty(made, NEW, { value });
    }
    return made;
  });
  form(Reflect, 'apply', function* (target, self, args) {
    return yield* current.runtime.invoke(target, self, yield* current.runtime.list(args, -1));
  });
  form(Reflect, 'construct', function* (target, args, newTarget) {
    const { runtime } = current;
    const items = yield* runtime.list(args, -1);
    const make = runtime.constructorOf(target);
    if (make !== undefined) return yield* make(newTarget ?? target, ...items);
    return construct(target, items, newTarget ?? target);
  });
}

/** What an iteration over an array does with each element: returns true to stop with {@link Walk.result}. */
type Visitor = (walk: Walk, answer: unknown, value: unknown, index: number) => boolean;

interface Walk {
  result: unknown;
}

function walker(
  current: Current,
  start: (self: ArrayLikeObject) => unknown,
  visit: Visitor,
  options: { readonly holes: boolean; readonly backwards?: boolean },
): Resumable {
  return function* (this: unknown, callback, thisArg) {
    const self = Object(this) as ArrayLikeObject;
    const length = Math.trunc(self.length) || 0;
    if (typeof callback !== 'function')
      throw new TypeError(`${String(callback)} is not a function`);
    const walk: Walk = { result: start(self) };
    for (let n = 0; n < length; n++) {
      const i = options.backwards === true ? length - 1 - n : n;
      if (!options.holes && !(i in self)) continue;
      const value = yield* element(current, self, i);
      const answer = yield* current.runtime.invoke(callback, thisArg, [value, i, self]);
      if (visit(walk, answer, value, i)) break;
    }
    return walk.result;
  };
}

/** An element of an array, or of a view of shared memory. */
export function* element(current: Current, self: object, index: number): Coroutine {
  const { runtime } = current;
  if (runtime.isView(self)) {
    if (runtime.get(runtime.at, self, index)) yield;
    return runtime.result;
  }
  return (self as Record<number, unknown>)[index];
}

const WALKS: Readonly<
  Record<
    string,
    [(self: ArrayLikeObject) => unknown, Visitor, { holes: boolean; backwards?: boolean }]
  >
> = {
  forEach: [() => undefined, () => false, { holes: false }],
  map: [
    (self) => species(self, self.length),
    (walk, answer, _v, i) => (((walk.result as unknown[])[i] = answer), false),
    { holes: false },
  ],
  filter: [
    (self) => species(self, 0),
    (walk, answer, value) => (answer ? ((walk.result as unknown[]).push(value), false) : false),
    { holes: false },
  ],
  some: [() => false, (walk, answer) => (walk.result = Boolean(answer)), { holes: false }],
  every: [() => true, (walk, answer) => !(walk.result = Boolean(answer)), { holes: false }],
  find: [
    () => undefined,
    (walk, answer, value) => (answer ? ((walk.result = value), true) : false),
    { holes: true },
  ],
  findIndex: [
    () => -1,
    (walk, answer, _v, i) => (answer ? ((walk.result = i), true) : false),
    { holes: true },
  ],
  findLast: [
    () => undefined,
    (walk, answer, value) => (answer ? ((walk.result = value), true) : false),
    { holes: true, backwards: true },
  ],
  findLastIndex: [
    () => -1,
    (walk, answer, _v, i) => (answer ? ((walk.result = i), true) : false),
    { holes: true, backwards: true },
  ],
  flatMap: [
    (self) => species(self, 0),
    (walk, answer) => {
      const result = walk.result as unknown[];
      if (Array.isArray(answer)) result.push(...(answer as unknown[]));
      else result.push(answer);
      return false;
    },
    { holes: false },
  ],
};

/** A new array of the kind that a method makes of another. */
function species(self: ArrayLikeObject, length: number): unknown {
  const made = Array.isArray(self) ? (self as { constructor?: unknown }).constructor : undefined;
  const Type = (made as { [Symbol.species]?: unknown } | undefined)?.[Symbol.species];
  return Type === undefined || Type === Array || Type === null
    ? new Array<unknown>(length)
    : construct(Type, [length], Type);
}

/** The forms of array methods that call back; typed arrays share them. */
export function arrayWalks(current: Current): Map<string, Resumable> {
  const walks = new Map<string, Resumable>();
  for (const [name, [start, visit, options]] of Object.entries(WALKS)) {
    walks.set(name, walker(current, start, visit, options));
  }
  walks.set('reduce', reducer(current, false));
  walks.set('reduceRight', reducer(current, true));
  return walks;
}

function reducer(current: Current, backwards: boolean): Resumable {
  return function* (this: unknown, callback, ...initial) {
    const self = Object(this) as ArrayLikeObject;
    const { length } = self;
    let has = initial.length > 0;
    let sum = initial[0];
    for (let n = 0; n < length; n++) {
      const i = backwards ? length - 1 - n : n;
      if (!(i in self)) continue;
      const value = yield* element(current, self, i);
      if (has) sum = yield* current.runtime.invoke(callback, undefined, [sum, value, i, self]);
      else sum = value;
      has = true;
    }
    if (!has) throw new TypeError('Reduce of empty array with no initial value');
    return sum;
  };
}

/** `Array.prototype.sort` with a comparison: what is undefined comes last, holes are left out. */
function* sortArray(current: Current, self: ArrayLikeObject, compare: unknown): Coroutine<void> {
  const length = Math.trunc(self.length) || 0;
  const defined: unknown[] = [];
  let present = 0;
  for (let i = 0; i < length; i++) {
    if (!(i in self)) continue;
    present++;
    if (self[i] !== undefined) defined.push(self[i]);
  }
  const result = yield* sorted(current, defined, compare, asArray);
  for (let i = 0; i < present; i++) self[i] = result[i];
  for (let i = present; i < length; i++) {
    // eslint-disable-next-line @typescript-eslint/no-dynamic-delete -- as the standard has it
    if (i in self) delete self[i];
  }
}

const notFunction = (value: unknown): TypeError =>
  new TypeError(`${String(value)} is not a function`);

function installArrays(current: Current): void {
  const nativeSort = Array.prototype.sort as unknown as Marked;
  for (const [name, resumable] of arrayWalks(current)) form(Array.prototype, name, resumable);
  form(Array.prototype, 'sort', function* (this: unknown, compare) {
    const self = this as unknown[];
    if (factsOf(self) !== undefined) {
      current.runtime.refuseHere('calls Array.prototype.sort on shared memory');
    }
    // The language says what is wrong with a comparison that is no function.
    if (typeof compare !== 'function') return nativeSort.call(self, compare);
    yield* sortArray(current, Object(self) as ArrayLikeObject, compare);
    return self;
  });
  form(Array.prototype, 'toSorted', function* (this: unknown, compare) {
    const self = Array.from(this as ArrayLike<unknown>);
    if (typeof compare !== 'function') return nativeSort.call(self, compare);
    yield* sortArray(current, self, compare);
    return self;
  });
  installFrom(current);
}

function installFrom(current: Current): void {
  form(Array, 'from', function* (this: unknown, source, map, thisArg) {
    const isIterable =
      (source as { [Symbol.iterator]?: unknown } | null)?.[Symbol.iterator] != null;
    if (map !== undefined && typeof map !== 'function') throw notFunction(map);
    const Type = typeof this === 'function' ? (this as Marked) : (Array as unknown as Marked);
    const make = current.runtime.constructorOf(Type);
    if (source == null) {
      const shown = source === null ? 'object null' : 'undefined';
      throw new TypeError(
        `${shown} is not iterable (cannot read property Symbol(Symbol.iterator))`,
      );
    }
    const from = Object(source) as ArrayLike<unknown>;
    const { length } = from;
    const args = isIterable ? [] : [Math.max(Math.trunc(length) || 0, 0)];
    const result = (
      make === undefined ? construct(Type, args, Type) : yield* make(Type, ...args)
    ) as unknown[];
    const isPlain = this === Array;
    const put = function* (item: unknown, i: number): Coroutine {
      const made =
        map === undefined ? item : yield* current.runtime.invoke(map, thisArg, [item, i]);
      if (isPlain) result[i] = made;
      else Object.defineProperty(result, i, { value: made, ...PLAIN });
      return undefined;
    };
    if (isIterable && map === undefined && isPlain) {
      return yield* current.runtime.list(source, -1);
    }
    if (isIterable) {
      let count = 0;
      yield* each(source, function* (item, i) {
        yield* put(item, i);
        count = i + 1;
      });
      result.length = count;
    } else {
      const [count = 0] = args;
      for (let i = 0; i < count; i++) yield* put(yield* element(current, from, i), i);
      result.length = count;
    }
    return result;
  });
}

/** Built-ins that neither call back nor look at elements of what they are given. */
const PURE_OWNERS: readonly (readonly [object, readonly string[] | 'all'])[] = [
  [Math, 'all'],
  [Number, 'all'],
  [Number.prototype, 'all'],
  [BigInt, 'all'],
  [Symbol, 'all'],
  [Symbol.prototype, 'all'],
  [Date, 'all'],
  [Date.prototype, 'all'],
  [RegExp.prototype, 'all'],
  [Map.prototype, ['get', 'set', 'has', 'delete', 'clear', 'keys', 'values', 'entries']],
  [Set.prototype, ['add', 'has', 'delete', 'clear', 'keys', 'values', 'entries']],
  [WeakMap.prototype, 'all'],
  [WeakSet.prototype, 'all'],
  [WeakRef.prototype, 'all'],
  [
    Object.prototype,
    ['hasOwnProperty', 'isPrototypeOf', 'propertyIsEnumerable', 'valueOf', 'toString'],
  ],
  [
    Object,
    ['freeze', 'isFrozen', 'seal', 'isSealed', 'is', 'getPrototypeOf', 'hasOwn', 'keys'].concat([
      'preventExtensions',
      'isExtensible',
      'getOwnPropertyNames',
    ]),
  ],
  [Reflect, ['getPrototypeOf', 'has']],
  [
    Array.prototype,
    [
      'push',
      'pop',
      'shift',
      'unshift',
      'slice',
      'splice',
      'indexOf',
      'includes',
      'lastIndexOf',
    ].concat(['join', 'concat', 'fill', 'reverse', 'keys', 'entries', 'values', 'at', 'flat']),
  ],
  [Array, ['isArray', 'of']],
  [ArrayBuffer, ['isView']],
  [Function.prototype, ['toString']],
];

/** Mark what needs no look at its arguments. */
export function markPure(): void {
  for (const [owner, names] of PURE_OWNERS) {
    for (const name of names === 'all' ? Object.getOwnPropertyNames(owner) : names) {
      const f = Object.getOwnPropertyDescriptor(owner, name)?.value as unknown;
      if (typeof f === 'function')
        Object.defineProperty(f, PURE, { value: true, configurable: true });
    }
  }
  for (const constructor of [
    Number,
    BigInt,
    Boolean,
    Symbol,
    Error,
    TypeError,
    RangeError,
    Promise,
    Object,
  ]) {
    Object.defineProperty(constructor, PURE, { value: true, configurable: true });
  }
  Object.defineProperty(SharedArrayBuffer, PURE, { value: true, configurable: true });
}
