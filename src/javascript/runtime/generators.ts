/**
 * Generators of the program: their own `yield` passes a value to the code that iterates, while a switch goes to the
 * engine.
 */

import { CALL, type Coroutine, type Marked } from './keys.js';

/** A value on its way from a generator to the code that iterates over it. */
export class Out {
  readonly value: unknown;

  constructor(value: unknown) {
    this.value = value;
  }
}

interface Driver {
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
    let answer =
      how === 'next'
        ? this.#body.next(value)
        : how === 'return'
          ? this.#body.return(value)
          : this.#body.throw(value);
    while (answer.done !== true && !(answer.value instanceof Out)) {
      yield answer.value;
      answer = this.#body.next();
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
}

for (const how of ['next', 'return', 'throw'] as const) {
  (GeneratorObject.prototype[how] as unknown as Marked)[CALL] = function (
    this: unknown,
    value: unknown,
  ): Coroutine {
    return (this as GeneratorObject).resume(how, value);
  };
}
