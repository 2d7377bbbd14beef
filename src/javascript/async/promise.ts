/**
 * Promises of programs, as ECMA-262 section 27.2 describes them: their reactions are microtasks of the agent, and can be interrupted.
 * Async functions wait for them as the standard's `Await` does, one microtask for a promise of our own.
 */

import { types } from 'node:util';
import { PURE, type Coroutine, type Marked } from '../runtime/keys.js';
import type { Current } from '../runtime/builtins.js';
import { Awaited_ } from '../runtime/runtime.js';

const PENDING = 0;
const FULFILLED = 1;
const REJECTED = 2;

/** Tells the constructor that the library itself calls it. */
export const INTERNAL = Symbol('internal');

/** The functions by which a promise is settled. */
export interface Capability {
  promise: unknown;
  resolve: unknown;
  reject: unknown;
}

/** Something that waits for a promise, and goes on when it is settled. */
export interface Continuation {
  advance(isOk: boolean, value: unknown): Coroutine<void>;
}

interface Reaction {
  /** What the program handed to `then`, or an async function that waits. */
  readonly onFulfilled: unknown;
  readonly onRejected: unknown;
  readonly task: Continuation | undefined;
  readonly capability: Capability | ProgramPromise | undefined;
}

/** State of a promise. */
export interface PromiseState {
  state: number;
  value: unknown;
  reactions: Reaction[];
  isHandled: boolean;
}

const states = new WeakMap<object, PromiseState>();

/** The runtime at work; set once, when the forms are installed. */
const host: { current: Current | undefined } = { current: undefined };

/** The runtime at work. */
export const runtime = (): Current['runtime'] => (host.current as Current).runtime;

/** Let promises work with the current runtime. */
export function useRuntime(current: Current): void {
  host.current = current;
}

/** State of a promise of the program's. */
function stateOf(promise: unknown): PromiseState {
  const state = states.get(promise as object);
  if (state === undefined) throw new TypeError('the receiver is not a Promise');
  return state;
}

/** What programs know as `Promise`. */
export class ProgramPromise {
  /** A subclass is given what was made already, see `Classes.parent`. */
  static readonly takesMade = true;

  constructor(executor: unknown) {
    if (executor === undefined && runtime().mode === 1) return runtime().take() as ProgramPromise;
    states.set(this, { state: PENDING, value: undefined, reactions: [], isHandled: false });
    if (executor === INTERNAL) return;
    if (typeof executor !== 'function') {
      throw new TypeError(`Promise resolver ${String(executor)} is not a function`);
    }
    const { resolve, reject } = resolvers(this);
    try {
      (executor as Marked)(resolve, reject);
    } catch (error) {
      (reject as Marked)(error);
    }
  }

  then(onFulfilled?: unknown, onRejected?: unknown): unknown {
    const capability = derived(this);
    performThen(stateOf(this), { onFulfilled, onRejected, task: undefined, capability });
    return capability instanceof ProgramPromise ? capability : capability.promise;
  }

  get [Symbol.toStringTag](): string {
    return 'Promise';
  }

  static get [Symbol.species](): unknown {
    return this;
  }
}
Object.defineProperty(ProgramPromise, 'name', { value: 'Promise' });

/** A pending promise. */
export function pending(): ProgramPromise {
  return new ProgramPromise(INTERNAL);
}

/** `then` of a subclass makes an instance of that subclass. */
function derived(promise: ProgramPromise): Capability | ProgramPromise {
  const { constructor } = promise as { constructor: unknown };
  if (constructor === ProgramPromise || constructor === undefined) return pending();
  const species = (constructor as { [Symbol.species]?: unknown })[Symbol.species];
  if (species === ProgramPromise || species == null) return pending();
  return runtime().drive(capabilityOf(species)) as Capability;
}

/** `NewPromiseCapability`. */
export function* capabilityOf(constructor: unknown): Coroutine<Capability> {
  const made: Capability = { promise: undefined, resolve: undefined, reject: undefined };
  const executor = pure((resolve: unknown, reject: unknown) => {
    made.resolve = resolve;
    made.reject = reject;
  });
  if (constructor === ProgramPromise) {
    const promise = pending();
    return { promise, ...resolvers(promise) };
  }
  const make = runtime().constructorOf(constructor);
  made.promise =
    make === undefined
      ? Reflect.construct(constructor as new () => object, [executor])
      : yield* make(constructor, executor);
  return made;
}

/** Mark a function that may be called with anything. */
export function pure<T>(f: T): T {
  (f as unknown as Marked)[PURE] = true;
  return f;
}

/** The pair of functions that a promise's executor gets. */
export function resolvers(promise: ProgramPromise): { resolve: unknown; reject: unknown } {
  let isDone = false;
  const once = (settle: (promise: ProgramPromise, value: unknown) => void): unknown =>
    pure((value: unknown) => {
      if (isDone) return;
      isDone = true;
      settle(promise, value);
    });
  return { resolve: once(resolvePromise), reject: once(rejectPromise) };
}

