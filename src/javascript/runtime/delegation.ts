/** `yield*`: what is sent to a generator goes on to the iterator that it delegates to, as ECMA-262 section 15.5.5 says. */

import type { Coroutine } from './keys.js';
import { Out, Return } from './generators.js';
import { opened, type AsyncCursor } from './iteration.js';

/** What a generator was told to return with: the language does not show it to code within the generator. */
export interface Returning {
  readonly returning: unknown;
}

type How = 'next' | 'throw' | 'return';
type Answer = IteratorResult<unknown>;

/** Asks an iterator, and hands out what it gives. */
interface Link {
  ask(how: How, value: unknown): Coroutine<Answer>;
  out(value: unknown): Out;
}

/** `yield*` in a generator. */
export function* delegated(runtime: Returning, value: unknown): Coroutine {
  const cursor = yield* opened(value);
  const link: Link = {
    ask: (how, sent) => cursor.ask(how, sent),
    out: (result) => new Out(result),
  };
  return yield* relayed(runtime, link, yield* link.ask('next', undefined));
}

/**
 * `yield*` in an async generator.
 *
 * @param wait makes what the generator yields to the engine in order to wait for a value
 */
export function* delegatedAsync(
  runtime: Returning,
  cursor: AsyncCursor,
  wait: (value: unknown) => unknown,
): Coroutine {
  const link: Link = {
    *ask(how, sent) {
      const promise = yield* cursor.pass(how, sent, wait);
      const answer = yield wait(promise);
      return cursor.checked(answer);
    },
    out: (result) => new Out(result, true),
  };
  return yield* relayed(runtime, link, yield* link.ask('next', undefined));
}

function* relayed(runtime: Returning, link: Link, first: Answer): Coroutine {
  let answer = first;
  while (answer.done !== true) {
    let how: How = 'return';
    let sent: unknown;
    try {
      sent = yield link.out(answer.value);
      how = 'next';
    } catch (error) {
      sent = error;
      how = 'throw';
    } finally {
      if (how === 'return') {
        const last = yield* link.ask('return', runtime.returning);
        if (last.done === true) yield new Return(last.value);
        // The iterator does not let the generator return.
        // eslint-disable-next-line no-unsafe-finally
        else return yield* relayed(runtime, link, last);
      }
    }
    answer = yield* link.ask(how, sent);
  }
  return answer.value as unknown;
}
