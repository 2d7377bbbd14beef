/** `crypto` and the random functions of `node:crypto`, drawn from the streams of an execution. */

import nodeCrypto from 'node:crypto';
import { CALL, factsOf, PURE, type Coroutine, type Marked } from './keys.js';
import type { TypedArray } from './views.js';

/** What this needs of an engine. */
export interface RandomServices {
  /** A whole number from 0 to `count` - 1, of the thread at work. */
  readonly below: (count: number) => number;
  /** Call a function of the program later, as `setImmediate` does. */
  readonly later: (f: unknown, ...args: readonly unknown[]) => void;
  /** What stands for a function that is not available. */
  readonly refusal: (name: string) => unknown;
  /** Write an element of shared memory, at the call that is being made. Returns whether another agent is next. */
  readonly write: (view: TypedArray, index: number, value: unknown) => boolean;
}

function pure<T>(f: T): T {
  (f as unknown as Marked)[PURE] = true;
  return f;
}

type Bytes = ArrayBufferView<ArrayBuffer>;

/** Makes everything random that programs can call by name. */
export class Randomness {
  readonly #services: RandomServices;

  constructor(services: RandomServices) {
    this.#services = services;
  }

  #byte(): number {
    return this.#services.below(256);
  }

  /** Give new random bytes to a view that is not shared. */
  #fill<T extends Bytes>(view: T, from = 0, to = view.byteLength): T {
    const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
    for (let i = from; i < to; i++) bytes[i] = this.#byte();
    return view;
  }

  #uuid(): string {
    const bytes = Array.from({ length: 16 }, () => this.#byte());
    bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
    bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
    const hex = bytes.map((byte) => byte.toString(16).padStart(2, '0')).join('');
    return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
  }

  /** `getRandomValues`: the original checks its argument, so that it is refused with the same errors. */
  #getRandomValues(): unknown {
    const check = (array: unknown): void => {
      nodeCrypto.getRandomValues(array as Uint8Array<ArrayBuffer>);
    };
    const fill = (array: unknown): unknown => {
      check(array);
      return this.#fill(array as Bytes);
    };
    const get = ((array: unknown) => fill(array)) as unknown as Marked;
    const self = this;
    get[CALL] = function* (array): Coroutine {
      if (factsOf(array) === undefined) return fill(array);
      const view = array as TypedArray;
      const copy = new (view.constructor as new (length: number) => Bytes & ArrayLike<number>)(
        view.length,
      );
      check(copy);
      self.#fill(copy);
      for (let i = 0; i < view.length; i++) if (self.#services.write(view, i, copy[i])) yield;
      return view;
    };
    return get;
  }

  /** The global `crypto`. */
  webcrypto(): Record<string, unknown> {
    const { subtle } = nodeCrypto.webcrypto;
    const names = Object.getOwnPropertyNames(Object.getPrototypeOf(subtle)).filter(
      (name) => name !== 'constructor',
    );
    const refused = names.map((name) => [name, this.#services.refusal(`crypto.subtle.${name}`)]);
    return {
      getRandomValues: this.#getRandomValues(),
      randomUUID: pure(() => this.#uuid()),
      subtle: Object.fromEntries(refused) as unknown,
    };
  }

  /** Functions of `node:crypto`; `webcrypto` is the global. */
  module(webcrypto: Readonly<Record<string, unknown>>): Record<string, unknown> {
    const { later } = this.#services;
    const answered = (value: unknown, done: unknown): unknown => {
      if (done === undefined) return value;
      later(done, null, value);
      return undefined;
    };
    const randomBytes = pure((size: unknown, done?: unknown) => {
      const bytes = nodeCrypto.randomBytes(size as number);
      return answered(this.#fill(bytes), checkedCallback(done));
    });
    const randomInt = pure((...args: unknown[]) => {
      const done = typeof args.at(-1) === 'function' ? args.pop() : undefined;
      const [first, second] = args;
      nodeCrypto.randomInt(...(args as [number, number]));
      const [min, max] = args.length < 2 ? [0, Number(first)] : [Number(first), Number(second)];
      return answered(min + this.#wholeBelow(max - min), done);
    });
    const fill = (buffer: unknown, offset?: unknown, size?: unknown): unknown => {
      nodeCrypto.randomFillSync(buffer as NodeJS.ArrayBufferView, offset as number, size as number);
      const isView = ArrayBuffer.isView(buffer);
      const view = (isView ? buffer : new Uint8Array(buffer as ArrayBuffer)) as Bytes;
      const unit = (view as { readonly BYTES_PER_ELEMENT?: number }).BYTES_PER_ELEMENT ?? 1;
      const from = Number(offset ?? 0) * unit;
      this.#fill(view, from, size === undefined ? view.byteLength : from + Number(size) * unit);
      return buffer;
    };
    return {
      ...{ getRandomValues: webcrypto['getRandomValues'], randomUUID: webcrypto['randomUUID'] },
      ...{ webcrypto, subtle: webcrypto['subtle'], randomBytes, randomInt },
      pseudoRandomBytes: randomBytes,
      // These are no pure functions: they are refused shared memory.
      randomFillSync: fill,
      randomFill: (buffer: unknown, ...args: unknown[]): void => {
        const done = args.pop();
        later(checkedCallback(done), null, fill(buffer, ...args));
      },
    };
  }

  /** A whole number below a bound of up to 2 ** 48. */
  #wholeBelow(bound: number): number {
    const draw = this.#services.below(2 ** 24) * 2 ** 24 + this.#services.below(2 ** 24);
    return Math.floor((draw / 2 ** 48) * bound);
  }
}

function checkedCallback(done: unknown): unknown {
  if (done === undefined || typeof done === 'function') return done;
  const error = new TypeError(
    `The "callback" argument must be of type function. Received ${typeof done}`,
  );
  throw Object.assign(error, { code: 'ERR_INVALID_ARG_TYPE' });
}
