/**
 * How instances of instrumented classes are made: the language allocates them, and code that can be interrupted
 * initialises them.
 */

import {
  CALL,
  NEW,
  proxies,
  PURE,
  type Coroutine,
  type Flavour,
  type Marked,
  type Resumable,
} from './keys.js';
import { Operations } from './operations.js';
import { brand } from './brand.js';

/** Keys under which instrumented classes hold what the runtime takes off them. */
const INIT = '$$I';
const FIELDS = '$$F';

/** How a constructor is called when it must not run the program's code. */
const TAKE = 1;
const PASS = 2;
const NATIVE = 3;
const MAKE = 4;

type Constructor = Marked & { prototype: object };
/** Name, kind, and whether it is static. */
type Fact = readonly [PropertyKey, string, boolean];

const fieldForms = new WeakMap<object, Resumable[]>();
/** Classes of programs. */
const instrumented = new WeakSet<object>();
const privateForms = new WeakMap<object, Marked>();

/** Makes objects. */
export abstract class Classes extends Operations {
  /** How the next constructor is to behave; 0: run the program's code. */
  mode = 0;
  /** What a generator was last told to return with. */
  returning: unknown;
  /** Makes a function of its text. */
  makeFunction: ((kind: string, args: readonly unknown[]) => Coroutine) | undefined;
  #taken: unknown;

  abstract drive(coroutine: Coroutine): unknown;
  abstract call(form: Resumable, name?: string, length?: number): Marked;
  abstract wrapped(form: Resumable, flavour: Flavour, name: string, length: number): Marked;

  /** Every instrumented constructor asks this once. */
  making(): number {
    const { mode } = this;
    this.mode = 0;
    return mode;
  }

  take(): unknown {
    this.mode = 0;
    return this.#taken;
  }

  pass(): void {
    this.mode = TAKE;
  }

  /** An object of a base class. */
  make(target: Constructor, newTarget: unknown): unknown {
    this.mode = MAKE;
    return Reflect.construct(target, [], newTarget as Constructor) as unknown;
  }

  /** `super(…)` of a class. */
  *parent(target: Constructor, newTarget: unknown, args: unknown[]): Coroutine {
    const parent = Object.getPrototypeOf(target) as Constructor;
    const isProxy = proxies.all.has(parent);
    const form = isProxy
      ? proxies.all.get(parent)
      : Object.hasOwn(parent, NEW)
        ? parent[NEW]
        : undefined;
    if (form !== undefined && (isProxy || instrumented.has(parent) || this.takesMade(parent))) {
      return this.#stamp(target, yield* form(newTarget, ...args));
    }
    if (form !== undefined) {
      args = yield* this.nativeArguments(parent, args);
      this.mode = NATIVE;
      return brand(
        Reflect.construct(target, args, newTarget as Constructor) as unknown,
        this.regions,
      );
    }
    const plain = parent[CALL];
    if (plain !== undefined) {
      const made = Object.create((newTarget as Constructor).prototype) as unknown;
      const answer = yield* plain.apply(made, args);
      return this.#stamp(target, typeof answer === 'object' && answer !== null ? answer : made);
    }
    this.mode = NATIVE;
    const self = Reflect.construct(target, args, newTarget as Constructor) as object;
    brand(self, this.regions);
    return self;
  }

  /** Whether a constructor of ours, which is not instrumented, returns what was made already. */
  takesMade(parent: unknown): boolean {
    return (parent as { readonly takesMade?: boolean }).takesMade === true;
  }

  /** Arguments for a built-in constructor. None of them makes it call code of the program. */
  abstract nativeArguments(parent: unknown, args: unknown[]): Coroutine<unknown[]>;

