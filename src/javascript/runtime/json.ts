/** `JSON` with functions of the program: revivers, replacers, `toJSON` and accessors, in a form that can be interrupted. */

import { form, type Current } from './builtins.js';
import { CALL, factsOf, type Coroutine, type Marked } from './keys.js';

type Holder = Record<string, unknown>;

const formOf = (f: unknown): unknown => (typeof f === 'function' ? (f as Marked)[CALL] : undefined);

/** `InternalizeJSONProperty`. */
function* revived(current: Current, holder: Holder, key: string, reviver: unknown): Coroutine {
  const value = holder[key];
  if (typeof value === 'object' && value !== null) {
    for (const name of Object.keys(value)) {
      const made = yield* revived(current, value as Holder, name, reviver);
      // eslint-disable-next-line @typescript-eslint/no-dynamic-delete -- as the standard has it
      if (made === undefined) delete (value as Holder)[name];
      else define(value, name, made);
    }
  }
  return yield* current.runtime.invoke(reviver, holder, [key, value]);
}

function define(object: object, name: string, value: unknown): void {
  const facts = { value, writable: true, enumerable: true, configurable: true };
  Object.defineProperty(object, name, facts);
}

/** What a value is turned into before it becomes text: a copy in which nothing of the program is left to be called. */
class Flattener {
  readonly #current: Current;
  readonly #replacer: unknown;
  readonly #names: readonly string[] | undefined;
  readonly #above: unknown[] = [];

  constructor(current: Current, replacer: unknown) {
    this.#current = current;
    this.#replacer = typeof replacer === 'function' ? replacer : undefined;
    if (Array.isArray(replacer)) this.#names = [...new Set(replacer.map(String))];
  }

  *property(holder: object, key: string): Coroutine {
    const { runtime } = this.#current;
    const get = runtime.getter(holder, key);
    let value = get === undefined ? (holder as Holder)[key] : yield* get.call(holder);
    if ((typeof value === 'object' && value !== null) || typeof value === 'bigint') {
      const method = (value as { toJSON?: unknown }).toJSON;
      if (typeof method === 'function') value = yield* runtime.invoke(method, value, [key]);
    }
    if (this.#replacer !== undefined) {
      value = yield* runtime.invoke(this.#replacer, holder, [key, value]);
    }
    return yield* this.#flat(value);
  }

  *#flat(value: unknown): Coroutine {
    if (typeof value !== 'object' || value === null || isBoxed(value)) return value;
    // The language finds the circle, and describes it.
    if (this.#above.includes(value)) return JSON.stringify(value);
    this.#above.push(value);
    const made = Array.isArray(value) ? yield* this.#list(value) : yield* this.#table(value);
    this.#above.pop();
    return made;
  }

  *#list(value: readonly unknown[]): Coroutine {
    const made: unknown[] = [];
    for (let i = 0; i < value.length; i++) made.push(yield* this.property(value, String(i)));
    return made;
  }

  *#table(value: object): Coroutine {
    const made = Object.create(null) as object;
    for (const name of this.#names ?? Object.keys(value)) {
      define(made, name, yield* this.property(value, name));
    }
    return made;
  }
}

const isBoxed = (value: object): boolean =>
  [Number, String, Boolean, BigInt].some((kind) => value instanceof kind);

/** Whether making text of a value calls functions of the program. */
function isCalling(current: Current, value: unknown, seen = new Set<unknown>()): boolean {
  if (typeof value !== 'object' || value === null || seen.has(value)) return false;
  seen.add(value);
  if (factsOf(value) !== undefined) return false;
  if (formOf((value as { toJSON?: unknown }).toJSON) !== undefined) return true;
  return Object.keys(value).some(
    (key) =>
      current.runtime.getter(value, key) !== undefined ||
      isCalling(current, (value as Holder)[key], seen),
  );
}

/** Install the forms. */
export function installJson(current: Current): void {
  const { parse, stringify } = JSON;
  form(JSON, 'parse', function* (text, reviver) {
    const value: unknown = parse(String(text));
    if (typeof reviver !== 'function') return value;
    return yield* revived(current, { '': value }, '', reviver);
  });
  form(JSON, 'stringify', function* (...args) {
    const [value, replacer, space] = args;
    if (typeof replacer !== 'function' && !isCalling(current, value)) {
      const checked = current.runtime.checkArguments(current.runtime.at, stringify, args);
      return (stringify as (...args: unknown[]) => unknown)(...checked);
    }
    const made = yield* new Flattener(current, replacer).property({ '': value }, '');
    return stringify(made, undefined, space as number);
  });
}
