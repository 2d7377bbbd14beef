/** Holds everything that makes the values of one program: runtime, globals, modules, and the agents that it starts. */

import { createHash } from 'node:crypto';
import { dirname, join } from 'node:path';
import { format, types as utilTypes } from 'node:util';
import { asyncGlobals, nextTick, promisifier } from '../async/globals.js';
import { AsyncFromSync } from '../async/async-from-sync.js';
import { AsyncGeneratorObject } from '../async/async-generator.js';
import { allOf } from '../async/promise.js';
import { installPromises } from '../async/promise-methods.js';
import { Realm } from '../async/realm.js';
import { AsyncTask } from '../async/task.js';
import type { CompiledProgram } from '../build/compile.js';
import { SHADOWED } from '../build/shadows.js';
import { ScBytes } from '../memory/sc-bytes.js';
import { installBuffers } from '../runtime/buffers.js';
import { installGrowing } from '../runtime/growing.js';
import { installArrayMethods, installGuards } from '../runtime/guards.js';
import { installCollections } from '../runtime/collections.js';
import { functionText, installFunctionTexts } from '../runtime/function-texts.js';
import { installCallbacks, markPure, type Current } from '../runtime/builtins.js';
import { Determinism, EPOCH } from '../runtime/determinism.js';
import { ProgramFactory, type Namespace } from '../runtime/instance.js';
import { CALL, NEW, PURE, type Coroutine, type Marked } from '../runtime/keys.js';
import { installDataView } from '../runtime/data-views.js';
import { installJson } from '../runtime/json.js';
import { installObjects } from '../runtime/objects.js';
import { isOfKind } from '../runtime/plain-forms.js';
import { installProxies } from '../runtime/proxies.js';
import { installReplacing } from '../runtime/replacing.js';
import { Randomness } from '../runtime/randomness.js';
import { Runtime } from '../runtime/runtime.js';
import { copyForAgent } from '../runtime/sharing.js';
import { installText } from '../runtime/text.js';
import { installViews } from '../runtime/typed-arrays.js';
import { Regions } from '../runtime/views.js';
import {
  copyOfGlobals,
  forwarding,
  globalObject,
  globalViews,
  makeGlobalObject,
  outsideExecution,
} from './global-object.js';
import { BuiltinModules, refusal } from './builtins.js';
import { Execution } from './execution.js';
import type { Printed } from './printed.js';
import { Workers } from './workers.js';

const current: Current = { runtime: undefined as unknown as Runtime };
const installed = { done: false };

function install(): void {
  if (installed.done) return;
  installed.done = true;
  markPure();
  installGuards(current);
  installCallbacks(current);
  installCollections(current);
  installFunctionTexts(current);
  installProxies(current);
  installJson(current);
  installReplacing(current);
  installObjects(current);
  installViews(current);
  installDataView(current);
  installArrayMethods();
  installBuffers(current);
  installText(current);
  installGrowing(current);
  installPromises(current);
}

function pure<T>(f: T): T {
  (f as unknown as Marked)[PURE] = true;
  return f;
}