/** Settle a promise with a value, or with the outcome of another promise. */
export function resolvePromise(promise: ProgramPromise, value: unknown): void {
  if (value === promise) {
    rejectPromise(promise, new TypeError('Chaining cycle detected for promise #<Promise>'));
    return;
  }
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) {
    settle(promise, FULFILLED, value);
    return;
  }
  let then: unknown;
  try {
    then = (value as { then?: unknown }).then;
  } catch (error) {
    rejectPromise(promise, error);
    return;
  }
  if (typeof then !== 'function') {
    settle(promise, FULFILLED, value);
    return;
  }
  refuseForeign(value);
  const { resolve, reject } = resolvers(promise);
  runtime()
    .realm()
    .microtasks.push(function* () {
      try {
        yield* runtime().invoke(then, value, [resolve, reject]);
      } catch (error) {
        (reject as Marked)(error);
      }
      return undefined;
    });
}

/** A promise that the language made itself would be settled outside the execution. */
function refuseForeign(value: unknown): void {
  if (types.isPromise(value)) runtime().foreignPromise();
}

/** Reject a promise. */
export function rejectPromise(promise: ProgramPromise, reason: unknown): void {
  const state = stateOf(promise);
  if (state.state === PENDING && !state.isHandled) runtime().realm().rejections.push(state);
  settle(promise, REJECTED, reason);
}

function settle(promise: ProgramPromise, to: number, value: unknown): void {
  const state = stateOf(promise);
  if (state.state !== PENDING) return;
  state.state = to;
  state.value = value;
  const { reactions } = state;
  state.reactions = [];
  for (const reaction of reactions) enqueue(reaction, to, value);
}

function performThen(state: PromiseState, reaction: Reaction): void {
  if (state.state === PENDING) state.reactions.push(reaction);
  else enqueue(reaction, state.state, state.value);
  state.isHandled = true;
}

function enqueue(reaction: Reaction, to: number, value: unknown): void {
  runtime()
    .realm()
    .microtasks.push(() => react(reaction, to, value));
}

function* react(reaction: Reaction, to: number, value: unknown): Coroutine {
  const { task, capability } = reaction;
  if (task !== undefined) {
    yield* task.advance(to === FULFILLED, value);
    return undefined;
  }
  const handler = to === FULFILLED ? reaction.onFulfilled : reaction.onRejected;
  let result: unknown;
  let isOk: boolean;
  if (typeof handler === 'function') {
    try {
      result = yield* runtime().invoke(handler, undefined, [value]);
      isOk = true;
    } catch (error) {
      result = error;
      isOk = false;
    }
  } else {
    result = value;
    isOk = to === FULFILLED;
  }
  if (capability instanceof ProgramPromise) {
    if (isOk) resolvePromise(capability, result);
    else rejectPromise(capability, result);
  } else if (capability !== undefined) {
    yield* runtime().invoke(isOk ? capability.resolve : capability.reject, undefined, [result]);
  }
  return undefined;
}

/** `PromiseResolve(%Promise%, value)`. */
export function promiseFor(value: unknown): ProgramPromise {
  if (value instanceof ProgramPromise && value.constructor === ProgramPromise) return value;
  const promise = pending();
  resolvePromise(promise, value);
  return promise;
}

/** Go on with an async function when a value has come. */
export function whenSettled(value: unknown, task: Continuation): void {
  refuseForeign(value);
  const reaction = { onFulfilled: undefined, onRejected: undefined, task, capability: undefined };
  performThen(stateOf(promiseFor(value)), reaction);
}

/** Whether a promise has been settled. */
export function isSettled(promise: ProgramPromise): boolean {
  return stateOf(promise).state !== PENDING;
}

/** The value of a settled promise. @throws what it was rejected with */
export function outcomeOf(promise: ProgramPromise): unknown {
  const state = stateOf(promise);
  if (state.state === REJECTED) throw state.value;
  return state.value;
}

/** Whether a value is a promise that was rejected. */
export function isRejected(value: unknown): boolean {
  return value instanceof ProgramPromise && stateOf(value).state === REJECTED;
}

/** Whether the value that an async function's body yielded is a wait, and not a switch. */
export function isWait(value: unknown): value is Awaited_ {
  return value instanceof Awaited_;
}

/** A promise that is kept when all of them are, and fails with the first that does. */
export function allOf(promises: readonly unknown[]): ProgramPromise {
  const all = pending();
  let left = promises.length;
  for (const promise of promises) {
    whenSettled(promise, {
      // eslint-disable-next-line require-yield -- a continuation is a coroutine
      *advance(isOk: boolean, value: unknown): Coroutine<void> {
        if (!isOk) rejectPromise(all, value);
        else if (--left === 0) resolvePromise(all, undefined);
      },
    });
  }
  return all;
}
