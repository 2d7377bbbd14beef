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

/** The modules of one agent. */
export class Instance {
  readonly factory: ProgramFactory;
  readonly #namespaces = new Map<string, Namespace>();
  readonly #modules = new Map<string, { exports: unknown }>();

  constructor(factory: ProgramFactory) {
    this.factory = factory;
  }

  /** Namespace of an ES module, or what stands for that of another one. */
  *evaluate(path: string): Coroutine<Namespace> {
    const known = this.#namespaces.get(path);
    if (known !== undefined) return known;
    const module = this.factory.compiled.load(path);
    if (module.source.kind !== 'esm') return namespaceOf(yield* this.require(path));
    const namespace = Object.create(null) as Namespace;
    this.#namespaces.set(path, namespace);
    const imports: Namespace[] = [];
    for (const s of module.specifiers) {
      imports.push(yield* this.target(module.source.targets.get(s) ?? ''));
    }
    const run = this.factory.function(module) as ModuleFunction;
    yield* run.call(undefined, namespace, imports, this.#meta(module), this.#importer(path));
    return namespace;
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
  *require(path: string): Coroutine {
    const module = this.factory.compiled.load(path);
    if (module.source.kind === 'esm') return yield* this.evaluate(path);
    const known = this.#modules.get(path);
    if (known !== undefined) return known.exports;
    const record: { exports: unknown; [key: string]: unknown } = {
      exports: {},
      ...{ id: path, filename: path, loaded: false, children: [], paths: [] },
    };
    this.#modules.set(path, record);
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
    yield* run.call(exports, exports, require, record, path, folder, more);
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
    return Object.assign(require, { resolve: pure(resolve), cache: {}, main: undefined });
  }
}

/** The namespace that an ES module gets when it imports a CommonJS module. */
export function namespaceOf(exports: unknown): Namespace {
  const isObject = typeof exports === 'object' || typeof exports === 'function';
  return { ...(isObject && exports !== null ? exports : {}), default: exports };
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
