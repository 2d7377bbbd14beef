/** The methods of `Promise`, in forms that can be interrupted: ECMA-262 sections 27.2.4 and 27.2.5. */

import { construct, type Current } from '../runtime/builtins.js';
import { each as walk } from '../runtime/iteration.js';
import { CALL, NEW, type Coroutine, type Marked } from '../runtime/keys.js';
import {
  capabilityOf,
  INTERNAL,
  ProgramPromise,
  promiseFor,
  pure,
  resolvers,
  runtime,
  useRuntime,
  type Capability,
} from './promise.js';

type Method = (this: unknown, ...args: unknown[]) => Coroutine;

function* resolveWith(constructor: unknown, value: unknown): Coroutine {
  if (value instanceof ProgramPromise && value.constructor === constructor) return value;
  if (constructor === ProgramPromise) return promiseFor(value);
  const { promise, resolve } = yield* capabilityOf(constructor);
  yield* runtime().invoke(resolve, undefined, [value]);
  return promise;
}

function* thenOf(promise: unknown, args: readonly unknown[]): Coroutine {
  return yield* runtime().invoke((promise as { then: unknown }).then, promise, args);
}

/** A function for the program that runs a coroutine. */
function callback(form: Method): Marked {
  return runtime().call(form);
}

const INSTANCE: Record<string, Method> = {
  *catch(onRejected) {
    return yield* thenOf(this, [undefined, onRejected]);
  },
  *finally(onFinally) {
    if (typeof onFinally !== 'function') return yield* thenOf(this, [onFinally, onFinally]);
    const { constructor } = this as { constructor: unknown };
    const after = (finish: () => unknown): Marked =>
      callback(function* () {
        const result = yield* runtime().invoke(onFinally, undefined, []);
        const promise = yield* resolveWith(constructor, result);
        return yield* thenOf(promise, [pure(finish)]);
      });
    const fulfilled = callback(function* (value) {
      return yield* runtime().invoke(
        after(() => value),
        undefined,
        [],
      );
    });
    const rejected = callback(function* (reason) {
      const raise = (): never => {
        throw reason;
      };
      return yield* runtime().invoke(after(raise), undefined, []);
    });
    return yield* thenOf(this, [fulfilled, rejected]);
  },
};

/** What `all` and its kind do with each promise. */
interface Combination {
  readonly each: (
    index: number,
    values: unknown[],
    done: () => Coroutine,
    of: Capability,
  ) => readonly unknown[];
  readonly end: (values: unknown[], of: Capability) => Coroutine;
}

const settleWith = (f: unknown, value: unknown): Coroutine =>
  runtime().invoke(f, undefined, [value]);

/** A callback that counts once. */
function storing(
  index: number,
  values: unknown[],
  done: () => Coroutine,
  change: (value: unknown) => unknown,
): Marked {
  let isCalled = false;
  return callback(function* (value) {
    if (isCalled) return undefined;
    isCalled = true;
    values[index] = change(value);
    return yield* done();
  });
}

const COMBINATIONS: Record<string, Combination> = {
  all: {
    each: (index, values, done, of) => [storing(index, values, done, (v) => v), of.reject],
    end: (values, of) => settleWith(of.resolve, values),
  },
  allSettled: {
    each: (index, values, done) => [
      storing(index, values, done, (value) => ({ status: 'fulfilled', value })),
      storing(index, values, done, (reason) => ({ status: 'rejected', reason })),
    ],
    end: (values, of) => settleWith(of.resolve, values),
  },
  any: {
    each: (index, values, done, of) => [of.resolve, storing(index, values, done, (v) => v)],
    end: (values, of) =>
      settleWith(of.reject, new AggregateError(values, 'All promises were rejected')),
  },
};

/** Make a promise for an item, and wait for it. */
function* joined(
  constructor: unknown,
  resolve: unknown,
  item: unknown,
  callbacks: readonly unknown[],
): Coroutine {
  const promise = yield* runtime().invoke(resolve, constructor, [item]);
  return yield* thenOf(promise, callbacks);
}

function combining({ each, end }: Combination): Method {
  return function* (iterable) {
    const capability = yield* capabilityOf(this);
    try {
      const values: unknown[] = [];
      let left = 1;
      const done = function* (): Coroutine {
        return --left === 0 ? yield* end(values, capability) : undefined;
      };
      const resolve = (this as { resolve: unknown }).resolve;
      yield* walk(iterable, (item, i) => {
        left++;
        values[i] = undefined;
        return joined(this, resolve, item, each(i, values, done, capability));
      });
      yield* done();
    } catch (error) {
      yield* settleWith(capability.reject, error);
    }
    return capability.promise;
  };
}

const STATIC: Record<string, Method> = {
  *resolve(value) {
    return yield* resolveWith(this, value);
  },
  *reject(reason) {
    const { promise, reject } = yield* capabilityOf(this);
    yield* settleWith(reject, reason);
    return promise;
  },
  *withResolvers() {
    return { ...(yield* capabilityOf(this)) };
  },
  *try(f, ...args) {
    const { promise, resolve, reject } = yield* capabilityOf(this);
    try {
      yield* settleWith(resolve, yield* runtime().invoke(f, undefined, args));
    } catch (error) {
      yield* settleWith(reject, error);
    }
    return promise;
  },
  *race(iterable) {
    const { promise, resolve, reject } = yield* capabilityOf(this);
    try {
      const of = (this as { resolve: unknown }).resolve;
      yield* walk(iterable, (item) => joined(this, of, item, [resolve, reject]));
    } catch (error) {
      yield* settleWith(reject, error);
    }
    return promise;
  },
};

/** Give a constructor's or prototype's methods a plain and a resumable form. */
function methods(owner: object, forms: Readonly<Record<string, Method>>): void {
  for (const [name, form] of Object.entries(forms)) {
    const plain = function (this: unknown, ...args: unknown[]): unknown {
      return runtime().drive(form.apply(this, args));
    } as Marked;
    plain[CALL] = form;
    Object.defineProperty(plain, 'name', { value: name });
    Object.defineProperty(owner, name, { value: plain, writable: true, configurable: true });
  }
}

/** Make the promises of programs work with the current runtime. */
export function installPromises(current: Current): void {
  useRuntime(current);
  methods(ProgramPromise.prototype, INSTANCE);
  methods(ProgramPromise, STATIC);
  for (const [name, how] of Object.entries(COMBINATIONS)) {
    methods(ProgramPromise, { [name]: combining(how) });
  }
  // eslint-disable-next-line @typescript-eslint/unbound-method -- marked, not called
  pure(ProgramPromise.prototype.then);
  const make = function* (newTarget: unknown, executor: unknown): Coroutine {
    if (typeof executor !== 'function') {
      throw new TypeError(`Promise resolver ${String(executor)} is not a function`);
    }
    const args = [INTERNAL];
    const promise = construct(ProgramPromise, args, newTarget) as ProgramPromise;
    const { resolve, reject } = resolvers(promise);
    try {
      yield* runtime().invoke(executor, undefined, [resolve, reject]);
    } catch (error) {
      (reject as Marked)(error);
    }
    return promise;
  };
  Object.defineProperty(ProgramPromise, NEW, { value: make });
}
