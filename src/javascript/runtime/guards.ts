/**
 * Guards against reads of shared memory that the language does by itself, without instrumented code: a view converted
 * to text or JSON, printed, or used by the methods of ordinary arrays. None of these may read the bytes of the real
 * buffer.
 */

import { inspect } from 'node:util';
import type { SharedMemory } from '../memory/memory.js';
import { CALL, factsOf, FORM, PROBE, PURE, type Coroutine, type Marked } from './keys.js';
import { elementType, TypedArrayBase, type TypedArray, type ViewFacts } from './views.js';

/** What this module needs from the current runtime. */
interface Current {
  readonly runtime: {
    readonly agent: number;
    readonly at: number;
    readonly result: unknown;
    readonly memory: Pick<SharedMemory, 'newest'>;
    get(site: number, view: TypedArray, key: unknown): boolean;
    invoke(f: unknown, self: unknown, args: readonly unknown[]): Coroutine;
    readonly sites: { ownText(instrumented: string): string | undefined };
    refuseHere(what: string): never;
    takenApart(): never;
  };
}

type Natives = Record<PropertyKey, Marked | undefined>;

/** A view's bytes as they were last written, as a view of the same kind that is not shared. */
export function newestOf<T extends ArrayBufferView>(current: Current, view: T): T {
  const { memory } = current.runtime;
  const { address } = factsOf(view) as ViewFacts;
  const bytes = Uint8Array.from({ length: view.byteLength }, (_, i) =>
    Number(memory.newest(address + i, 1)),
  );
  const Type = view.constructor as unknown as new (buffer: ArrayBufferLike) => T;
  return new Type(bytes.buffer);
}

/** Replace a built-in function with one of ours. Without shared memory, it behaves like the original. */
function replace(
  owner: object,
  name: PropertyKey,
  make: (native: Marked | undefined) => (this: unknown, ...args: unknown[]) => unknown,
): void {
  const native = (owner as Natives)[name];
  const f = make(native) as Marked;
  Object.defineProperty(f, 'name', { value: native?.name ?? String(name), configurable: true });
  const facts = { value: f, writable: true, configurable: true, enumerable: false };
  Object.defineProperty(owner, name, facts);
}

/** Text of a function that the instrumentation has written; of classes only the beginning is looked at, by those who tell them apart. */
const MADE = /^(?!class\b)[^]*(?:\$\$k\.|\bruntime\.enter\(form,)/;

/** Text, JSON and printed forms of views, and the text of functions. */
export function installGuards(current: Current): void {
  const prototype: object = TypedArrayBase.prototype;
  for (const name of ['join', 'toLocaleString']) {
    replace(
      prototype,
      name,
      (native) =>
        function (this: unknown, ...args) {
          if (factsOf(this) === undefined) return native?.apply(this, args);
          if (current.runtime.agent >= 0) current.runtime.refuseHere('makes text of shared memory');
          return native?.apply(newestOf(current, this as TypedArray), args);
        },
    );
  }
  replace(
    prototype,
    'toJSON',
    () =>
      function (this: unknown) {
        if (factsOf(this) === undefined) return this;
        if (current.runtime.agent >= 0) current.runtime.refuseHere('makes JSON of shared memory');
        return newestOf(current, this as TypedArray);
      },
  );
  replace(
    Function.prototype,
    'toString',
    (native) =>
      function (this: unknown) {
        const text = native?.call(this) as string;
        const { runtime } = current;
        const made = (this as Marked)[FORM] ?? (this as Marked)[CALL];
        const form = MADE.test(text) && made !== undefined ? String(native?.call(made)) : '';
        const own = runtime.sites.ownText(text) ?? runtime.sites.ownText(form);
        if (own === undefined && runtime.agent >= 0 && MADE.test(text)) {
          runtime.refuseHere("makes text of a function that is not the program's own");
        }
        return own ?? text;
      },
  );
  Object.defineProperty(prototype, PROBE, {
    get(this: unknown) {
      return factsOf(this) === undefined ? undefined : current.runtime.takenApart();
    },
  });
  // Output for people is not part of an execution.
  for (const owner of [prototype, DataView.prototype]) {
    replace(
      owner,
      inspect.custom,
      () =>
        function (this: unknown) {
          const isView = factsOf(this) !== undefined && elementType(this) >= -1;
          return isView ? newestOf(current, this as TypedArray) : this;
        },
    );
  }
}

/** Methods of arrays that only read: on a view they do what they do on an array of its elements. */
const READERS = [
  ...['slice', 'indexOf', 'includes', 'lastIndexOf', 'join', 'at', 'toReversed', 'toSorted'],
  ...['with', 'toSpliced', 'flat', 'toLocaleString'],
] as const;

/** Array methods that views have, too. */
const ALIKE = ['fill', 'reverse', 'sort', 'copyWithin', 'entries', 'keys', 'values'] as const;

const readers = new Set<unknown>();
const alike = new Map<unknown, Marked>();
const arrayMethods = new Set<unknown>();

/** Remember the language's own array methods. Called when forms are installed. */
export function installArrayMethods(): void {
  const prototype = Array.prototype as unknown as Natives;
  const ofViews = TypedArrayBase.prototype as unknown as Natives;
  for (const name of Object.getOwnPropertyNames(prototype)) arrayMethods.add(prototype[name]);
  for (const name of READERS) readers.add(prototype[name]);
  for (const name of ALIKE) alike.set(prototype[name], ofViews[name] as Marked);
  for (const set of [readers, arrayMethods]) set.delete(undefined);
}

/** A method of arrays called on a view of shared memory, or undefined when it is something else. */
export function arrayMethodOn(
  current: Current,
  method: Marked,
  self: TypedArray,
  args: readonly unknown[],
): Coroutine | undefined {
  if (readers.has(method)) return reading(current, method, self, args);
  const form = alike.get(method)?.[CALL];
  if (form !== undefined) return form.apply(self, args as unknown[]);
  const isReading = !arrayMethods.has(method) || method.name === 'concat';
  if (isReading || method[PURE] !== true) return undefined;
  current.runtime.refuseHere(`calls Array.prototype.${method.name} on shared memory`);
}

function* reading(
  current: Current,
  method: Marked,
  self: TypedArray,
  args: readonly unknown[],
): Coroutine {
  const { runtime } = current;
  const items: unknown[] = [];
  for (let i = 0; i < self.length; i++) {
    if (runtime.get(runtime.at, self, i)) yield;
    items.push(runtime.result);
  }
  return yield* runtime.invoke(method, items, args);
}
