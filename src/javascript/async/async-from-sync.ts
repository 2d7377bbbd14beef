/** Presents an ordinary iterator to `for await`, as ECMA-262 section 27.1.6 describes: each value is waited for by itself. */

import type { Cursor } from '../runtime/iteration.js';
import { CALL, type Coroutine, type Marked } from '../runtime/keys.js';
import { pending, rejectPromise, resolvePromise, whenSettled } from './promise.js';

/** An async iterator over an ordinary one. */
export class AsyncFromSync {
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

  *ask(): Coroutine {
    const cursor = this.#cursor;
    const more = cursor.isFast ? cursor.next() : yield* cursor.step();
    return this.#settled(more ? cursor.value : undefined, !more);
  }

  *close(): Coroutine {
    if (this.#cursor.isOpen) yield* this.#cursor.close();
    return this.#settled(undefined, true);
  }

  #settled(awaited: unknown, done: boolean): unknown {
    const promise = pending();
    whenSettled(awaited, {
      // eslint-disable-next-line require-yield -- a continuation is a coroutine
      *advance(isOk: boolean, value: unknown): Coroutine<void> {
        if (isOk) resolvePromise(promise, { value, done });
        else rejectPromise(promise, value);
      },
    });
    return promise;
  }

  static {
    const prototype = AsyncFromSync.prototype as unknown as Record<'next' | 'return', Marked>;
    prototype.next[CALL] = function (this: unknown): Coroutine {
      return (this as AsyncFromSync).ask();
    };
    prototype.return[CALL] = function (this: unknown): Coroutine {
      return (this as AsyncFromSync).close();
    };
  }
}
