/** `once` and `on` of `node:events` in explored programs: a promise for an event, and an iteration over events. */

import { aborted, type Signal } from './abort.js';

type Listener = (...args: unknown[]) => void;

/** Options of both functions. */
interface Options {
  readonly signal?: Signal;
  /** Names of events that end an iteration. */
  readonly close?: readonly string[];
  readonly highWaterMark?: number;
  readonly lowWaterMark?: number;
}

/** An object that events come from: an emitter of Node, or a target of the web. */
interface Source {
  on?: (name: PropertyKey, listener: Listener) => unknown;
  once?: (name: PropertyKey, listener: Listener) => unknown;
  addEventListener?: (name: PropertyKey, listener: Listener, options?: object) => void;
  removeEventListener?: (name: PropertyKey, listener: Listener) => void;
  removeListener?: (name: PropertyKey, listener: Listener) => unknown;
  pause?: () => unknown;
  resume?: () => unknown;
}

function invalid(what: string): TypeError {
  const error = new TypeError(what) as TypeError & { code: string };
  error.code = 'ERR_INVALID_ARG_TYPE';
  return error;
}

function isSignal(signal: unknown): signal is Signal {
  return typeof signal === 'object' && signal !== null && 'aborted' in signal;
}

function signalOf(options: unknown): Signal | undefined {
  if (options === undefined) return undefined;
  if (typeof options !== 'object' || options === null) {
    throw invalid('The "options" argument must be of type object');
  }
  const { signal } = options as Options;
  if (signal === undefined) return undefined;
  if (!isSignal(signal)) {
    throw invalid('The "options.signal" property must be an instance of AbortSignal');
  }
  if (signal.aborted) throw aborted(signal);
  return signal;
}

function checkSource(source: unknown): asserts source is Source {
  const { on, addEventListener } = (source ?? {}) as Source;
  if (typeof on !== 'function' && typeof addEventListener !== 'function') {
    throw invalid('The "emitter" argument must be an instance of EventEmitter');
  }
}

function listen(source: Source, name: PropertyKey, listener: Listener, isOnce: boolean): void {
  if (typeof source.on === 'function') {
    if (isOnce) source.once?.(name, listener);
    else source.on(name, listener);
  } else source.addEventListener?.(name, listener, { once: isOnce });
}

function forget(source: Source, name: PropertyKey, listener: Listener): void {
  if (typeof source.removeListener === 'function') source.removeListener(name, listener);
  else source.removeEventListener?.(name, listener);
}

/** A promise for the next event of a name. */
export async function once(
  source: unknown,
  name: PropertyKey,
  options?: Options,
): Promise<unknown[]> {
  const signal = signalOf(options);
  checkSource(source);
  return new Promise((resolve, reject) => {
    const failed = (error: unknown): void => {
      forget(source, name, happened);
      signal?.removeEventListener('abort', stopped);
      // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- the program's own value
      reject(error);
    };
    const happened = (...args: unknown[]): void => {
      forget(source, 'error', failed);
      signal?.removeEventListener('abort', stopped);
      resolve(args);
    };
    const stopped = (): void => {
      forget(source, name, happened);
      forget(source, 'error', failed);
      reject(aborted(signal as Signal));
    };
    listen(source, name, happened, true);
    if (name !== 'error' && typeof source.once === 'function') source.once('error', failed);
    signal?.addEventListener('abort', stopped, { once: true });
  });
}

type Result = IteratorResult<unknown[], undefined>;

interface Waiting {
  resolve(result: Result): void;
  reject(error: unknown): void;
}

/** Events of one name, in their order. Those that come before they are asked for are kept. */
class Events implements AsyncIterableIterator<unknown[], undefined> {
  readonly #source: Source;
  readonly #signal: Signal | undefined;
  readonly #heard: [PropertyKey, Listener][] = [];
  readonly #high: number;
  readonly #low: number;
  #kept: unknown[][] = [];
  #waiting: Waiting[] = [];
  #failure: { readonly error: unknown } | undefined;
  #isDone = false;
  #isPaused = false;

  constructor(source: Source, name: PropertyKey, options: Options | undefined) {
    this.#signal = signalOf(options);
    checkSource(source);
    this.#source = source;
    this.#high = options?.highWaterMark ?? Number.MAX_SAFE_INTEGER;
    this.#low = options?.lowWaterMark ?? 1;
    this.#hear(name, (...args) => {
      this.#happened(args);
    });
    if (name !== 'error' && typeof source.on === 'function') this.#hear('error', this.#failed);
    for (const end of options?.close ?? []) this.#hear(end, this.#end);
    this.#signal?.addEventListener('abort', this.#stopped, { once: true });
  }

  #hear(name: PropertyKey, listener: Listener): void {
    listen(this.#source, name, listener, false);
    this.#heard.push([name, listener]);
  }

  #happened(args: unknown[]): void {
    const waiting = this.#waiting.shift();
    if (waiting !== undefined) {
      waiting.resolve({ value: args, done: false });
      return;
    }
    this.#kept.push(args);
    if (this.#isPaused || this.#kept.length <= this.#high) return;
    this.#isPaused = true;
    this.#source.pause?.();
  }

  readonly #failed = (error: unknown): void => {
    const waiting = this.#waiting.shift();
    if (waiting === undefined) this.#failure = { error };
    else waiting.reject(error);
    this.#end();
  };

  readonly #stopped = (): void => {
    this.#failed(aborted(this.#signal as Signal));
  };

  readonly #end = (): void => {
    this.#signal?.removeEventListener('abort', this.#stopped);
    for (const [name, listener] of this.#heard.splice(0)) forget(this.#source, name, listener);
    this.#isDone = true;
    const left = this.#waiting;
    this.#waiting = [];
    for (const waiting of left) waiting.resolve({ value: undefined, done: true });
  };

  next(): Promise<Result> {
    const value = this.#kept.shift();
    if (value !== undefined) {
      if (this.#isPaused && this.#kept.length < this.#low) {
        this.#isPaused = false;
        this.#source.resume?.();
      }
      return Promise.resolve({ value, done: false });
    }
    if (this.#failure !== undefined) {
      const { error } = this.#failure;
      this.#failure = undefined;
      // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- the program's own value
      return Promise.reject(error);
    }
    if (this.#isDone) {
      this.#end();
      return Promise.resolve({ value: undefined, done: true });
    }
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
    });
  }
  return(): Promise<Result> {
    this.#end();
    return Promise.resolve({ value: undefined, done: true });
  }
  throw(error: unknown): Promise<Result> {
    if (!(error instanceof Error)) {
      throw invalid('The "EventEmitter.AsyncIterator" property must be an instance of Error');
    }
    this.#failed(error);
    return undefined as unknown as Promise<Result>;
  }
  [Symbol.asyncIterator](): this {
    return this;
  }
  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }
}

/** Iterates over the events of a name. */
export function on(
  source: unknown,
  name: PropertyKey,
  options?: Options,
): AsyncIterableIterator<unknown[], undefined> {
  return new Events(source as Source, name, options);
}
