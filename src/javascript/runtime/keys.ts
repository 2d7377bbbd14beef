/** Hidden properties by which instrumented code and the runtime recognise functions and views. */

import type { ViewFacts } from './views.js';

/** Resumable form of a function: a generator function that takes the same `this` and arguments. */
export const CALL: unique symbol = Symbol('resumable call');
/** Resumable form of a constructor: takes `new.target` and the arguments. Only as an own property. */
export const NEW: unique symbol = Symbol('resumable new');
/** A plain function that may be called with anything: it reads no elements. */
export const PURE: unique symbol = Symbol('pure');
/** The code of a resumable form, where that form only begins it. */
export const FORM: unique symbol = Symbol('form');
/** Facts of a view of shared memory. */
export const VIEW: unique symbol = Symbol('view');

/** Patterns that take elements read this property first; views of shared memory then refuse. */
export const PROBE: unique symbol = Symbol('probe');

const OURS: ReadonlySet<unknown> = new Set([CALL, NEW, PURE, FORM, VIEW, PROBE]);

/** Whether a key is one of ours, which programs must not see. */
export function isOurs(key: unknown): boolean {
  return OURS.has(key);
}

/** A coroutine: yields undefined when another agent is next. */
export type Coroutine<T = unknown> = Generator<unknown, T, unknown>;
/** A resumable form. */
export type Resumable = (this: unknown, ...args: unknown[]) => Coroutine;
/** A resumable constructor. */
export type ResumableNew = (newTarget: unknown, ...args: unknown[]) => Coroutine;

/** A function, with what we have written on it. */
export interface Marked {
  (...args: unknown[]): unknown;
  [CALL]?: Resumable;
  [NEW]?: ResumableNew;
  [PURE]?: boolean;
  [FORM]?: Resumable;
  prototype?: object;
}

/** What kind of function a resumable form belongs to. */
export type Flavour = 'call' | 'async' | 'generator' | 'asyncGenerator';

/** Facts of a value that is a view of shared memory. */
export function factsOf(value: unknown): ViewFacts | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  return (value as { [VIEW]?: ViewFacts })[VIEW];
}

/** Proxies that programs have made, with what `new` does with them. */
export const proxies = {
  all: new WeakMap<object, ResumableNew | undefined>(),
  /** We look at a value ourselves: traps of the program are not asked. */
  areLookedAt: false,
};

/** `value instanceof SharedArrayBuffer`, unseen by traps. */
function isBuffer(value: object): boolean {
  proxies.areLookedAt = true;
  const answer = value instanceof SharedArrayBuffer;
  proxies.areLookedAt = false;
  return answer;
}

/** Whether uninstrumented code that gets this value could look at shared memory. */
export function isSharedThing(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return (value as { [VIEW]?: ViewFacts })[VIEW] !== undefined || isBuffer(value);
}
