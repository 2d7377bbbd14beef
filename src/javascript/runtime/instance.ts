/** Makes a program: evaluates its modules as the language does, in the order of their imports. */

import { isBuiltin } from 'node:module';
import { pathToFileURL } from 'node:url';
import { PARAMETERS, type CompiledModule, type CompiledProgram } from '../build/compile.js';
import { isOutside } from '../build/graph.js';
import { OWN_SPECIFIERS, program, type Program } from '../program.js';
import { CALL, NEW, VIEW, PURE, type Coroutine, type Marked } from './keys.js';
import type { Runtime } from './runtime.js';

type ModuleFunction = (this: unknown, ...args: unknown[]) => Coroutine;

/** Exports by name. */
export type Namespace = Record<string, unknown>;

/** Provides the modules that come with the engine and replace `node:` modules. */
export type Builtins = (target: string, instance: Instance) => Coroutine<Namespace>;

/** The functions of a program's modules, made once. */
export class ProgramFactory {
  readonly #functions = new Map<string, unknown>();
  readonly #urls = new Map<string, string>();
  readonly runtime: Runtime;
  readonly compiled: CompiledProgram;
  readonly builtins: Builtins;
  readonly #args: readonly unknown[];

  constructor(
    compiled: CompiledProgram,
    runtime: Runtime,
    globals: readonly unknown[],
    builtins: Builtins,
  ) {
    this.compiled = compiled;
    this.runtime = runtime;
    this.builtins = builtins;
    this.#args = [runtime, CALL, NEW, VIEW, ...globals];
    if (this.#args.length !== PARAMETERS.length) throw new RangeError('globals do not fit');
  }

  /** The function of a module, or what a JSON file holds. */
  function(module: CompiledModule): unknown {
    const { path } = module.source;
    if (!this.#functions.has(path)) this.#functions.set(path, module.make(...this.#args));
    return this.#functions.get(path);
  }

  /** The URL of a module. */
  url(path: string): string {
    let url = this.#urls.get(path);
    if (url === undefined) {
      url = pathToFileURL(path).href;
      this.#urls.set(path, url);
    }
    return url;
  }

  instance(): Instance {
    return new Instance(this);
  }
}

/** An ES module of an agent. */
interface ModuleRecord {
  readonly namespace: Namespace;
  /** Settled when a module that waits, or imports one that does, has been evaluated. */
  promise: unknown;
  /** Where it waits. */
  site: number;
  /** What its evaluation has thrown: whoever imports it gets that again. */
  failure: { readonly error: unknown } | undefined;
}

/** A CommonJS module of an agent. */
interface CommonJs {
  exports: unknown;
  [key: string]: unknown;
}

/** The modules of one agent. */
export class Instance {
  readonly factory: ProgramFactory;
  readonly #records = new Map<string, ModuleRecord>();
  /** What programs know as `require.cache`. */
  readonly #modules = Object.create(null) as Record<string, CommonJs | undefined>;
  #main: CommonJs | undefined;

  constructor(factory: ProgramFactory) {
    this.factory = factory;
  }

  /** Namespace of an ES module, or what stands for that of another one. */
  *evaluate(path: string): Coroutine<Namespace> {
    const { kind } = this.factory.compiled.load(path).source;
    if (kind === 'json') return { default: yield* this.require(path) };
    if (kind === 'cjs') return namespaceOf(yield* this.require(path));
    const { namespace, promise, site } = yield* this.#started(path);
    if (promise !== undefined) yield this.factory.runtime.await(site, promise);
    return namespace;
  }

  /** Evaluate an ES module, up to the first time that it waits. */
  *#started(path: string): Coroutine<ModuleRecord> {
    const known = this.#records.get(path);
    if (known?.failure !== undefined) throw known.failure.error;
    if (known !== undefined) return known;
    const module = this.factory.compiled.load(path);
    const namespace = Object.create(null) as Namespace;
    Object.defineProperty(namespace, Symbol.toStringTag, { value: 'Module' });
    const record: ModuleRecord = { namespace, promise: undefined, site: 0, failure: undefined };
    this.#records.set(path, record);
    try {
      yield* this.#executed(module, record);
    } catch (error) {
      record.failure = { error };
      throw error;
    }
    return record;
  }

  *#executed(module: CompiledModule, record: ModuleRecord): Coroutine<void> {
    const { runtime } = this.factory;
    const { path, targets } = module.source;
    const imports: Namespace[] = [];
    const run = this.factory.function(module) as ModuleFunction;
    const more = [this.#meta(module), this.#importer(path)];
    const body = run.call(undefined, record.namespace, imports, ...more);
    // Up to where its exports are declared: modules that it imports may import it.
    body.next();
    const waits: unknown[] = [];
    for (const specifier of module.specifiers) {
      const target = targets.get(specifier) ?? '';
      const isModule =
        !isOutside(target) && this.factory.compiled.load(target).source.kind === 'esm';
      if (!isModule) imports.push(yield* this.target(target));
      else {
        const { namespace, promise, site } = yield* this.#started(target);
        imports.push(namespace);
        if (promise === undefined) continue;
        waits.push(promise);
        record.site = site;
      }
    }
    const { firstWait } = module;
    if (firstWait > 0) record.site = firstWait;
    if ((waits.length === 0 && firstWait === 0) || runtime.startAsync === undefined) yield* body;
    else record.promise = yield* runtime.startAsync(waiting(runtime, waits, body));
  }

  #meta({ source: { path, targets } }: CompiledModule): object {
    const { compiled } = this.factory;
    const resolve = (specifier: string): string => {
      const target = targets.get(specifier) ?? compiled.resolve(path, specifier, 'import');
      return isOutside(target) ? target : pathToFileURL(target).href;
    };
    return {
      url: this.factory.url(path),
      filename: path,
      dirname: path.replace(/[/\\][^/\\]*$/, ''),
      resolve: pure(resolve),
    };
  }

