/** What async generator functions return: requests wait in line, as ECMA-262 section 27.6 describes. */

import { CALL, type Coroutine, type Marked } from '../runtime/keys.js';
import { Out, Return } from '../runtime/generators.js';
import type { Runtime } from '../runtime/runtime.js';
import {
  isWait,
  pending,
  rejectPromise,
  resolvePromise,
  whenSettled,
  type Continuation,
  type ProgramPromise,
} from './promise.js';

type How = 'next' | 'return' | 'throw';

interface Request {
  readonly how: How;
  readonly value: unknown;
  readonly promise: ProgramPromise;
}

/** An async generator of the program. */
export class AsyncGeneratorObject implements Continuation {
  readonly #runtime: Runtime;
  readonly #body: Coroutine;
  readonly #queue: Request[] = [];
  #isRunning = false;
  #isDone = false;
  /** The body has been started. */
  #hasBegun = false;
  /** Why the generator waits for a value. */
  #waiting: 'body' | 'yield' | 'return' = 'body';

  get [Symbol.toStringTag](): string {
    return 'AsyncGenerator';
  }

  constructor(runtime: Runtime, body: Coroutine) {
    this.#runtime = runtime;
    this.#body = body;
  }

  *enqueue(how: How, value: unknown): Coroutine<ProgramPromise> {
    const promise = pending();
    this.#queue.push({ how, value, promise });
    if (!this.#isRunning) yield* this.#serve();
    return promise;
  }

  /** Answer requests until one has to wait. */
  *#serve(): Coroutine<void> {
    for (;;) {
      const [request] = this.#queue;
      this.#isRunning = request !== undefined;
      if (request === undefined) return;
      const { how, value } = request;
      if (!this.#hasBegun && how !== 'next') this.#isDone = true;
      if (!this.#isDone) {
        this.#hasBegun = true;
        if (how === 'return') {
          this.#wait(value, 'return');
          return;
        }
        if (!(yield* this.#step(how, value))) return;
      } else if (how === 'return') {
        this.#wait(value, 'return');
        return;
      } else if (how === 'throw') this.#reject(value);
      else this.#answer(undefined, true);
    }
  }

  #wait(value: unknown, what: 'body' | 'yield' | 'return'): void {
    this.#waiting = what;
    whenSettled(value, this);
  }

  #answer(value: unknown, done: boolean): void {
    const request = this.#queue.shift();
    if (request !== undefined) resolvePromise(request.promise, { value, done });
  }
  #reject(reason: unknown): void {
    const request = this.#queue.shift();
    if (request !== undefined) rejectPromise(request.promise, reason);
  }

  /** Let the body go on. Returns whether the request was answered at once. */
  *#step(how: How, value: unknown): Coroutine<boolean> {
    const body = this.#body;
    if (how === 'return') this.#runtime.returning = value;
    try {
      let answer =
        how === 'next'
          ? body.next(value)
          : how === 'throw'
            ? body.throw(value)
            : body.return(value);
      for (;;) {
        if (answer.done === true) {
          this.#isDone = true;
          this.#wait(answer.value, 'return');
          return false;
        }
        if (isWait(answer.value)) {
          this.#wait(answer.value.value, 'body');
          return false;
        }
        if (answer.value instanceof Out) {
          if (answer.value.isSettled) {
            this.#answer(answer.value.value, false);
            return true;
          }
          this.#wait(answer.value.value, 'yield');
          return false;
        }
        if (answer.value instanceof Return) answer = body.return(answer.value.value);
        else {
          yield answer.value;
          answer = body.next();
        }
      }
    } catch (error) {
      this.#isDone = true;
      this.#reject(error);
      return true;
    }
  }

  *advance(isOk: boolean, value: unknown): Coroutine<void> {
    const what = this.#waiting;
    if (what === 'body') {
      if (!(yield* this.#step(isOk ? 'next' : 'throw', value))) return;
    } else if (what === 'yield') {
      if (isOk) this.#answer(value, false);
      else if (!(yield* this.#step('throw', value))) return;
    } else if (!this.#isDone) {
      if (!(yield* this.#step(isOk ? 'return' : 'throw', value))) return;
    } else if (isOk) this.#answer(value, true);
    else this.#reject(value);
    yield* this.#serve();
  }

  next(value?: unknown): unknown {
    return this.#runtime.drive(this.enqueue('next', value));
  }
  return(value?: unknown): unknown {
    return this.#runtime.drive(this.enqueue('return', value));
  }
  throw(value?: unknown): unknown {
    return this.#runtime.drive(this.enqueue('throw', value));
  }
  [Symbol.asyncIterator](): this {
    return this;
  }
}

for (const how of ['next', 'return', 'throw'] as const) {
  (AsyncGeneratorObject.prototype[how] as unknown as Marked)[CALL] = function (
    this: unknown,
    value: unknown,
  ): Coroutine {
    return (this as AsyncGeneratorObject).enqueue(how, value);
  };
}
