/** Starts agents that execute a module of their own: the main module of a program, and its workers. */

import { createHash } from 'node:crypto';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { UsageError } from '../../errors.js';
import { drain, guarded } from '../async/event-loop.js';
import { channel, checkTransferList, endOfObject, hand, type ChannelEnd } from '../async/ports.js';
import { pending, resolvePromise } from '../async/promise.js';
import { Realm } from '../async/realm.js';
import { AsyncTask } from '../async/task.js';
import { LIBRARY } from '../build/graph.js';
import type { Instance, Namespace, ProgramFactory } from '../runtime/instance.js';
import type { Coroutine } from '../runtime/keys.js';
import { copyForAgent } from '../runtime/sharing.js';
import type { Agent } from './agent.js';
import { concludeModule } from './conclusion.js';
import { shareEnvironment } from './environment.js';
import type { Execution } from './execution.js';
import { hostOf, type AgentFacts, type HostServices } from './host.js';
import { WorkerHandle, type SpawnOptions } from './worker-handle.js';

/** What a program is started with by default. */
const NO_FACTS: AgentFacts = {
  isMainThread: true,
  threadId: 0,
  workerData: undefined,
  parent: undefined,
  handle: undefined,
  argv: [process.execPath, 'program'],
  execArgv: [],
  env: {},
  name: '',
};

/** Where a worker's code is. */
interface Entry {
  readonly path: string;
  readonly preloads: readonly string[];
}

/** The agents of one program that execute modules. */
export class Workers {
  readonly #services: HostServices;
  readonly #factory: () => ProgramFactory;
  readonly #execution: Execution;
  readonly #facts = new WeakMap<Realm, AgentFacts>();
  #count = 0;

