/** Proxies of programs: their traps must not be asked for what only we look up, and those that are called can be interrupted. */

import { construct, form, type Current } from './builtins.js';
import {
  CALL,
  isOurs,
  isSharedThing,
  NEW,
  proxies,
  type Coroutine,
  type Marked,
  type Resumable,
  type ResumableNew,
} from './keys.js';

type Handler = Record<string, unknown>;
type Trap = (...args: unknown[]) => unknown;

const TRAPS = [
  ...(['set', 'has', 'deleteProperty', 'ownKeys', 'defineProperty', 'getPrototypeOf'] as const),
  ...(['setPrototypeOf', 'isExtensible', 'preventExtensions', 'apply', 'construct'] as const),
] as const;

/** A trap of the program, or what the language does without it. */
function trap(handler: Handler, name: string): Trap {
  return (...args) => {
    const own = handler[name];
    if (own != null) return (own as Marked).apply(handler, args);
    return (Reflect as unknown as Record<string, Trap>)[name]?.(...args);
  };
}

/** The call of a proxy. */
function callOf(current: Current, target: unknown, handler: Handler): Resumable {
  return function* (...args): Coroutine {
    const { apply } = handler;
    if (apply == null) return yield* current.runtime.invoke(target, this, args);
    return yield* current.runtime.invoke(apply, handler, [target, this, args]);
  };
}

/** `new` of a proxy. */
function newOf(current: Current, target: unknown, handler: Handler): ResumableNew {
  return function* (newTarget, ...args): Coroutine {
    const { runtime } = current;
    const own = handler['construct'];
    if (own == null) {
      const make = runtime.constructorOf(target);
      if (make !== undefined) return yield* make(newTarget, ...args);
      return construct(target, args, newTarget);
    }
    const made = yield* runtime.invoke(own, handler, [target, args, newTarget]);
    if ((typeof made !== 'object' && typeof made !== 'function') || made === null) {
      throw new TypeError('proxy [[Construct]] must return an object');
    }
    return made;
  };
}

/** What the language gets for the handler of the program. */
function handlerFor(current: Current, target: object, own: Handler): ProxyHandler<object> {
  const call = typeof target === 'function' ? callOf(current, target, own) : undefined;
  const get = trap(own, 'get');
  const describe = trap(own, 'getOwnPropertyDescriptor');
  const made: Record<string, Trap> = {
    get: (of, key, receiver) => {
      if (!isOurs(key)) return get(of, key, receiver);
      const fixed = Reflect.getOwnPropertyDescriptor(of as object, key as symbol);
      // Of a frozen target, the language lets a proxy report nothing else.
      if (fixed?.configurable === false && fixed.writable === false) return fixed.value as unknown;
      return key === CALL ? call : undefined;
    },
    getOwnPropertyDescriptor: (of, key) =>
      isOurs(key)
        ? Reflect.getOwnPropertyDescriptor(of as object, key as symbol)
        : describe(of, key),
  };
  for (const name of TRAPS) made[name] = trap(own, name);
  const prototypeOf = made['getPrototypeOf'] as Trap;
  // `instanceof`, where we look whether a value is shared memory, is no business of the program.
  made['getPrototypeOf'] = (of) =>
    proxies.areLookedAt ? Reflect.getPrototypeOf(of as object) : prototypeOf(of);
  return made;
}

/** Install the forms. */
export function installProxies(current: Current): void {
  const { revocable } = Proxy;
  const make = (target: object, handler: object): { proxy: object } => {
    if (isSharedThing(target)) {
      current.runtime.refuseCall('a Proxy of shared memory is not available in the explorer');
    }
    const isObject = (value: unknown): boolean =>
      (typeof value === 'object' && value !== null) || typeof value === 'function';
    // The language says what is wrong with them.
    if (!isObject(target) || !isObject(handler)) return revocable(target, handler);
    const own = handler as Handler;
    const made = revocable(target, handlerFor(current, target, own));
    const canBeMade = current.runtime.isConstructor(target);
    proxies.all.set(made.proxy, canBeMade ? newOf(current, target, own) : undefined);
    return made;
  };
  Object.defineProperty(Proxy, NEW, {
    configurable: true,

    value: function* (_newTarget: unknown, target: object, handler: object): Coroutine {
      return make(target, handler).proxy;
    },
  });

  form(Proxy, 'revocable', function* (target, handler) {
    return make(target as object, handler as object);
  });
}
