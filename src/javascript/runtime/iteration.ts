/** Iterating in a form that can be interrupted. */

import { CALL, factsOf, type Coroutine, type Marked } from './keys.js';

/** Walks over something: fast where the language's own iterator can do it, step by step where code of the program is asked. */
export class Cursor {
  value: unknown = undefined;
  /** {@link next} may be used; else {@link step}. */
  readonly isFast: boolean;
  /** The iterator has more elements, and must be told if nobody asks for them. */
  isOpen = false;
  readonly #iterator: Iterator<unknown>;
  readonly #next: Marked;

  constructor(iterator: Iterator<unknown>, isFast: boolean) {
    this.#iterator = iterator;
    this.isFast = isFast;
    this.#next = iterator.next as Marked;
    this.isOpen = !isFast;
  }

  next(): boolean {
    const answer = this.#iterator.next() as { done?: boolean; value: unknown };
    this.value = answer.value;
    return answer.done !== true;
  }

  *step(): Coroutine<boolean> {
    this.isOpen = false;
    const form = this.#next[CALL];
    const answer = (
      form === undefined ? this.#iterator.next() : yield* form.call(this.#iterator)
    ) as IteratorResult<unknown>;
    if (answer.done === true) return false;
    this.value = answer.value;
    this.isOpen = true;
    return true;
  }

  /** Pass on to this iterator what is sent to a generator that delegates to it. */
  *ask(how: 'next' | 'throw', value: unknown): Coroutine<IteratorResult<unknown>> {
    const method = (how === 'next' ? this.#next : this.#iterator.throw) as Marked | undefined;
    if (method === undefined) {
      yield* this.close();
      throw new TypeError('The iterator does not provide a "throw" method');
    }
    const form = method[CALL];
    const answer =
      form === undefined
        ? method.call(this.#iterator, value)
        : yield* form.call(this.#iterator, value);
    if (typeof answer !== 'object' || answer === null) {
      throw new TypeError(`Iterator result ${String(answer)} is not an object`);
    }
    return answer as IteratorResult<unknown>;
  }

  *close(): Coroutine<void> {
    this.isOpen = false;
    const method = this.#iterator.return as Marked | undefined;
    if (method === undefined) return;
    const form = method[CALL];
    if (form === undefined) method.call(this.#iterator);
    else yield* form.call(this.#iterator);
  }
}

const arrayIterator = Array.prototype[Symbol.iterator];
const isNative = new Set<unknown>([
  arrayIterator,
  Map.prototype[Symbol.iterator],
  Set.prototype[Symbol.iterator],
  String.prototype[Symbol.iterator],
]);

/** Whether an iterator is one of the language's own. */
const nativePrototypes = new Set<unknown>(
  [[], new Map(), new Set(), ''].map(
    (it) => Object.getPrototypeOf((it as Iterable<unknown>)[Symbol.iterator]()) as unknown,
  ),
);

/** Ask a value for its iterator, as the language does. */
export function open(value: unknown): Cursor {
  const method = (value as { [Symbol.iterator]?: Marked } | null | undefined)?.[Symbol.iterator];
  if (typeof method !== 'function') throw new TypeError(`${describe(value)} is not iterable`);
  if (isNative.has(method)) {
    return new Cursor(method.call(value) as Iterator<unknown>, true);
  }
  const form = method[CALL];
  const iterator = (
    form === undefined ? method.call(value) : finish(form.call(value))
  ) as Iterator<unknown>;
  return new Cursor(iterator, nativePrototypes.has(Object.getPrototypeOf(iterator)));
}

/** Walks over something that gives promises: between {@link AsyncCursor.ask} and {@link AsyncCursor.take} the program waits. */
export class AsyncCursor {
  value: unknown = undefined;
  isOpen = true;
  readonly #iterator: object;
  readonly #next: Marked;

  constructor(iterator: object) {
    this.#iterator = iterator;
    this.#next = (iterator as { next: Marked }).next;
  }

  *ask(): Coroutine {
    this.isOpen = false;
    const form = this.#next[CALL];
    return form === undefined ? this.#next.call(this.#iterator) : yield* form.call(this.#iterator);
  }

  take(answer: unknown): boolean {
    if (typeof answer !== 'object' || answer === null) {
      throw new TypeError(`Iterator result ${String(answer)} is not an object`);
    }
    const { done, value } = answer as { done?: unknown; value: unknown };
    if (done) return false;
    this.value = value;
    this.isOpen = true;
    return true;
  }

  *close(): Coroutine {
    this.isOpen = false;
    const method = (this.#iterator as { return?: Marked }).return;
    if (method === undefined) return undefined;
    const form = method[CALL];
    return form === undefined ? method.call(this.#iterator) : yield* form.call(this.#iterator);
  }
}

/** Ask a value for its async iterator. An ordinary iterator does as well, if it yields no promises. */
export function* openAsync(value: unknown): Coroutine<AsyncCursor> {
  const method = (value as { [Symbol.asyncIterator]?: Marked } | null | undefined)?.[
    Symbol.asyncIterator
  ];
  if (method != null) {
    const form = method[CALL];
    const iterator = form === undefined ? method.call(value) : yield* form.call(value);
    return new AsyncCursor(iterator as object);
  }
  return new AsyncCursor(new SyncSource(open(value)));
}

/** Presents an ordinary iterator as an async one. */
class SyncSource {
  readonly #cursor: Cursor;

  constructor(cursor: Cursor) {
    this.#cursor = cursor;
  }
  next(): never {
    throw new TypeError('iterates where nothing can be interrupted');
  }
  return(): never {
    throw new TypeError('iterates where nothing can be interrupted');
  }
  static {
    (SyncSource.prototype.next as unknown as Marked)[CALL] = function* (this: unknown): Coroutine {
      const cursor = (this as SyncSource).#cursor;
      const more = cursor.isFast ? cursor.next() : yield* cursor.step();
      if (!more) return { done: true, value: undefined };
      if (typeof (cursor.value as { then?: unknown } | null | undefined)?.then === 'function') {
        throw new TypeError('`for await` over promises of an ordinary iterator is not supported');
      }
      return { done: false, value: cursor.value };
    };
    (SyncSource.prototype.return as unknown as Marked)[CALL] = function* (
      this: unknown,
    ): Coroutine {
      const cursor = (this as SyncSource).#cursor;
      if (cursor.isOpen) yield* cursor.close();
      return undefined;
    };
  }
}

function describe(value: unknown): string {
  return typeof value === 'object' && value !== null ? 'object' : String(value);
}

/** `[Symbol.iterator]()` usually only makes an object. If it does more than that, it runs without interruption. */
function finish(coroutine: Coroutine): unknown {
  for (;;) {
    const { done, value } = coroutine.next();
    if (done === true) return value;
    throw new TypeError('[Symbol.iterator]() accesses shared memory, which is not supported');
  }
}

/** The first `count` elements of something iterable, or all of them for -1. */
export function* list(value: unknown, count: number): Coroutine<unknown[]> {
  const items: unknown[] = [];
  if (factsOf(value) === undefined && count < 0) {
    const method = (value as { [Symbol.iterator]?: unknown } | null | undefined)?.[Symbol.iterator];
    if (isNative.has(method)) return [...(value as Iterable<unknown>)];
  }
  const cursor = open(value);
  while (count < 0 || items.length < count) {
    const more = cursor.isFast ? cursor.next() : yield* cursor.step();
    if (!more) return items;
    items.push(cursor.value);
  }
  if (cursor.isOpen) yield* cursor.close();
  return items;
}