  /** The namespace of an import's target. */
  *target(target: string): Coroutine<Namespace> {
    if (OWN_SPECIFIERS.has(target)) return { program: this.#program() };
    if (isOutside(target)) return yield* this.factory.builtins(target, this);
    return yield* this.evaluate(target);
  }

  /** The function by which the program is declared. */
  #program(): Marked {
    const { runtime } = this.factory;
    return runtime.call(function* (declaration) {
      const made = program(declaration as Parameters<typeof program>[0]);
      places.set(made, runtime.sites.place(runtime.at));
      return made;
    }, 'program');
  }

  /** `import()`, in a module. */
  #importer(path: string): Marked {
    const self = this;
    const { runtime } = this.factory;
    return runtime.async(
      function* (specifier) {
        const target = self.factory.compiled.resolve(path, String(specifier), 'import');
        return yield* self.target(target);
      },
      'import',
      1,
    );
  }

  /** Exports of a CommonJS module. */
  *require(path: string, isMain = false): Coroutine {
    const module = this.factory.compiled.load(path);
    if (module.source.kind === 'esm') return yield* this.evaluate(path);
    const known = this.#modules[path];
    if (known !== undefined) return known.exports;
    const record: CommonJs = {
      exports: {},
      ...{ id: path, filename: path, loaded: false, children: [], paths: [] },
    };
    this.#modules[path] = record;
    if (isMain) this.#main = record;
    if (module.source.kind === 'json') {
      record.exports = structuredClone(this.factory.function(module));
      return record.exports;
    }
    const require = this.requireFrom(path);
    record['require'] = require;
    const folder = path.replace(/[/\\][^/\\]*$/, '');
    const run = this.factory.function(module) as ModuleFunction;
    const { exports } = record;
    const more = this.#importer(path);
    try {
      yield* run.call(exports, exports, require, record, path, folder, more);
    } catch (error) {
      // Whoever asks for it again has it executed again.
      Reflect.deleteProperty(this.#modules, path);
      throw error;
    }
    record['loaded'] = true;
    return record.exports;
  }

  /** The function `require` of a module. */
  requireFrom(path: string): Marked {
    const self = this;
    const { runtime, compiled } = this.factory;
    const require = runtime.call(function* (specifier) {
      const target = compiled.resolve(path, String(specifier), 'require');
      if (!isOutside(target)) return yield* self.require(target);
      const namespace = yield* self.target(target);
      return 'default' in namespace ? namespace['default'] : namespace;
    }, 'require');
    // A module of Node has the name by which it is asked for.
    const resolve = (specifier: string): string =>
      isBuiltin(specifier) ? specifier : compiled.resolve(path, specifier, 'require');
    const facts = { resolve: pure(resolve), cache: this.#modules, main: this.#main };
    return Object.assign(require, facts);
  }
}

/** The namespace that an ES module gets when it imports a CommonJS module. */
export function namespaceOf(exports: unknown): Namespace {
  const isObject = typeof exports === 'object' || typeof exports === 'function';
  return { ...(isObject && exports !== null ? exports : {}), default: exports };
}

/** A module that waits for others before it is executed. */
function* waiting(runtime: Runtime, waits: readonly unknown[], body: Coroutine): Coroutine {
  if (waits.length > 0) yield runtime.await(0, runtime.started(runtime.allOf)(waits));
  return yield* body;
}

function pure<T>(f: T): T {
  (f as unknown as Marked)[PURE] = true;
  return f;
}

/** Where programs were declared. */
const places = new WeakMap<Program, string>();

/** `file:line` where a program was declared. */
export function placeOfProgram(made: Program): string | undefined {
  return places.get(made);
}
