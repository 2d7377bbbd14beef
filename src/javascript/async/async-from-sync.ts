/** Presents an ordinary iterator as an async one, as ECMA-262 section 27.1.6 describes: each value is waited for by itself. */

import { versions } from 'node:process';
import type { Cursor } from '../runtime/iteration.js';
import { CALL, type Coroutine, type Marked } from '../runtime/keys.js';
import { pending, rejectPromise, resolvePromise, whenSettled } from './promise.js';

type How = 'next' | 'throw' | 'return';

/** Whether an iterator is closed when one of its values is a promise that fails, or when it has no `throw`: in V8 13 (Node 24). */
const CLOSES = Number.parseInt(versions.v8, 10) >= 13;

/** An async iterator over an ordinary one. */
export class AsyncFromSync {
  readonly #cursor: Cursor;

  constructor(cursor: Cursor) {
    this.#cursor = cursor;
  }

  next(): never {
    throw new TypeError('iterates where nothing can be interrupted');
  }
  throw(): never {
    throw new TypeError('iterates where nothing can be interrupted');
  }
  return(): never {
    throw new TypeError('iterates where nothing can be interrupted');
  }

  *ask(how: How, sent: unknown): Coroutine {
    const promise = pending();
    try {
      if (how === 'throw' && !CLOSES && !this.#cursor.canThrow) throw sent;
      const answer = yield* this.#cursor.ask(how, sent);
      const done = Boolean(answer.done);
      this.#settle(promise, answer.value, done, !done && how !== 'return');
    } catch (error) {
      rejectPromise(promise, error);
    }
    return promise;
  }

  #settle(
    promise: ReturnType<typeof pending>,
    awaited: unknown,
    done: boolean,
    mayClose: boolean,
  ): void {
    const cursor = this.#cursor;
    whenSettled(awaited, {
      *advance(isOk: boolean, value: unknown): Coroutine<void> {
        if (isOk) {
          resolvePromise(promise, { value, done });
          return;
        }
        try {
          if (mayClose && CLOSES) yield* cursor.close();
        } catch {
          // What the program is told is why the value failed.
        }
        rejectPromise(promise, value);
      },
    });
  }

  static {
    const prototype = AsyncFromSync.prototype as unknown as Record<How, Marked>;
    for (const how of ['next', 'throw', 'return'] as const) {
      prototype[how][CALL] = function (this: unknown, value: unknown): Coroutine {
        return (this as AsyncFromSync).ask(how, value);
      };
    }
  }
}