  /** Give an object the private names and fields of a class. */
  #stamp(target: Constructor, self: unknown): unknown {
    this.#taken = self;
    this.mode = PASS;
    return Reflect.construct(target, [], target) as unknown;
  }

  /** The object in which `super` looks. */
  superOf(target: Constructor, isStatic: boolean): Record<string, unknown> {
    const home = isStatic ? target : target.prototype;
    return Object.getPrototypeOf(home) as Record<string, unknown>;
  }

  /** `super.name` where that may be an accessor of the program. */
  *superGet(target: Constructor, isStatic: boolean, name: string, self: unknown): Coroutine {
    const from = this.superOf(target, isStatic);
    const form = this.getter(from, name);
    return form === undefined ? Reflect.get(from, name, self) : yield* form.call(self);
  }

  abstract getter(object: unknown, name: string): Resumable | undefined;

  *fields(target: Constructor, self: unknown): Coroutine<void> {
    for (const form of fieldForms.get(target) ?? []) yield* form.call(self);
  }

  /** The `arguments` of a constructor, whose resumable form gets `new.target` before them. */
  argumentsOf(given: ArrayLike<unknown>): IArguments {
    return argumentsObject(...Array.from(given).slice(1));
  }

  returned(value: unknown, self: unknown): unknown {
    return (typeof value === 'object' && value !== null) || typeof value === 'function'
      ? value
      : self;
  }

  /** The same for a class that extends another. */
  returnedByDerived(value: unknown, self: unknown): unknown {
    const isObject = (typeof value === 'object' && value !== null) || typeof value === 'function';
    if (isObject) return value;
    if (value === undefined) return this.bound(self);
    throw new TypeError('Derived constructors may only return object or undefined');
  }

  /** What `this` stands for in a constructor that may not have called `super()` yet. */
  bound(self: unknown): unknown {
    if (self !== undefined) return self;
    throw new ReferenceError(
      "Must call super constructor in derived class before accessing 'this' or returning from derived constructor",
    );
  }

  /** What `super()` has made, unless it was called before. */
  once(made: unknown, before: unknown): unknown {
    if (before === undefined) return made;
    throw new ReferenceError('Super constructor may only be called once');
  }

  /** `new` by code that is not instrumented. */
  enterNew(target: Constructor, newTarget: unknown, args: unknown[]): unknown {
    const form = target[NEW];
    if (form === undefined) throw new TypeError(`${target.name} cannot be constructed`);
    return this.drive(form(newTarget, ...args));
  }

  /** Turn an instrumented class into the class that the program expects. */
  klass(target: Constructor, facts: readonly Fact[], name?: string): void {
    this.#members(
      target.prototype,
      facts.filter((f) => !f[2]),
    );
    this.#members(
      target,
      facts.filter((f) => f[2]),
    );
    const prototype = target.prototype as Record<string, unknown>;
    const init = prototype[INIT];
    const forms: Resumable[] = [];
    for (const key of Object.getOwnPropertyNames(prototype)) {
      if (!key.startsWith(FIELDS) && key !== INIT) continue;
      if (key !== INIT) forms.push(prototype[key] as Resumable);
      // eslint-disable-next-line @typescript-eslint/no-dynamic-delete -- keys that we have added
      delete prototype[key];
    }
    fieldForms.set(target, forms);
    instrumented.add(target);
    if (init === undefined)
      Object.defineProperty(target, PURE, { value: true, configurable: true });
    else Object.defineProperty(target, NEW, { value: init, configurable: true });
    if (name !== undefined)
      Object.defineProperty(target, 'name', { value: name, configurable: true });
  }

  /** Name of a function in a member with this key. */
  nameOf(key: unknown): string {
    if (typeof key !== 'symbol') return String(key);
    return key.description === undefined ? '' : `[${key.description}]`;
  }

  #members(owner: object, facts: readonly Fact[]): void {
    const accessors = facts.filter(([, kind]) => kind === 'get' || kind === 'set');
    for (const [key, kind] of accessors) this.#accessor(owner, String(key), kind as 'get' | 'set');
    for (const key of Reflect.ownKeys(owner)) {
      if (key === INIT || (typeof key === 'string' && key.startsWith(FIELDS))) continue;
      const value: unknown = Object.getOwnPropertyDescriptor(owner, key)?.value;
      if (typeof value !== 'function' || key === 'constructor' || key === 'prototype') continue;
      if (!isGeneratorFunction(value)) {
        Object.defineProperty(value, PURE, { value: true, configurable: true });
        continue;
      }
      const flavour = (facts.find(([of]) => of === key)?.[1] ?? 'call') as Flavour;
      const method = this.wrapped(value as Resumable, flavour, this.nameOf(key), value.length);
      Object.defineProperty(owner, key, {
        value: method,
        writable: true,
        configurable: true,
        enumerable: false,
      });
    }
  }

  #accessor(owner: object, name: string, kind: 'get' | 'set'): void {
    const key = `${kind} ${name}`;
    const form = (owner as Record<string, unknown>)[key] as Resumable;
    // eslint-disable-next-line @typescript-eslint/no-dynamic-delete -- a key that we have added
    delete (owner as Record<string, unknown>)[key];
    const known = Object.getOwnPropertyDescriptor(owner, name);
    const made = { ...pairOf(known), [kind]: this.call(form, key) };
    Object.defineProperty(owner, name, { ...made, configurable: true, enumerable: false });
  }

  /** Accessors of an object literal, written as properties named `$$get x` and `$$set x`. */
  accessors(object: Record<string, unknown>): object {
    for (const key of Object.keys(object)) {
      const [, kind, name] = /^\$\$(get|set) (.*)$/s.exec(key) ?? [];
      if (kind === undefined || name === undefined) continue;
      const value = object[key];
      // eslint-disable-next-line @typescript-eslint/no-dynamic-delete -- a key that we have added
      delete object[key];
      const known = Object.getOwnPropertyDescriptor(object, name);
      // A later property of that name has taken its place.
      if (known !== undefined && 'value' in known) continue;
      const { get, set } = known ?? {};
      const made = { ...(get && { get }), ...(set && { set }), [kind]: value };
      Object.defineProperty(object, name, { ...made, configurable: true, enumerable: true });
    }
    return object;
  }

  /** A private member: methods are held as generator functions. */
  member(value: unknown): unknown {
    if (typeof value !== 'function' || !isGeneratorFunction(value)) return value;
    let known = privateForms.get(value);
    if (known === undefined) {
      known = this.call(value as unknown as Resumable, value.name);
      privateForms.set(value, known);
    }
    return known;
  }
}

function argumentsObject(..._given: unknown[]): IArguments {
  // eslint-disable-next-line prefer-rest-params -- the object itself is wanted
  return arguments;
}

/** The other half of an accessor that is already there. */
function pairOf(known: PropertyDescriptor | undefined): PropertyDescriptor {
  if (known?.get !== undefined) return { get: known.get };
  return known?.set === undefined ? {} : { set: known.set };
}

const generatorPrototype = Object.getPrototypeOf(function* () {
  // Only its prototype is of interest.
}) as object;

function isGeneratorFunction(value: object): boolean {
  return Object.getPrototypeOf(value) === generatorPrototype;
}
