/** Maps and sets, in a resumable form: how they are filled, and how they are walked. */

import { construct, element, form, type Current } from './builtins.js';
import { each } from './iteration.js';
import { NEW, proxies, PURE, type Coroutine, type Marked } from './keys.js';

/** Install the resumable forms of collections. */
export function installCollections(current: Current): void {
  for (const prototype of [Map.prototype, Set.prototype]) {
    form(prototype, 'forEach', function* (this: unknown, callback, thisArg) {
      const self = this as Map<unknown, unknown> | Set<unknown>;
      for (const [key, value] of self.entries()) {
        yield* current.runtime.invoke(callback, thisArg, [value, key, self]);
      }
      return undefined;
    });
  }
  for (const native of [Map, Set, WeakMap, WeakSet] as unknown as Marked[]) {
    const name = native.prototype !== undefined && 'set' in native.prototype ? 'set' : 'add';
    Object.defineProperty(native, NEW, {
      configurable: true,
      value: function* (newTarget: unknown, source: unknown): Coroutine {
        const made = construct(native, [], newTarget) as object;
        if (source != null) yield* filled(current, made, name, source);
        return made;
      },
    });
  }
}

/** Whether the language itself can take the elements of an array. */
const isTable = (source: readonly unknown[], name: 'set' | 'add'): boolean =>
  !proxies.all.has(source) &&
  (name === 'add' ||
    source.every((item) => Array.isArray(item) && !proxies.all.has(item) && item.length === 2));

/** Put what comes from an iterable into a collection, by the method that it has for that. */
function* filled(
  current: Current,
  made: object,
  name: 'set' | 'add',
  source: unknown,
): Coroutine<void> {
  const add = (made as Record<string, unknown>)[name];
  if (typeof add !== 'function') {
    const kind = Object.prototype.toString.call(made).slice('[object '.length, -1);
    throw new TypeError(
      `'${String(add)}' returned for property '${name}' of object '#<${kind}>' is not a function`,
    );
  }
  if (Array.isArray(source) && (add as Marked)[PURE] === true && isTable(source, name)) {
    for (const item of source as unknown[]) {
      if (name === 'add') (add as Marked).call(made, item);
      else (add as Marked).call(made, ...(item as [unknown, unknown]));
    }
    return;
  }
  yield* each(source, function* (item) {
    if (name === 'add') return yield* current.runtime.invoke(add, made, [item]);
    if (typeof item !== 'object' || item === null) {
      throw new TypeError(`Iterator value ${String(item)} is not an entry object`);
    }
    const key = yield* element(current, item, 0);
    const value = yield* element(current, item, 1);
    return yield* current.runtime.invoke(add, made, [key, value]);
  });
}
