/** Runs the body of an async function: up to its next wait, and on from there when the awaited value has come. */

import type { Coroutine } from '../runtime/keys.js';
import type { Runtime } from '../runtime/runtime.js';
import {
  isWait,
  pending,
  rejectPromise,
  resolvePromise,
  whenSettled,
  type ProgramPromise,
} from './promise.js';

/** An async function that was called. */
export class AsyncTask {
  readonly promise: ProgramPromise = pending();
  readonly #body: Coroutine;
  readonly #runtime: Runtime;

  constructor(runtime: Runtime, body: Coroutine) {
    this.#runtime = runtime;
    this.#body = body;
  }

  /** Resume the body with a value, or with an error to throw, until the next wait or the end. */
  *advance(isOk: boolean, value: unknown): Coroutine<void> {
    const { awaiting } = this.#runtime.realm();
    awaiting.delete(this);
    try {
      let answer = isOk ? this.#body.next(value) : this.#body.throw(value);
      while (answer.done !== true && !isWait(answer.value)) {
        yield answer.value;
        answer = this.#body.next();
      }
      if (answer.done === true) resolvePromise(this.promise, answer.value);
      else if (isWait(answer.value)) {
        awaiting.set(this, answer.value.site);
        whenSettled(answer.value.value, this);
      }
    } catch (error) {
      rejectPromise(this.promise, error);
    }
  }
}