/** What makes the values of one program. */
export class Machine {
  readonly regions = new Regions();
  readonly runtime: Runtime;
  readonly determinism: Determinism;
  readonly factory: ProgramFactory;
  readonly printed: Printed[] = [];
  /** Set when there is an engine: nothing can be started before. */
  workers: Workers | undefined;
  execution: Execution | undefined;
  /** Draws the randomness of an execution. */
  seed = (): number => 0;
  #channels = 0;
  readonly #builtins: BuiltinModules;
  readonly #globals: Record<string, unknown>;
  readonly #random: Randomness;
  /** What code has that no agent executes: modules while they are loaded, `shared()` and `outcome()`. */
  readonly #loading = new Realm(-1);
  readonly outside = outsideExecution(this.#loading);

  constructor(compiled: CompiledProgram) {
    install();
    this.runtime = new Runtime(compiled.sites, this.regions);
    current.runtime = this.runtime;
    const { runtime } = this;
    runtime.memory = new ScBytes();
    runtime.stepper = this.outside;
    runtime.startAsync = function* (body) {
      const task = new AsyncTask(runtime, body);
      yield* task.advance(true, undefined);
      return task.promise;
    };
    runtime.allOf = allOf;
    runtime.asyncGenerators = AsyncGeneratorObject.prototype;
    runtime.startAsyncGenerator = (body) => new AsyncGeneratorObject(runtime, body);
    runtime.asyncOf = (cursor) => new AsyncFromSync(cursor);
    const clock = {
      now: (): number => this.execution?.now ?? 0,
    };
    const time = {
      get now() {
        return clock.now();
      },
    };
    this.determinism = new Determinism(time, {
      agent: () => runtime.agent,
      seed: () => this.seed(),
    });
    const timers = asyncGlobals(runtime, time);
    this.#random = this.#randomness(timers.setImmediate as Marked);
    this.#globals = this.determinism.globals({
      ...timers,
      crypto: this.#random.webcrypto(),
      ...this.#ownGlobals(),
    });
    this.#builtins = new BuiltinModules(
      runtime,
      (instance) => this.#started().host(instance),
      this.#overrides(),
    );
    this.factory = new ProgramFactory(
      compiled,
      runtime,
      SHADOWED.map((name) => this.#globals[name]),
      (target, instance) => this.#builtins.namespace(target, instance),
    );
    // While a file is loaded nothing executes, but modules may ask what they are.
    this.attach(new Execution(runtime, runtime.memory, { declared: 1, workers: 0, steps: 1 }));
    runtime.stepper = this.outside;
  }

  #randomness(setImmediate: Marked): Randomness {
    const { runtime } = this;
    return new Randomness({
      below: this.determinism.below,
      later: (f, ...args) => setImmediate(f, ...args),
      refusal: (name) => refusal(runtime, name),
      write: (view, index, value) => runtime.set(runtime.at, view, index, value),
    });
  }

  /** Begin to work for an engine. */
  attach(execution: Execution): void {
    this.execution = execution;
    this.workers = new Workers(
      {
        current,
        execution,
        globals: this.#globals,
        nextTick: nextTick(this.runtime),
        epoch: EPOCH,
        native: (name) => this.#native(name),
        refusal: (name, where) => refusal(this.runtime, name, where),
        output: (agent, stream, text) => this.printed.push({ agent, stream, text }),
        channelNumber: () => this.#channels++,
      },
      () => this.factory,
      execution,
    );
  }

  /** Start another execution. */
  restart(regions: number): void {
    current.runtime = this.runtime;
    this.determinism.restart();
    this.regions.keep(regions);
    if (this.printed.length > 0) this.printed.length = 0;
    this.#channels = 0;
    this.workers?.restart();
  }

  #started(): Workers {
    if (this.workers === undefined) throw new TypeError('cannot be used while a file is loaded');
    return this.workers;
  }

  #native(name: string): Namespace {
    if (name !== 'process') return this.#builtins.native(name);
    const { arch, platform, version, versions, release, features, config, execPath } = process;
    return {
      ...{ arch, platform, version, versions, release, features, config, execPath },
      cwd: pure(() => process.cwd()),
    };
  }

  /** The object of the agent at work. */
  #own(name: string, make: () => unknown): object {
    const { own } = this.runtime.realm();
    let known = own.get(name);
    if (known === undefined) {
      known = make();
      own.set(name, known);
    }
    return known as object;
  }

  #ownProcess(): object {
    return this.#own('process', () => this.#started().library('process.js')['default']);
  }

  #ownGlobals(): Record<string, unknown> {
    const { regions } = this;
    const target = (): object => this.#own('globalThis', () => this.#globalObject());
    const global = globalObject(target, (name) => this.#mayChange(name));
    const indirectEval = refusal(
      this.runtime,
      'eval()',
      'makes code that cannot be instrumented; it ',
    );
    this.runtime.makeFunction = (kind, args) => this.#functionOf(kind, args);
    Object.assign(this.runtime, globalViews(target), { globalObject: global, indirectEval });
    return {
      process: forwarding(() => this.#ownProcess()),
      globalThis: global,
      global,
      console: this.#console(),
      structuredClone: pure((value: unknown) => copyForAgent(value, regions)),
      MessageChannel: this.#lazyClass('MessageChannel'),
      MessagePort: this.#lazyClass('MessagePort'),
      Function,
      ...this.#unavailable(),
    };
  }

  /** Globals that reach beyond the program. */
  #unavailable(): Record<string, unknown> {
    const { runtime } = this;
    const refused = (names: readonly string[]): [string, unknown][] =>
      names.filter((name) => name in globalThis).map((name) => [name, refusal(runtime, name)]);
    const { userAgent } = (globalThis as { navigator?: { userAgent?: string } }).navigator ?? {};
    const locks = Object.fromEntries(
      ['request', 'query'].map((name) => [name, refusal(runtime, `navigator.locks.${name}`)]),
    );
    const navigator = { hardwareConcurrency: 2, language: 'en-US', userAgent, locks };
    return {
      ...Object.fromEntries(refused(['BroadcastChannel', 'fetch', 'WebSocket', 'EventSource'])),
      navigator: userAgent === undefined ? undefined : navigator,
    };
  }

  /** Bare names find the language's own global, unless the text of the program told that it changes. */
  #mayChange(name: string): void {
    if (this.factory.compiled.findsGlobal(name)) return;
    this.runtime.refuseCaller(
      `changes the global ${name} where the text does not name it: write globalThis.${name} = …`,
    );
  }

  /** What observes an execution sees what the modules made while they were loaded. */
  #globalObject(): object {
    const loaded = this.#loading.own.get('globalThis');
    const isObserver = this.runtime.realm().agent < 0 && loaded !== undefined;
    return isObserver ? copyOfGlobals(loaded as object) : makeGlobalObject(this.#globals);
  }

  #console(): object {
    const print = (stream: 'stdout' | 'stderr'): unknown => {
      const write = (text: string): void => {
        this.printed.push({ agent: this.runtime.agent, stream, text });
      };
      const printer = pure((...args: unknown[]) => {
        write(`${format(...args)}\n`);
      }) as unknown as Marked;
      const own = (): object | undefined =>
        this.workers?.printsElsewhere() === true ? this.#ownProcess() : undefined;
      const { runtime } = this;
      printer[CALL] = function* (...args: unknown[]): Coroutine {
        const text = `${format(...args)}\n`;
        const process = own() as Record<string, { write: unknown }> | undefined;
        const output = process?.[stream];
        if (output === undefined) write(text);
        else yield* runtime.invoke(output.write, output, [text]);
        return undefined;
      };
      return printer;
    };
    const out = print('stdout');
    const error = print('stderr');
    const nothing = pure(() => undefined);
    return {
      ...{ log: out, info: out, debug: out, dir: out, table: out, group: out, groupEnd: nothing },
      ...{ error, warn: error, trace: error, assert: nothing, time: nothing, timeEnd: nothing },
    };
  }

  /** A class of the library that is made when it is first used. */
  #lazyClass(name: string): unknown {
    const found = (): unknown => this.#started().library('worker_threads.js')[name];
    const { runtime } = this;
    const lazy = function (): never {
      throw new TypeError(`${name} is constructed where nothing can be interrupted`);
    } as unknown as Marked;
    Object.defineProperty(lazy, Symbol.hasInstance, {
      value: (value: unknown) => value instanceof (found() as new () => object),
    });
    Object.defineProperty(lazy, 'name', { value: name });
    Object.defineProperty(lazy, NEW, {
      value: function* (_newTarget: unknown, ...args: unknown[]): Coroutine {
        const target = found();
        const make = runtime.constructorOf(target);
        if (make === undefined) throw new TypeError(`${name} is not a constructor`);
        return yield* make(target, ...args);
      },
    });
    return lazy;
  }

  /** `new Function('a', 'return a')`: instrumented like any other code. */
  #functionOf(kind: string, args: readonly unknown[]): Coroutine {
    const code = `module.exports = ${functionText(kind, args)}`;
    const { compiled } = this.factory;
    const digest = createHash('sha256').update(code).digest('hex').slice(0, 8);
    const path = join(dirname(compiled.entry), `[Function ${digest}]`);
    compiled.loadText(path, code, 'cjs');
    return this.factory.instance().require(path);
  }

  #overrides(): Record<string, Record<string, unknown>> {
    const { performance, crypto, console } = this.#globals as Record<
      string,
      Record<string, unknown>
    >;
    const promisify = promisifier(this.runtime);
    Object.defineProperty(promisify, 'custom', {
      value: Symbol.for('nodejs.util.promisify.custom'),
    });
    const two = pure(() => 2);
    const types = {
      ...utilTypes,
      isAsyncFunction: pure((f: unknown) => isOfKind(f, ['async', 'asyncGenerator'])),
      isGeneratorFunction: pure((f: unknown) => isOfKind(f, ['generator', 'asyncGenerator'])),
    };
    return {
      util: { promisify, types },
      'util/types': types,
      perf_hooks: { performance },
      tty: { isatty: pure(() => false) },
      child_process: nothingStarts(),
      console: { ...console },
      crypto: this.#random.module(crypto ?? {}),
      os: {
        availableParallelism: two,
        cpus: pure(() => [0, 1].map(() => ({ model: 'explorer', speed: 1000, times: {} }))),
        totalmem: pure(() => 8e9),
        freemem: pure(() => 4e9),
        hostname: pure(() => 'explorer'),
        uptime: pure(() => 0),
        loadavg: pure(() => [0, 0, 0]),
      },
    };
  }
}

/** Processes cannot be started, as on a machine where the command is missing. */
function nothingStarts(): Record<string, unknown> {
  const failure = (): Error =>
    Object.assign(new Error('spawnSync ENOENT'), { code: 'ENOENT', errno: -2 });
  const fails = pure(() => {
    throw failure();
  });
  return {
    execSync: fails,
    execFileSync: fails,
    spawnSync: pure(() => ({ status: null, signal: null, error: failure() })),
  };
}
