/** The runtime of instrumented code: how functions call each other, and how they are called from outside. */

import type { SiteTable } from '../build/sites.js';
import {
  CALL,
  factsOf,
  isSharedThing,
  NEW,
  PROBE,
  proxies,
  PURE,
  type Coroutine,
  type Flavour,
  type Marked,
  type Resumable,
} from './keys.js';
import { Classes } from './classes.js';
import {
  type AsyncCursor,
  type AsyncSource,
  list,
  open,
  openAsync,
  type Cursor,
} from './iteration.js';
import { delegated, delegatedAsync } from './delegation.js';
import { GeneratorObject, Out } from './generators.js';
import type { Realm } from '../async/realm.js';
import { arrayMethodOn, newestOf } from './guards.js';
import { calleeOf, descriptorOf, inOrder, isConstructor, makesFunctions } from './lookups.js';
import { inheriting, markKind, plainForm } from './plain-forms.js';
import type { Regions, TypedArray } from './views.js';
import { Writes } from './writes.js';

/** Iterations of loops in one execution before one of them is taken for endless. */
export const LOOP_BUDGET = 50_000_000;

/** What instrumented code knows as `$$k`. */
export class Runtime extends Classes {
  /** Runs the bodies of async functions; missing where async functions are not allowed. */
  startAsync: ((body: Coroutine) => Coroutine) | undefined;
  startAsyncGenerator: ((body: Coroutine) => unknown) | undefined;
  /** What async generators inherit from. */
  asyncGenerators: object | undefined;
  asyncOf: AsyncSource | undefined;
  /** A promise for the end of all of them, as modules wait for it. */
  allOf: ((promises: readonly unknown[]) => unknown) | undefined;

  /** How bare names find what belongs to the agent's global object. */
  readonly globals!: object;
  readonly strictGlobals!: object;
  readonly optionalGlobals!: object;
  readonly globalObject!: object;
  /** The language's own global object. */
  readonly outer!: object;
  /** What `eval` is where it is not called by that name. */
  readonly indirectEval!: unknown;
  /** Target for values that are not needed. */
  unused: unknown;
  #probing = 0;

  constructor(sites: SiteTable, regions: Regions) {
    super(sites, regions);
    this.budget = LOOP_BUDGET;
    regions.grown = (end) => {
      this.memory.extend(end);
    };
  }

  /** A plain function: it may be called with anything. */
  pure<T extends Marked>(f: T): T {
    f[PURE] = true;
    return f;
  }

  /** Run a coroutine to its end on behalf of code that cannot be interrupted. */
  override drive(coroutine: Coroutine): unknown {
    this.depth++;
    try {
      const { done, value } = coroutine.next();
      if (done !== true) throw new Error('a call that cannot be interrupted was interrupted');
      return value;
    } finally {
      this.depth--;
    }
  }

  /** The plain form of a resumable function. */
  enter(form: Resumable, self: unknown, args: ArrayLike<unknown>, flavour: Flavour): unknown {
    if (this.mode === 1) return this.take();
    const begun = (form as unknown as Marked)[CALL] ?? this.begin(form, flavour);
    return this.drive(begun.apply(self, Array.from(args)));
  }

  /** The form that instrumented callers use. Generators inherit from the `prototype` of their function. */
  begin(form: Resumable, flavour: Flavour, owner?: Marked): Resumable {
    if (flavour === 'call') return form;
    const runtime = this;
    if (flavour === 'generator') {
      return function* (this: unknown, ...args: unknown[]): Coroutine {
        return inheriting(new GeneratorObject(runtime, form.apply(this, args)), owner);
      };
    }
    if (flavour === 'async') {
      return function* (this: unknown, ...args: unknown[]): Coroutine {
        return yield* runtime.started(runtime.startAsync)(form.apply(this, args));
      };
    }
    return function* (this: unknown, ...args: unknown[]): Coroutine {
      const made = runtime.started(runtime.startAsyncGenerator)(form.apply(this, args));
      return inheriting(made, owner);
    };
  }

  started<T>(start: T | undefined): T {
    if (start === undefined) throw new TypeError('async functions are not supported here');
    return start;
  }

  /** State of the current agent besides its stack, such as its event loop. */
  realm(): Realm {
    return this.stepper.realm();
  }

  /** A promise of the language's own is settled outside the execution. */
  foreignPromise(): never {
    const { file, line, text } = this.sites.at(this.at);
    this.stepper.fail(
      new UninstrumentedCall(
        `${file}:${line}: waits for a promise that code without instrumentation has made (last call: ${text}); it would be settled outside the execution`,
      ),
    );
  }

  /** A declared function and its resumable form. */
  declare(declared: Marked, form: Resumable, flavour: Flavour): void {
    declared[CALL] = this.begin(form, flavour, declared);
    if (flavour !== 'call') (form as unknown as Marked)[CALL] = declared[CALL];
    markKind(declared, form, flavour, this.asyncGenerators);
  }