  constructor(
    services: Omit<HostServices, 'spawn'>,
    factory: () => ProgramFactory,
    execution: Execution,
  ) {
    this.#services = {
      ...services,
      spawn: (instance, file, options, event) => this.spawn(instance, file, options, event),
    };
    this.#factory = factory;
    this.#execution = execution;
  }

  /** Start another execution. */
  restart(): void {
    this.#count = 0;
  }

  /** Say what an agent is to know of itself. */
  describe(realm: Realm, facts: Partial<AgentFacts>): void {
    this.#facts.set(realm, { ...NO_FACTS, ...facts });
  }

  /** Whether the current agent lets its parent print for it. */
  printsElsewhere(): boolean {
    return this.#facts.get(this.#execution.realm())?.handle !== undefined;
  }

  host(instance: Instance): Namespace {
    const realm = this.#execution.realm();
    realm.own.set('instance', instance);
    return hostOf(this.#services, instance, realm, this.#facts.get(realm) ?? NO_FACTS);
  }

  /** Modules of the agent at work. */
  instance(): Instance {
    const { own } = this.#execution.realm();
    const known = own.get('instance') as Instance | undefined;
    if (known !== undefined) return known;
    const made = this.#factory().instance();
    own.set('instance', made);
    return made;
  }

  /** A module of the library, for the agent at work. */
  library(file: string): Namespace {
    const { runtime } = this.#execution;
    return runtime.drive(this.instance().evaluate(join(LIBRARY, file))) as Namespace;
  }

  /** The code of an agent that executes a module as Node executes the one it is given. */
  *run(agent: Agent, instance: Instance, entry: Entry): Coroutine {
    const { runtime } = this.#execution;
    const isScript = instance.factory.compiled.load(entry.path).source.kind !== 'esm';
    const code = (function* (): Coroutine {
      for (const path of entry.preloads) yield* instance.require(path);
      return isScript
        ? yield* instance.require(entry.path, true)
        : yield* instance.evaluate(entry.path);
    })();
    if (isScript) return yield* this.#script(agent, code);
    const evaluation = new AsyncTask(runtime, code);
    agent.stages.push(() =>
      concludeModule(this.#execution.realm(), this.#execution, evaluation.promise),
    );
    yield* evaluation.advance(true, undefined);
    return undefined;
  }

  /** Code that is no ES module: what it throws is no rejection. */
  *#script(agent: Agent, code: Coroutine): Coroutine {
    const evaluated = pending();
    resolvePromise(evaluated, undefined);
    agent.stages.push(() => concludeModule(this.#execution.realm(), this.#execution, evaluated));
    const realm = this.#execution.realm();
    yield* guarded(realm, () => code);
    yield* drain(realm);
    return undefined;
  }

  spawn(
    instance: Instance,
    file: unknown,
    options: SpawnOptions,
    event: (kind: string, value: unknown) => Coroutine,
  ): WorkerHandle {
    const { current } = this.#services;
    const execution = this.#execution;
    const parent = execution.realm();
    const [near, far] = channel(current, execution, this.#services.channelNumber());
    const handle = new WorkerHandle(execution, parent, this.#count++, near, event);
    const env = this.#environment(parent, options);
    const entry = this.#entry(instance, file, options, env);
    const facts: AgentFacts = {
      isMainThread: false,
      threadId: this.#count,
      workerData: packed(current.runtime.regions, options),
      parent: far,
      handle,
      argv: [process.execPath, entry.path, ...(options.argv ?? []).map(String)],
      execArgv: options.execArgv ?? [],
      env,
      name: options.name ?? '',
    };
    const agent = execution.spawn(
      (made) => this.#begin(made, handle, entry, facts),
      function* (error) {
        handle.tell('error', thrownCopy(error, current));
        if (execution.took(handle.address)) yield;
      },
      (code) => {
        far.abandon();
        handle.tell('exit', code);
      },
    );
    if (agent < 0) throw this.#tooMany();
    handle.agent = agent;
    handle.threadId = this.#count;
    return handle;
  }

  *#begin(agent: Agent, handle: WorkerHandle, entry: Entry, facts: AgentFacts): Coroutine {
    const realm = (agent.realm = new Realm(agent.id));
    const instance = this.#factory().instance();
    realm.own.set('instance', instance);
    this.describe(realm, facts);
    handle.printing.realm = realm;
    realm.sources.push(handle.printing);
    handle.tell('online', undefined);
    if (this.#execution.took(handle.address)) yield;
    return yield* this.run(agent, instance, entry);
  }

  #environment(parent: Realm, { env }: SpawnOptions): Readonly<Record<string, string>> {
    if (typeof env === 'object' && (env as unknown) !== null) return { ...env };
    const own = (parent.own.get('process') ?? this.library('process.js')['default']) as {
      readonly env: Readonly<Record<string, string>>;
    };
    return typeof env === 'symbol' ? shareEnvironment(own.env) : { ...own.env };
  }

  #entry(
    instance: Instance,
    file: unknown,
    options: SpawnOptions,
    env: Readonly<Record<string, string>>,
  ): Entry {
    const flags = [...(env['NODE_OPTIONS'] ?? '').split(/\s+/), ...(options.execArgv ?? [])];
    const preloads = flags.flatMap((flag, i) =>
      flag === '-r' || flag === '--require' ? [unquoted(flags[i + 1] ?? '')] : [],
    );
    return { path: this.#path(instance, file, options), preloads };
  }

  #path(instance: Instance, file: unknown, options: SpawnOptions): string {
    const { compiled } = instance.factory;
    if (options.eval === true) return this.#text(String(file), 'cjs');
    const text = String(file);
    if (text.startsWith('data:')) {
      const code = decodeURIComponent(text.slice(text.indexOf(',') + 1));
      return this.#text(code, 'esm');
    }
    const path = text.startsWith('file:') ? fileURLToPath(text) : resolve(text);
    try {
      compiled.load(path);
    } catch (error) {
      // The program must not catch it.
      if (error instanceof UsageError) this.#services.current.runtime.stepper.fail(error);
      throw error;
    }
    return path;
  }

  #text(code: string, kind: 'esm' | 'cjs'): string {
    const digest = createHash('sha256').update(kind).update(code).digest('hex').slice(0, 8);
    const path = join(process.cwd(), `[worker eval ${digest}]`);
    this.#factory().compiled.loadText(path, code, kind);
    return path;
  }

  #tooMany(): UsageError {
    return new UsageError(
      `the program starts more than ${this.#execution.workers} workers in one execution: say how many it may start with \`workers\``,
    );
  }
}

const unquoted = (text: string): string => text.replace(/^"(.*)"$/, '$1');

/** `workerData` on its way to a worker: opened with what makes ports there. */
function packed(
  regions: Parameters<typeof copyForAgent>[1],
  { workerData, transferList = [] }: SpawnOptions,
): AgentFacts['workerData'] {
  const ends = new Map<object, ChannelEnd>();
  checkTransferList(transferList);
  for (const item of transferList) {
    const end = endOfObject(item);
    if (end !== undefined) ends.set(item, end);
  }
  const isPort = (object: object): boolean => endOfObject(object) !== undefined;
  const value = copyForAgent(workerData, regions, ends, isPort);
  for (const item of transferList) hand(item);
  for (const end of ends.values()) end.leave();
  return function* (maker) {
    if (ends.size === 0) return value;
    const objects = new Map<object, unknown>();
    for (const end of ends.values()) objects.set(end, yield* maker(end));
    return copyForAgent(value, regions, objects);
  };
}

function thrownCopy(error: unknown, { runtime }: HostServices['current']): unknown {
  try {
    return copyForAgent(error, runtime.regions);
  } catch {
    return new Error(String(error));
  }
}
