/** What the library's modules ask of the engine, for one agent. */

import { channel, endOfObject, type ChannelEnd } from '../async/ports.js';
import type { Realm } from '../async/realm.js';
import type { Current } from '../runtime/builtins.js';
import type { Instance, Namespace } from '../runtime/instance.js';
import { PURE, type Coroutine, type Marked } from '../runtime/keys.js';
import { environmentOf } from './environment.js';
import type { Execution } from './execution.js';
import type { SpawnOptions, WorkerHandle } from './worker-handle.js';

/** What is known of an agent before it begins. */
export interface AgentFacts {
  readonly isMainThread: boolean;
  readonly threadId: number;
  /** Opens what was sent with the worker, given what makes ports. */
  readonly workerData: ((maker: (end: ChannelEnd) => Coroutine) => Coroutine) | undefined;
  readonly parent: ChannelEnd | undefined;
  /** Where it prints; missing for an agent that prints by itself. */
  readonly handle: WorkerHandle | undefined;
  readonly argv: readonly string[];
  readonly execArgv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly name: string;
}

/** What all agents of a program share. */
export interface HostServices {
  readonly current: Current;
  readonly execution: Execution;
  readonly globals: Readonly<Record<string, unknown>>;
  readonly nextTick: Marked;
  readonly epoch: number;
  readonly native: (name: string) => Namespace;
  readonly refusal: (name: string, where: string) => unknown;
  readonly output: (agent: number, stream: 'stdout' | 'stderr', text: string) => void;
  readonly channelNumber: () => number;
  readonly spawn: (
    instance: Instance,
    file: unknown,
    options: SpawnOptions,
    event: (kind: string, value: unknown) => Coroutine,
  ) => WorkerHandle;
}

function pure<T>(f: T): T {
  (f as unknown as Marked)[PURE] = true;
  return f;
}

/** The object that the library knows as `host`. */
export function hostOf(
  services: HostServices,
  instance: Instance,
  realm: Realm,
  facts: AgentFacts,
): Namespace {
  const { current, execution } = services;
  const { runtime } = current;
  const invoke = (f: unknown, ...args: unknown[]): Coroutine => runtime.invoke(f, undefined, args);
  const maker = (end: ChannelEnd): Coroutine => invoke(realm.own.get('makePort'), end);
  const asBoolean = function* (f: unknown, args: readonly unknown[]): Coroutine<boolean> {
    return Boolean(yield* invoke(f, ...args));
  };
  return {
    ...portFunctions(services, realm, maker),
    facts,
    env: environmentOf(facts.env, (what) =>
      runtime.refuseCaller(`${what} which is not available in the explorer`),
    ),
    workerData: runtime.call(function* () {
      return facts.workerData === undefined ? null : yield* facts.workerData(maker);
    }, 'workerData'),
    globals: services.globals,
    nextTick: services.nextTick,
    epoch: services.epoch,
    native: pure((name: string) => services.native(name)),
    refusal: pure((name: string, where: string) => services.refusal(name, where)),
    now: pure(() => execution.now),
    ...printing(services, realm, facts, invoke),
    spawn: pure((file: unknown, options: SpawnOptions, event: unknown) =>
      services.spawn(instance, file, options, (kind, value) => invoke(event, kind, value)),
    ),
    terminate: pure((handle: WorkerHandle) => {
      handle.terminate();
    }),
    setWorkerRef: pure((handle: WorkerHandle, isRef: boolean) => {
      handle.isRef = isRef;
    }),
    exit: runtime.call(function* (code) {
      execution.exit(Number(code));
      yield;
      return undefined;
    }, 'exit'),
    setProcess: pure((object: object) => realm.own.set('process', object)),
    onUncaught: pure((f: unknown) => {
      realm.onUncaught =
        f === undefined ? undefined : (error, origin) => asBoolean(f, [error, origin]);
    }),
    onUnhandled: pure((f: unknown) => {
      realm.onUnhandled = f === undefined ? undefined : (reason) => asBoolean(f, [reason]);
    }),
    onBeforeEnd: pure((f: unknown) => {
      realm.onBeforeEnd = () => invoke(f);
    }),
    onEnd: pure((f: unknown) => {
      realm.onEnd = (isUnsettled, hasThrown) => invoke(f, isUnsettled, hasThrown);
    }),
  };
}

/** Workers print through the threads that have started them. */
function printing(
  { output, execution, current }: HostServices,
  realm: Realm,
  { handle }: AgentFacts,
  invoke: (f: unknown, ...args: unknown[]) => Coroutine,
): Namespace {
  return {
    printsItself: handle === undefined,
    output: pure((stream: 'stdout' | 'stderr', text: string) => {
      output(realm.agent, stream, text);
    }),
    print: current.runtime.call(function* (stream, text) {
      handle?.tell('print', [stream, text]);
      if (handle !== undefined && execution.took(handle.address)) yield;
      return undefined;
    }, 'print'),
    printingWaits: pure((change: number) => {
      if (handle !== undefined) handle.printing.waiting += change;
    }),
    onWanted: pure((f: unknown) => {
      if (handle !== undefined) handle.printing.onWanted = (stream) => invoke(f, stream);
    }),
    wants: pure((worker: WorkerHandle, stream: string) => {
      worker.printing.want(stream);
    }),
  };
}

function portFunctions(
  { current, execution, channelNumber }: HostServices,
  realm: Realm,
  maker: (end: ChannelEnd) => Coroutine,
): Namespace {
  const { runtime } = current;
  return {
    channel: pure(() => channel(current, execution, channelNumber())),
    adopt: pure((end: ChannelEnd, object: object, message: unknown, closed: unknown) => {
      end.adopt(realm, object);
      end.maker = maker;
      end.onMessage = (value) => runtime.invoke(message, undefined, [value]);
      end.onClose = () => runtime.invoke(closed, undefined, []);
    }),
    makePorts: pure((make: unknown) => realm.own.set('makePort', make)),
    endOf: pure(endOfObject),
    post: runtime.call(function* (end, value, transferList) {
      yield* (end as ChannelEnd).post(value, transferList as object[]);
      return undefined;
    }, 'postMessage'),
    receive: runtime.call(function* (end) {
      return yield* (end as ChannelEnd).receive(maker);
    }, 'receiveMessageOnPort'),
    start: pure((end: ChannelEnd) => {
      end.isStarted = true;
    }),
    setRef: pure((end: ChannelEnd, isRef: boolean) => {
      end.isRef = isRef;
    }),
    hasRef: pure((end: ChannelEnd) => end.isRef),
    close: pure((end: ChannelEnd) => {
      end.close();
    }),
  };
}
