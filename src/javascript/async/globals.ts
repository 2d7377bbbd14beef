/** Timers, microtasks and ticks as programs call them: all in the agent's own event loop, in virtual time. */

import { promisify } from 'node:util';
import { PURE, type Coroutine, type Marked } from '../runtime/keys.js';
import type { Runtime } from '../runtime/runtime.js';
import { pending, ProgramPromise, rejectPromise, resolvePromise } from './promise.js';
import type { Realm } from './realm.js';
import { delayOf, type Job, type Timer } from './timer.js';

/** What the timers need to know about time. */
export interface TimeSource {
  readonly now: number;
}

function pure<T>(f: T): T {
  (f as unknown as Marked)[PURE] = true;
  return f;
}

function callable(f: unknown): unknown {
  if (typeof f === 'function') return f;
  const error = new TypeError(
    `The "callback" argument must be of type function. Received ${typeof f}`,
  ) as TypeError & { code: string };
  error.code = 'ERR_INVALID_ARG_TYPE';
  throw error;
}

/** What `setTimeout` and `setInterval` return. */
class Timeout {
  readonly timer: Timer;
  readonly #realm: Realm;
  readonly #time: TimeSource;
  readonly #number: number;

  constructor(realm: Realm, time: TimeSource, timer: Timer) {
    this.#realm = realm;
    this.#time = time;
    this.timer = timer;
    realm.addTimer(timer);
    this.#number = realm.sequence;
  }

  ref(): this {
    this.timer.isAlive = true;
    return this;
  }
  unref(): this {
    this.timer.isAlive = false;
    return this;
  }
  hasRef(): boolean {
    return this.timer.isAlive;
  }
  refresh(): this {
    this.#realm.removeTimer(this.timer);
    this.timer.due = this.#time.now + this.timer.delay;
    this.#realm.addTimer(this.timer);
    return this;
  }
  close(): this {
    this.timer.isCleared = true;
    this.#realm.removeTimer(this.timer);
    return this;
  }
  [Symbol.toPrimitive](): number {
    return this.#number;
  }
}
for (const name of ['ref', 'unref', 'hasRef', 'refresh', 'close'] as const) {
  // eslint-disable-next-line @typescript-eslint/unbound-method -- marked, not called
  pure(Timeout.prototype[name]);
}

type Immediate = Realm['immediates'][number];

/** What `setImmediate` returns. */
class ImmediateObject {
  readonly entry: Immediate;

  constructor(entry: Immediate) {
    this.entry = entry;
  }
  ref(): this {
    this.entry.isAlive = true;
    return this;
  }
  unref(): this {
    this.entry.isAlive = false;
    return this;
  }
  hasRef(): boolean {
    return this.entry.isAlive;
  }
}
// eslint-disable-next-line @typescript-eslint/unbound-method -- marked, not called
for (const f of [ImmediateObject.prototype.ref, ImmediateObject.prototype.unref]) pure(f);

/** Names of what {@link asyncGlobals} makes. */
type AsyncGlobal =
  | 'Promise'
  | 'setTimeout'
  | 'clearTimeout'
  | 'setInterval'
  | 'clearInterval'
  | 'setImmediate'
  | 'clearImmediate'
  | 'queueMicrotask';

/** The globals, for any agent of a program. */
export function asyncGlobals(runtime: Runtime, time: TimeSource): Record<AsyncGlobal, unknown> {
  const calling = (f: unknown, args: readonly unknown[]): Job => {
    callable(f);
    return () => runtime.invoke(f, undefined, args);
  };
  const timer = (job: Job, delay: unknown, repeats: boolean): Timeout => {
    const ms = delayOf(delay);
    const due = time.now + ms;
    const facts = { isAlive: true, isInternal: false, isCleared: false, sequence: 0 };
    return new Timeout(runtime.realm(), time, { due, delay: ms, repeats, job, ...facts });
  };
  const clear = pure((given: unknown): void => {
    if (given instanceof Timeout) given.close();
    else if (given instanceof ImmediateObject) given.entry.isCleared = true;
  });
  const setTimeout = pure((f: unknown, delay?: unknown, ...args: unknown[]) =>
    timer(calling(f, args), delay, false),
  );
  const later = (add: (job: Job) => unknown, value: unknown): ProgramPromise => {
    const promise = pending();
    // eslint-disable-next-line require-yield -- a job is a coroutine
    add(function* (): Coroutine {
      resolvePromise(promise, value);
      return undefined;
    });
    return promise;
  };
  const immediate = (job: Job): ImmediateObject => {
    const entry = { job, isAlive: true, isCleared: false };
    runtime.realm().immediates.push(entry);
    return new ImmediateObject(entry);
  };
  const setImmediate = pure((f: unknown, ...args: unknown[]) => immediate(calling(f, args)));
  promisified(setTimeout, (delay: unknown, value: unknown) =>
    later((job) => timer(job, delay, false), value),
  );
  promisified(setImmediate, (value: unknown) => later(immediate, value));
  return {
    Promise: ProgramPromise,
    setTimeout,
    clearTimeout: clear,
    setInterval: pure((f: unknown, delay?: unknown, ...args: unknown[]) =>
      timer(calling(f, args), delay, true),
    ),
    clearInterval: clear,
    setImmediate,
    clearImmediate: clear,
    queueMicrotask: pure((f: unknown) => {
      runtime.realm().microtasks.push(calling(f, []));
    }),
  };
}

function promisified(f: object, custom: (...args: unknown[]) => unknown): void {
  Object.defineProperty(f, promisify.custom, { value: pure(custom) });
}

/** `process.nextTick`. */
export function nextTick(runtime: Runtime): Marked {
  return pure((f: unknown, ...args: unknown[]) => {
    callable(f);
    runtime.realm().ticks.push(() => runtime.invoke(f, undefined, args));
    return undefined;
  });
}

/** Replaces `util.promisify` and `util.callbackify`, which would make promises of the language's own. */
export function promisifier(runtime: Runtime): Marked {
  return pure((original: unknown) => {
    const custom = (original as Record<symbol, unknown> | undefined)?.[promisify.custom];
    if (typeof custom === 'function') return custom;
    callable(original);
    return runtime.call(function* (this: unknown, ...args) {
      const promise = pending();
      const done = pure((error: unknown, value: unknown) => {
        if (error != null) rejectPromise(promise, error);
        else resolvePromise(promise, value);
      });
      yield* runtime.invoke(original, this, [...args, done]);
      return promise;
    });
  });
}
