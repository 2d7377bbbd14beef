/**
 * What explored programs get for the modules of Node: the original where it is deterministic, a replacement from the
 * library, or a refusal.
 */

import { createRequire } from 'node:module';
import { join } from 'node:path';
import { UsageError } from '../../errors.js';
import { HOST, LIBRARY } from '../build/graph.js';
import { namespaceOf, type Instance, type Namespace } from '../runtime/instance.js';
import { CALL, NEW, PURE, type Coroutine, type Marked } from '../runtime/keys.js';
import type { Runtime } from '../runtime/runtime.js';

const requireBuiltin = createRequire(import.meta.url);

/** Modules that are the same for every agent and execution. */
const HARMLESS: ReadonlySet<string> = new Set([
  ...['path', 'path/posix', 'path/win32', 'url', 'assert', 'assert/strict', 'buffer'],
  ...['querystring', 'string_decoder', 'punycode', 'constants', 'zlib'],
]);

/** Modules that are written anew in the library folder, by file. */
const REPLACED: Readonly<Record<string, string>> = {
  events: 'events.js',
  worker_threads: 'worker_threads.js',
  process: 'process.js',
  timers: 'timers.js',
  'timers/promises': 'timers-promises.js',
  async_hooks: 'async_hooks.js',
};

/** Functions that are harmless in modules that are not. */
const ALLOWED: Readonly<Record<string, ReadonlySet<string>>> = {
  fs: new Set([
    ...['existsSync', 'readFileSync', 'statSync', 'lstatSync', 'realpathSync', 'readdirSync'],
    ...['accessSync', 'Stats', 'Dirent'],
  ]),
  crypto: new Set(['createHash', 'createHmac', 'timingSafeEqual', 'getHashes', 'Hash', 'Hmac']),
  module: new Set(['isBuiltin', 'builtinModules']),
  os: new Set(['platform', 'type', 'arch', 'endianness', 'EOL', 'tmpdir', 'homedir']),
  util: new Set(),
  perf_hooks: new Set(['createHistogram', 'PerformanceObserver']),
};

/** Functions of `node:util` that need something else. */
const UTIL_REFUSED: ReadonlySet<string> = new Set(['aborted', 'transferableAbortController']);

function pure(f: (...args: never[]) => unknown): unknown {
  (f as unknown as Marked)[PURE] = true;
  return f;
}

/** What stands for modules of Node. */
export class BuiltinModules {
  readonly #runtime: Runtime;
  readonly #host: (instance: Instance) => Namespace;
  readonly #overrides: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly #known = new Map<string, Namespace>();

  constructor(
    runtime: Runtime,
    host: (instance: Instance) => Namespace,
    overrides: Readonly<Record<string, Readonly<Record<string, unknown>>>>,
  ) {
    this.#runtime = runtime;
    this.#host = host;
    this.#overrides = overrides;
  }

  /** Exports of a module that is not the program's. */
  *namespace(target: string, instance: Instance): Coroutine<Namespace> {
    if (target === HOST) return { host: this.#host(instance) };
    const name = target.slice('node:'.length);
    const replaced = REPLACED[name];
    if (replaced !== undefined) return yield* instance.evaluate(join(LIBRARY, replaced));
    if (name === 'module') return namespaceOf(this.#module(instance));
    return this.native(name);
  }

  /** A module without state of an agent. */
  native(name: string): Namespace {
    let known = this.#known.get(name);
    if (known === undefined) {
      known = namespaceOf(this.#checked(name));
      this.#known.set(name, known);
    }
    return known;
  }

  #checked(name: string): unknown {
    const real = requireBuiltin(`node:${name}`) as Record<string, unknown>;
    if (HARMLESS.has(name)) return real;
    const own = this.#overrides[name] ?? {};
    if (name === 'util/types') return own;
    if (name === 'util') {
      const refused = [...UTIL_REFUSED].map((key) => [key, this.#refusal(name, key)]);
      return { ...real, ...Object.fromEntries(refused), ...own };
    }
    return { ...this.#refusing(name, real, ALLOWED[name] ?? new Set()), ...own };
  }

  /** The same names, but every function refuses to be called. */
  #refusing(
    name: string,
    real: Readonly<Record<string, unknown>>,
    allowed: ReadonlySet<string>,
  ): Record<string, unknown> {
    const made: Record<string, unknown> = {};
    for (const key of Object.getOwnPropertyNames(real)) {
      const facts = Object.getOwnPropertyDescriptor(real, key);
      if (facts === undefined || !('value' in facts)) continue;
      const value = facts.value as unknown;
      if (typeof value !== 'function' || allowed.has(key)) made[key] = value;
      else made[key] = this.#refusal(name, key);
    }
    return made;
  }

  #refusal(name: string, key: string): Marked {
    return refusal(this.#runtime, key, `of node:${name} `);
  }

  #module(instance: Instance): Record<string, unknown> {
    const real = requireBuiltin('node:module') as Record<string, unknown>;
    const createRequire_ = (from: unknown): unknown => {
      const path = String(from).startsWith('file:') ? new URL(String(from)).pathname : String(from);
      return instance.requireFrom(decodeURIComponent(path));
    };
    return {
      ...this.#refusing('module', real, ALLOWED['module'] ?? new Set()),
      createRequire: pure(createRequire_),
      enableCompileCache: pure(() => undefined),
    };
  }
}

/**
 * A function that is not available: calling it throws an error that names the line. `where` says where the program got
 * it.
 */
export function refusal(runtime: Runtime, key: string, where = ''): Marked {
  const fail = (): never => {
    const { file, line } = runtime.sites.at(runtime.at);
    return runtime.stepper.fail(
      new UsageError(
        `${file}:${line}: ${key} ${where}is not available in the explorer: it depends on more than the program`,
      ),
    );
  };
  const refused = function (): never {
    return fail();
  } as unknown as Marked;
  // eslint-disable-next-line require-yield -- a form is a coroutine
  const form = function* (): Coroutine {
    return fail();
  };
  refused[CALL] = form;
  Object.defineProperty(refused, NEW, { value: form });
  Object.defineProperty(refused, 'name', { value: key });
  return refused;
}
