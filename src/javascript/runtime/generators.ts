/**
 * Generators of the program: their own `yield` passes a value to the code that iterates, while a switch goes to the
 * engine.
 */

import { CALL, type Coroutine, type Marked } from './keys.js';

/** A value on its way from a generator to the code that iterates over it. */
export class Out {
  readonly value: unknown;
  /** An async generator need not wait for it. */
  readonly isSettled: boolean;

  constructor(value: unknown, isSettled = false) {
    this.value = value;
    this.isSettled = isSettled;
  }
}

/** A generator is told to return, although it was resumed otherwise in the meantime. */
export class Return {
  readonly value: unknown;

  constructor(value: unknown) {
    this.value = value;
  }
}

interface Driver {
  returning: unknown;
  drive(coroutine: Coroutine): unknown;
}

/** What a generator function of the program returns. */
export class GeneratorObject implements Iterator<unknown> {
  readonly #driver: Driver;
  readonly #body: Coroutine;

  constructor(driver: Driver, body: Coroutine) {
    this.#driver = driver;
    this.#body = body;
  }

  *resume(how: 'next' | 'return' | 'throw', value: unknown): Coroutine<IteratorResult<unknown>> {
    if (how === 'return') this.#driver.returning = value;
    let answer =
      how === 'next'
        ? this.#body.next(value)
        : how === 'return'
          ? this.#body.return(value)
          : this.#body.throw(value);
    while (answer.done !== true && !(answer.value instanceof Out)) {
      if (answer.value instanceof Return) answer = this.#body.return(answer.value.value);
      else {
        yield answer.value;
        answer = this.#body.next();
      }
    }
    if (answer.done === true) return { value: answer.value, done: true };
    return { value: (answer.value as Out).value, done: false };
  }

  next(value?: unknown): IteratorResult<unknown> {
    return this.#driver.drive(this.resume('next', value)) as IteratorResult<unknown>;
  }
  return(value?: unknown): IteratorResult<unknown> {
    return this.#driver.drive(this.resume('return', value)) as IteratorResult<unknown>;
  }
  throw(value?: unknown): IteratorResult<unknown> {
    return this.#driver.drive(this.resume('throw', value)) as IteratorResult<unknown>;
  }
  [Symbol.iterator](): this {
    return this;
  }
  get [Symbol.toStringTag](): string {
    return 'Generator';
  }
}

for (const how of ['next', 'return', 'throw'] as const) {
  (GeneratorObject.prototype[how] as unknown as Marked)[CALL] = function (
    this: unknown,
    value: unknown,
  ): Coroutine {
    return (this as GeneratorObject).resume(how, value);
  };
}
