/** Makes a program: evaluates its modules as the language does, in the order of their imports. */

import { createRequire } from 'node:module';
import { UsageError } from '../../errors.js';
import { PARAMETERS, type CompiledModule, type CompiledProgram } from '../build/compile.js';
import { OWN_SPECIFIERS, isOutside } from '../build/graph.js';
import { program } from '../program.js';
import { CALL, NEW, VIEW, PURE, type Coroutine, type Marked } from './keys.js';
import type { Runtime } from './runtime.js';

type ModuleFunction = (this: unknown, ...args: unknown[]) => Coroutine;

/** The functions of a program's modules, made once. */
export class ProgramFactory {
  readonly #functions = new Map<string, unknown>();
  readonly #runtime: Runtime;
  readonly #compiled: CompiledProgram;

  constructor(compiled: CompiledProgram, runtime: Runtime, globals: readonly unknown[]) {
    this.#compiled = compiled;
    this.#runtime = runtime;
    const args = [runtime, CALL, NEW, VIEW, ...globals];
    if (args.length !== PARAMETERS.length) throw new RangeError('globals do not fit');
    for (const [path, { make }] of compiled.modules) this.#functions.set(path, make(...args));
  }

  /** Evaluate all modules afresh. Returns the exports of the program's file. */
  instantiate(): Readonly<Record<string, unknown>> {
    return new Instance(this.#compiled, this.#functions, this.#runtime).evaluate(
      this.#compiled.entry,
    );
  }
}

class Instance {
  readonly #compiled: CompiledProgram;
  readonly #functions: ReadonlyMap<string, unknown>;
  readonly #runtime: Runtime;
  readonly #namespaces = new Map<string, Record<string, unknown>>();
  readonly #modules = new Map<string, { exports: unknown }>();

  constructor(
    compiled: CompiledProgram,
    functions: ReadonlyMap<string, unknown>,
    runtime: Runtime,
  ) {
    this.#compiled = compiled;
    this.#functions = functions;
    this.#runtime = runtime;
  }

  /** Namespace of an ES module, or what stands for that of another one. */
  evaluate(path: string): Record<string, unknown> {
    const known = this.#namespaces.get(path);
    if (known !== undefined) return known;
    const module = this.#compiled.modules.get(path) as CompiledModule;
    if (module.source.kind !== 'esm') return namespaceOf(this.require(path));
    const namespace = Object.create(null) as Record<string, unknown>;
    this.#namespaces.set(path, namespace);
    const imports = module.specifiers.map((s) => this.#import(module.source.targets.get(s) ?? ''));
    const meta = {
      url: `file://${path}`,
      filename: path,
      dirname: path.replace(/[/\\][^/\\]*$/, ''),
    };
    const run = this.#functions.get(path) as ModuleFunction;
    this.#runtime.drive(run.call(undefined, namespace, imports, meta));
    return namespace;
  }

  #import(target: string): Record<string, unknown> {
    if (isOutside(target)) return outside(target);
    return this.evaluate(target);
  }

  /** Exports of a CommonJS module. */
  require(path: string): unknown {
    const module = this.#compiled.modules.get(path) as CompiledModule;
    if (module.source.kind === 'esm') return this.evaluate(path);
    const known = this.#modules.get(path);
    if (known !== undefined) return known.exports;
    const record: { exports: unknown; [key: string]: unknown } = {
      exports: {},
      id: path,
      filename: path,
    };
    this.#modules.set(path, record);
    if (module.source.kind === 'json') {
      record.exports = structuredClone(this.#functions.get(path));
      return record.exports;
    }
    const require = this.#runtime.pure(((specifier: string) =>
      this.#required(module, specifier)) as Marked);
    const folder = path.replace(/[/\\][^/\\]*$/, '');
    const run = this.#functions.get(path) as ModuleFunction;
    this.#runtime.drive(run.call(record.exports, record.exports, require, record, path, folder));
    return record.exports;
  }

  #required(module: CompiledModule, specifier: string): unknown {
    const target = module.source.targets.get(specifier);
    if (target === undefined) {
      const error = new Error(`Cannot find module '${specifier}'`) as Error & { code: string };
      error.code = 'MODULE_NOT_FOUND';
      throw error;
    }
    if (!isOutside(target)) return this.require(target);
    return OWN_SPECIFIERS.has(target) ? outside(target) : outside(target)['default'];
  }
}

/** What an ES module sees of a CommonJS one. */
function namespaceOf(exports: unknown): Record<string, unknown> {
  const isObject = typeof exports === 'object' || typeof exports === 'function';
  return { ...(isObject && exports !== null ? exports : {}), default: exports };
}

const requireBuiltin = createRequire(import.meta.url);
const pureProgram = ((declaration: Parameters<typeof program>[0]) =>
  program(declaration)) as unknown as Marked;
pureProgram[PURE] = true;

/** Namespace of a module that is not instrumented. */
function outside(target: string): Record<string, unknown> {
  if (OWN_SPECIFIERS.has(target)) return { program: pureProgram };
  if (target === 'node:worker_threads') {
    throw new UsageError(`a program that imports ${target} is not supported yet`);
  }
  return namespaceOf(requireBuiltin(target) as unknown);
}
