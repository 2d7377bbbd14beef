/** The global object of each agent, and code that no agent executes. */

import type { Realm } from '../async/realm.js';
import type { Stepper } from '../runtime/operations.js';

/** Stands for the engine while a program is loaded and observed. */
export function outsideExecution(realm: Realm): Stepper {
  return {
    accessing: () => undefined,
    step: () => false,
    sleep: () => {
      throw new TypeError('Atomics.wait() cannot be called in this context');
    },
    enlist: () => {
      throw new TypeError('Atomics.waitAsync() cannot be called in this context');
    },
    realm: () => realm,
    wake: () => 0,
    fail: (error) => {
      throw error;
    },
  };
}

/** What a program has deleted of the language's own members, by global object. */
const deleted = new WeakMap<object, Set<PropertyKey>>();

/** A global object that inherits what the language has. */
export function makeGlobalObject(globals: Readonly<Record<string, unknown>>): object {
  const own = Object.entries(globals)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => [name, { value, writable: true, configurable: true }]);
  return Object.create(globalThis, Object.fromEntries(own) as PropertyDescriptorMap) as object;
}

/** Another one with the same members. */
export function copyOfGlobals(global: object): object {
  const copy = Object.create(globalThis, Object.getOwnPropertyDescriptors(global)) as object;
  const gone = deleted.get(global);
  if (gone !== undefined) deleted.set(copy, new Set(gone));
  return copy;
}

function has(target: object, key: PropertyKey): boolean {
  return Reflect.has(target, key) && deleted.get(target)?.has(key) !== true;
}

function read(target: object, key: PropertyKey): unknown {
  return has(target, key) ? (Reflect.get(target, key) as unknown) : undefined;
}

function remove(target: object, key: PropertyKey): boolean {
  if (!Reflect.deleteProperty(target, key)) return false;
  if (key in globalThis) deleted.set(target, (deleted.get(target) ?? new Set()).add(key));
  return true;
}

/** Set a member without touching the language's own global object, from which the target inherits. */
function put(target: object, key: PropertyKey, value: unknown): boolean {
  deleted.get(target)?.delete(key);
  if (Object.hasOwn(target, key)) return Reflect.set(target, key, value);
  const facts = Reflect.getOwnPropertyDescriptor(globalThis, key);
  if (facts?.writable === false) return false;
  const made = { value, writable: true, configurable: true, enumerable: true };
  return Reflect.defineProperty(target, key, made);
}

/** An object that exists once for each agent. */
export function forwarding(target: () => object): object {
  return new Proxy({}, handlerOf(target));
}

function handlerOf(target: () => object): ProxyHandler<object> {
  return {
    get: (_, key) => Reflect.get(target(), key) as unknown,
    set: (_, key, value) => Reflect.set(target(), key, value),
    has: (_, key) => Reflect.has(target(), key),
    deleteProperty: (_, key) => Reflect.deleteProperty(target(), key),
    ownKeys: () => Reflect.ownKeys(target()),
    getPrototypeOf: () => Reflect.getPrototypeOf(target()),
    defineProperty: (_, key, facts) =>
      Reflect.defineProperty(target(), key, { ...facts, configurable: true }),
    getOwnPropertyDescriptor: (_, key) => {
      const facts = Reflect.getOwnPropertyDescriptor(target(), key);
      return facts && { ...facts, configurable: true };
    },
  };
}

/** `globalThis`, as programs see it. `changes` is told which member they are about to change. */
export function globalObject(target: () => object, changes: (name: string) => void): object {
  const handler = handlerOf(target);
  const about = (key: PropertyKey): void => {
    if (typeof key === 'string') changes(key);
  };
  return new Proxy(
    {},
    {
      ...handler,
      get: (_, key) => read(target(), key),
      has: (_, key) => has(target(), key),
      set: (_, key, value) => {
        if (read(target(), key) !== value) about(key);
        return put(target(), key, value);
      },
      defineProperty: (object, key, facts) => {
        about(key);
        return handler.defineProperty?.(object, key, facts) ?? false;
      },
      deleteProperty: (_, key) => {
        about(key);
        return remove(target(), key);
      },
    },
  );
}

/** How bare names find what belongs to an agent's global object: as instrumented code writes them. */
export interface GlobalViews {
  /** For code that is not strict: an assignment makes a global. */
  readonly globals: object;
  readonly strictGlobals: object;
  /** For `typeof` and `delete`, which take a name that nobody has made. */
  readonly optionalGlobals: object;
  /** The language's own global object, which programs must not see. */
  readonly outer: object;
}

/** Make the {@link GlobalViews} of the agent at work. */
export function globalViews(target: () => object): GlobalViews {
  const missing = (key: PropertyKey): never => {
    throw new ReferenceError(`${String(key)} is not defined`);
  };
  const get = (key: PropertyKey): unknown => {
    const object = target();
    return has(object, key) ? read(object, key) : missing(key);
  };
  const view = (handler: ProxyHandler<object>): object => new Proxy({}, handler);
  return {
    globals: view({ get: (_, key) => get(key), set: (_, key, value) => put(target(), key, value) }),
    strictGlobals: view({
      get: (_, key) => get(key),
      set: (_, key, value) => (has(target(), key) ? put(target(), key, value) : missing(key)),
    }),
    optionalGlobals: view({
      get: (_, key) => read(target(), key),
      deleteProperty: (_, key) => remove(target(), key),
    }),
    outer: globalThis,
  };
}
