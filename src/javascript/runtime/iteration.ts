/** Iterating in a form that can be interrupted. */

import { CALL, factsOf, type Coroutine, type Marked } from './keys.js';

/** Walks over something: fast where the language's own iterator can do it, step by step where code of the program is asked. */
export class Cursor {
  value: unknown = undefined;
  /** {@link next} may be used; else {@link step}. */
  isFast = false;
  /** {@link start} has to be run first. */
  isNew = false;
  /** The iterator has more elements, and must be told if nobody asks for them. */
  isOpen = false;
  #iterator!: Iterator<unknown>;
  #next!: Marked;
  #opening: Coroutine | undefined;

  /** A cursor of an iterator that code of the program has yet to make. */
  static opening(opening: Coroutine): Cursor {
    const cursor = new Cursor();
    cursor.isNew = true;
    cursor.#opening = opening;
    return cursor;
  }

  static of(iterator: Iterator<unknown>, isFast: boolean): Cursor {
    const cursor = new Cursor();
    cursor.#begin(iterator, isFast);
    return cursor;
  }

  *start(): Coroutine<void> {
    const iterator = iteratorOf(yield* this.#opening as Coroutine);
    this.isNew = false;
    this.#begin(iterator, nativePrototypes.has(Object.getPrototypeOf(iterator)));
  }

  #begin(iterator: Iterator<unknown>, isFast: boolean): void {
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
    const form = formOf(this.#next);
    const answer = resultOf(
      form === undefined ? this.#next.call(this.#iterator) : yield* form.call(this.#iterator),
    );
    if (answer.done === true) return false;
    this.value = answer.value;
    this.isOpen = true;
    return true;
  }

  /** Pass on to this iterator what is sent to a generator that delegates to it. */
  *ask(how: 'next' | 'throw' | 'return', value: unknown): Coroutine<IteratorResult<unknown>> {
    const method = (how === 'next' ? this.#next : this.#iterator[how]) as Marked | null | undefined;
    if (method == null) {
      if (how === 'return') return { value, done: true };
      yield* this.close();
      throw new TypeError(NO_THROW);
    }
    const form = formOf(method);
    return resultOf(
      form === undefined
        ? method.call(this.#iterator, value)
        : yield* form.call(this.#iterator, value),
    );
  }

  get canThrow(): boolean {
    return (this.#iterator.throw as unknown) != null;
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

/** The error of V8 for an iterator that cannot be told of an exception. */
const NO_THROW = "The iterator does not provide a 'throw' method.";

function isObject(value: unknown): boolean {
  return (typeof value === 'object' && value !== null) || typeof value === 'function';
}

function iteratorOf(made: unknown): Iterator<unknown> {
  if (isObject(made)) return made as Iterator<unknown>;
  throw new TypeError('Result of the Symbol.iterator method is not an object');
}

function resultOf(answer: unknown): IteratorResult<unknown> {
  if (isObject(answer)) return answer as IteratorResult<unknown>;
  throw new TypeError(`Iterator result ${String(answer)} is not an object`);
}

/** Resumable form of an iterator's `next`, which the language looks up once and calls each time. */
function formOf(next: Marked | undefined): Marked[typeof CALL] {
  if (typeof next === 'function') return next[CALL];
  throw new TypeError(`${describe(next)} is not a function`);
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

/**
 * Ask a value for its iterator, as the language does. The answer may have to be started first.
 *
 * @param text how the program names it; with three dots before it in a call
 */
export function open(value: unknown, text?: string): Cursor {
  const method = (value as { [Symbol.iterator]?: Marked } | null | undefined)?.[Symbol.iterator];
  if (typeof method !== 'function') throw notIterable(value, text);
  if (isNative.has(method)) return Cursor.of(method.call(value) as Iterator<unknown>, true);
  const form = method[CALL];
  if (form !== undefined) return Cursor.opening(form.call(value));
  const iterator = iteratorOf(method.call(value));
  return Cursor.of(iterator, nativePrototypes.has(Object.getPrototypeOf(iterator)));
}

/** The same, started. */
export function* opened(value: unknown, text?: string): Coroutine<Cursor> {
  const cursor = open(value, text);
  if (cursor.isNew) yield* cursor.start();
  return cursor;
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
    const form = formOf(this.#next);
    return form === undefined ? this.#next.call(this.#iterator) : yield* form.call(this.#iterator);
  }

  /** Pass on what is sent to an async generator that delegates to this. Returns the promise of an answer. */
  *pass(
    how: 'next' | 'throw' | 'return',
    value: unknown,
    wait: (value: unknown) => unknown,
  ): Coroutine {
    const iterator = this.#iterator as Record<string, Marked | null | undefined>;
    const method = how === 'next' ? this.#next : iterator[how];
    if (method == null) {
      if (how === 'return') return { value: yield wait(value), done: true };
      const closed = yield* this.close();
      yield wait(closed);
      throw new TypeError(NO_THROW);
    }
    const form = formOf(method);
    return form === undefined
      ? method.call(this.#iterator, value)
      : yield* form.call(this.#iterator, value);
  }

  checked(answer: unknown): IteratorResult<unknown> {
    return resultOf(answer);
  }

  take(answer: unknown): boolean {
    const { done, value } = resultOf(answer) as { done?: unknown; value: unknown };
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

/** Makes an async iterator of an ordinary one. */
export type AsyncSource = (cursor: Cursor) => object;

/** Ask a value for its async iterator. An ordinary iterator does as well. */
export function* openAsync(value: unknown, asyncOf: AsyncSource): Coroutine<AsyncCursor> {
  const method = (value as { [Symbol.asyncIterator]?: Marked } | null | undefined)?.[
    Symbol.asyncIterator
  ];
  if (method != null) {
    const form = method[CALL];
    const iterator = form === undefined ? method.call(value) : yield* form.call(value);
    return new AsyncCursor(iterator as object);
  }
  return new AsyncCursor(asyncOf(yield* opened(value)));
}

/** The error of V8. */
function notIterable(value: unknown, text: string | undefined): TypeError {
  if (text?.startsWith('...') === true) {
    return new TypeError(
      value == null
        ? `${text.slice(3)} is not iterable (cannot read property undefined)`
        : 'Spread syntax requires ...iterable[Symbol.iterator] to be a function',
    );
  }
  const method = (value as { [Symbol.iterator]?: unknown } | null | undefined)?.[Symbol.iterator];
  if (text === undefined || method != null) {
    return new TypeError(
      `${describe(value)} is not iterable (cannot read property Symbol(Symbol.iterator))`,
    );
  }
  return new TypeError(
    text.endsWith('()')
      ? `${text.slice(0, -2)} is not a function or its return value is not iterable`
      : `${text} is not iterable`,
  );
}

function describe(value: unknown): string {
  const type = typeof value;
  if (type === 'string') return `string "${String(value)}"`;
  const isNamed = value === null || type === 'number' || type === 'boolean';
  return isNamed ? `${type} ${String(value)}` : type;
}

/** Walk over something iterable. If `visit` throws, the iterator is closed. */
export function* each(
  value: unknown,
  visit: (item: unknown, index: number) => Coroutine,
): Coroutine<void> {
  const cursor = yield* opened(value);
  try {
    for (let i = 0; cursor.isFast ? cursor.next() : yield* cursor.step(); i++) {
      yield* visit(cursor.value, i);
    }
  } catch (error) {
    if (cursor.isOpen) yield* closed(cursor);
    throw error;
  }
}

/** Close the iterator after an exception, which counts more than one of its own. */
function* closed(cursor: Cursor): Coroutine<void> {
  try {
    yield* cursor.close();
  } catch {
    // The program is told of the first exception.
  }
}

/** The first `count` elements of something iterable, or all of them for -1. */
export function* list(value: unknown, count: number, text?: string): Coroutine<unknown[]> {
  const items: unknown[] = [];
  if (factsOf(value) === undefined && count < 0) {
    const method = (value as { [Symbol.iterator]?: unknown } | null | undefined)?.[Symbol.iterator];
    if (isNative.has(method)) return [...(value as Iterable<unknown>)];
  }
  const cursor = yield* opened(value, text);
  while (count < 0 || items.length < count) {
    const more = cursor.isFast ? cursor.next() : yield* cursor.step();
    if (!more) return items;
    items.push(cursor.value);
  }
  if (cursor.isOpen) yield* cursor.close();
  return items;
}
