/** Functions of `Object` and `Reflect` that would show or copy the marks that we leave on functions and views. */

import { element, form, type Current } from './builtins.js';
import { factsOf, isOurs, type Coroutine, type Marked } from './keys.js';

type Table = Record<PropertyKey, unknown>;

/** `Object.assign`: reads through accessors of the program, and copies nothing of ours. */
function* assign(current: Current, target: unknown, sources: readonly unknown[]): Coroutine {
  const { runtime } = current;
  const into = Object(target) as Table;
  if (factsOf(into) !== undefined) runtime.refuseCall('Object.assign() to shared memory');
  for (const source of sources) {
    if (source == null) continue;
    const from = Object(source) as Table;
    for (const key of Reflect.ownKeys(from)) {
      if (isOurs(key) || Object.getOwnPropertyDescriptor(from, key)?.enumerable !== true) continue;
      const value = yield* read(current, from, key);
      const set = typeof key === 'string' ? runtime.setter(into, key) : undefined;
      if (set !== undefined) yield* set.call(into, value);
      else if (!Reflect.set(into, key, value, into)) {
        throw new TypeError(`Cannot assign to read only property '${String(key)}' of object`);
      }
    }
  }
  return into;
}

function* read(current: Current, from: Table, key: PropertyKey): Coroutine {
  if (factsOf(from) !== undefined) return yield* element(current, from, Number(key));
  const get = typeof key === 'string' ? current.runtime.getter(from, key) : undefined;
  return get === undefined ? from[key] : yield* get.call(from);
}

/** Install the forms. */
export function installObjects(current: Current): void {
  const { getOwnPropertySymbols, getOwnPropertyDescriptors } = Object;
  const { ownKeys } = Reflect;
  const nativeAssign = Object.assign as unknown as Marked;
  form(Object, 'assign', function* (target, ...sources) {
    // The language says what is wrong with it.
    if (target == null) return nativeAssign(target);
    return yield* assign(current, target, sources);
  });

  form(Reflect, 'ownKeys', function* (object) {
    return ownKeys(object as object).filter((key) => !isOurs(key));
  });
  form(Object, 'getOwnPropertySymbols', function* (object) {
    return getOwnPropertySymbols(object).filter((key) => !isOurs(key));
  });
  form(Object, 'getOwnPropertyDescriptors', function* (object) {
    if (factsOf(object) !== undefined) {
      current.runtime.refuseCall('Object.getOwnPropertyDescriptors() of shared memory');
    }
    const all = getOwnPropertyDescriptors(object as object) as Table;
    for (const key of ownKeys(all)) if (isOurs(key)) Reflect.deleteProperty(all, key);
    return all;
  });
}