  #wrap(
    form: Resumable,
    flavour: Flavour,
    name: string,
    length: number,
    isMade = flavour === 'generator' || flavour === 'asyncGenerator',
  ): Marked {
    const declared = plainForm(name, length, isMade)(this, form, flavour);
    const begun = this.begin(form, flavour, declared);
    declared[CALL] = begun;
    markKind(declared, form, flavour, this.asyncGenerators);
    // A named function expression may call itself by its name. The name then means the resumable form.
    (form as unknown as Marked)[CALL] = begun;
    return declared;
  }

  override call(form: Resumable, name = '', length = 0): Marked {
    return this.#wrap(form, 'call', name, length, true);
  }
  /** An arrow function or a method: `new` does not take it. */
  arrow(form: Resumable, name: string, length: number): Marked {
    return this.#wrap(form, 'call', name, length);
  }
  async(form: Resumable, name: string, length: number): Marked {
    return this.#wrap(form, 'async', name, length);
  }
  generator(form: Resumable, name: string, length: number): Marked {
    return this.#wrap(form, 'generator', name, length);
  }
  asyncGenerator(form: Resumable, name: string, length: number): Marked {
    return this.#wrap(form, 'asyncGenerator', name, length);
  }

  override wrapped(form: Resumable, flavour: Flavour, name: string, length: number): Marked {
    return this.#wrap(form, flavour, name, length);
  }

  /** Returns the function to call in place of one that has no resumable form. */
  native(site: number, f: unknown): Marked {
    if (typeof f !== 'function') {
      throw new TypeError(`${calleeOf(this.sites.at(site).text)} is not a function`);
    }
    const marked = f as Marked;
    return marked[PURE] === true ? marked : this.#checked(site, marked);
  }

  /** Check that code without instrumentation gets no shared memory. */
  #checked(site: number, f: Marked): Marked {
    const check = (values: readonly unknown[]): readonly unknown[] =>
      this.checkArguments(site, f, values);
    return function (this: unknown, ...args: unknown[]): unknown {
      const [self, ...checked] = check([this, ...args]);
      return f.apply(self, checked);
    };
  }

  /** An outcome is made: what the program's threads have left is looked at, not changed. */
  isObserving = false;

  /** Returns the values. An observer gets copies. */
  checkArguments(
    site: number,
    callee: { readonly name: string },
    values: readonly unknown[],
  ): readonly unknown[] {
    if (!values.some((value) => isSharedThing(value) || holdsShared(value))) return values;
    if (this.isObserving) {
      const copy = (value: unknown): unknown =>
        factsOf(value) === undefined ? value : newestOf({ runtime: this }, value as TypedArray);
      return values.map(copy);
    }
    const { file, line, text } = this.sites.at(site);
    this.stepper.fail(
      new UninstrumentedCall(
        `${file}:${line}: ${text} hands shared memory to ${callee.name || 'a function'}, which is not instrumented`,
      ),
    );
  }

  override *nativeArguments(parent: unknown, args: unknown[]): Coroutine<unknown[]> {
    const [first] = args;
    if (makesFunctions(parent)) this.refuseHere('makes a function of text by `super()`');
    const isCollection = [Map, Set, WeakMap, WeakSet].some((kind) => kind === parent);
    if (isCollection) return first == null ? [] : [yield* list(first, -1)];
    const isCopied = factsOf(first) !== undefined && ArrayBuffer.isView(first);
    return isCopied ? [yield* list(first, -1), ...args.slice(1)] : args;
  }

  /** The same for `new`. */
  nativeNew(site: number, target: unknown): (newTarget: unknown, ...args: unknown[]) => unknown {
    if (typeof target !== 'function' || !isConstructor(target as Marked)) {
      const callee = calleeOf(this.sites.at(site).text).replace(/^new\s+/, '');
      throw new TypeError(`${callee} is not a constructor`);
    }
    return (_newTarget, ...args) => {
      if ((target as Marked)[PURE] !== true) this.checkArguments(site, target, args);
      return Reflect.construct(target, args) as unknown;
    };
  }

  /** Call any function from a resumable built-in. */
  *invoke(callee: unknown, self: unknown, args: readonly unknown[]): Coroutine {
    if (typeof callee !== 'function') throw new TypeError(`${String(callee)} is not a function`);
    const form = (callee as Marked)[CALL];
    if (form !== undefined) return yield* form.apply(self, args as unknown[]);
    if (factsOf(self) !== undefined) {
      const form = arrayMethodOn({ runtime: this }, callee as Marked, self as TypedArray, args);
      if (form !== undefined) return yield* form;
    }
    if ((callee as Marked)[PURE] === true) return Reflect.apply(callee, self, args) as unknown;
    const [checkedSelf, ...checked] = this.checkArguments(this.at, callee, [self, ...args]);
    return Reflect.apply(callee, checkedSelf, checked) as unknown;
  }

  /** What an accessor of the program would do for `object.name`: its resumable form, or undefined. */
  getter(object: unknown, name: string): Resumable | undefined {
    return (descriptorOf(object, name)?.get as Marked | undefined)?.[CALL];
  }
  setter(object: unknown, name: string): Resumable | undefined {
    return (descriptorOf(object, name)?.set as Marked | undefined)?.[CALL];
  }

  /** A program has made a buffer or a memory. */
  madeBuffer: (made: object) => void = () => undefined;

  /** An element access that cannot be interrupted: it must not be one of shared memory. */
  guard(object: unknown, site: number): unknown {
    if (isSharedThing(object)) this.uninterruptible(site);
    return object;
  }

  /** A pattern is about to take something apart that may be shared memory. */
  probe(site: number): typeof PROBE {
    this.#probing = site;
    return PROBE;
  }

  /** What the pattern takes apart is shared memory. */
  takenApart(): never {
    this.uninterruptible(this.#probing);
  }

  open(value: unknown, text?: string): Cursor {
    return open(value, text);
  }
  openAsync(value: unknown): Coroutine<AsyncCursor> {
    return openAsync(value, this.started(this.asyncOf));
  }
  list(value: unknown, count: number, text?: string): Coroutine<unknown[]> {
    return list(value, count, text);
  }

  /** The parts of a template, for the function that tags it. */
  readonly parts = (...parts: readonly unknown[]): readonly unknown[] => parts;

  /** Writes of a destructuring assignment to shared memory. */
  writes(): Writes {
    return new Writes(this);
  }

  /** Marks a value that a generator of the program yields, so that it is not mistaken for a switch. */
  out(value: unknown): Out {
    return new Out(value);
  }

  delegate(value: unknown): Coroutine {
    return delegated(this, value);
  }
  *delegateAsync(site: number, value: unknown): Coroutine {
    const cursor = yield* this.openAsync(value);
    return yield* delegatedAsync(this, cursor, (waited) => this.await(site, waited));
  }

  /** Marks the value that an async function awaits, so that it is not mistaken for a switch. */
  await(site: number, value: unknown): Awaited_ {
    return new Awaited_(value, site);
  }

  newTarget(self: unknown): unknown {
    return self === undefined ? undefined : (self as { constructor?: unknown }).constructor;
  }

  /** Define the exports of a module. */
  exports(namespace: object, getters: Readonly<Record<string, () => unknown>>): void {
    for (const name of Object.keys(getters).sort()) {
      const get = getters[name] as () => unknown;
      Object.defineProperty(namespace, name, { get, enumerable: true, configurable: true });
    }
  }

  exportAll(namespace: object, from: object): void {
    for (const name of Object.keys(from)) {
      if (name === 'default' || Object.hasOwn(namespace, name)) continue;
      const get = (): unknown => (from as Record<string, unknown>)[name];
      Object.defineProperty(namespace, name, { get, enumerable: true, configurable: true });
    }
    inOrder(namespace);
  }

  /** A loop has made too many iterations. */
  endless(site: number): never {
    this.budget = LOOP_BUDGET;
    const { sites } = this;
    this.stepper.fail(
      new EndlessLoop(
        `${sites.place(site)}: this loop${sites.within(site)} does not end: ${LOOP_BUDGET.toLocaleString('en')} rounds`,
      ),
    );
  }

  /** Whether `new` takes a function. */
  isConstructor(target: unknown): boolean {
    return typeof target === 'function' && isConstructor(target as Marked);
  }

  constructorOf(target: unknown): Marked[typeof NEW] {
    if (typeof target !== 'function') return undefined;
    if (proxies.all.has(target)) return proxies.all.get(target);
    if (Object.hasOwn(target, NEW)) return (target as Marked)[NEW];
    const form = (target as Marked)[CALL];
    if (form === undefined || !isConstructor(target as Marked)) return undefined;
    return function* (newTarget: unknown, ...args: unknown[]): Coroutine {
      const prototype = (newTarget as Marked).prototype ?? Object.prototype;
      const self = Object.create(prototype) as unknown;
      const answer = yield* form.apply(self, args);
      return typeof answer === 'object' && answer !== null ? answer : self;
    };
  }
}

/** Whether a value is a list that contains shared memory. Many functions take such a list of pieces. */
function holdsShared(value: unknown): boolean {
  if (!Array.isArray(value) || proxies.all.has(value)) return false;
  return value.length <= 64 && value.some(isSharedThing);
}

/** A value that an async function waits for. */
export class Awaited_ {
  readonly value: unknown;
  readonly site: number;

  constructor(value: unknown, site: number) {
    this.value = value;
    this.site = site;
  }
}

/** A loop that never ends and accesses nothing. */
export class EndlessLoop extends Error {
  override readonly name = 'EndlessLoop';
}

/** Shared memory was handed to code that is not instrumented. */
export class UninstrumentedCall extends Error {
  override readonly name = 'UninstrumentedCall';
}
