/** Stands for `node:worker_threads` in explored programs: workers are agents of the explorer. */

import { EventEmitter } from './events.js';
import { host, type End, type Handle, type Stream } from './host.js';

type Emitter = new () => EventEmitter;
const Base = EventEmitter as unknown as Emitter;

interface TransferOptions {
  readonly transfer?: readonly object[];
}

function listOf(transfer: unknown): readonly object[] {
  if (transfer == null) return [];
  if (typeof transfer !== 'object') throw notIterable('transferList');
  if (Symbol.iterator in transfer) return [...(transfer as Iterable<object>)];
  const list = (transfer as TransferOptions).transfer;
  if (list == null) return [];
  if (typeof list !== 'object') throw notIterable('options.transfer');
  return [...list];
}

function notIterable(name: string): TypeError {
  const error = new TypeError(`Optional ${name} argument must be an iterable`) as TypeError & {
    code: string;
  };
  error.code = 'ERR_INVALID_ARG_TYPE';
  return error;
}

/** Web-style listeners, which get an event. */
const wrapped = new WeakMap<object, (value: unknown) => unknown>();

function wrapper(port: object, name: string, listener: unknown): (value: unknown) => unknown {
  const key = listener as object;
  let known = wrapped.get(key);
  if (known === undefined) {
    known = (data: unknown): unknown => {
      const event = { type: name, data, target: port, currentTarget: port, ports: [] };
      if (typeof listener === 'function') return (listener as (event: unknown) => unknown)(event);
      return (listener as { handleEvent: (event: unknown) => unknown }).handleEvent(event);
    };
    wrapped.set(key, known);
  }
  return known;
}

const INTERNAL = Symbol('internal');

/** A message port, as Node has it: an emitter and an event target. */
export class MessagePort extends Base {
  readonly #end: End;
  #handlers: Record<string, unknown> = {};

  constructor(key: symbol, end: End) {
    super();
    if (key !== INTERNAL) {
      const error = new TypeError('Illegal constructor') as TypeError & { code: string };
      error.code = 'ERR_CONSTRUCT_CALL_INVALID';
      throw error;
    }
    this.#end = end;
    host.adopt(
      end,
      this,
      (value) => this.emit('message', value),
      () => this.emit('close'),
    );
  }

  override on(name: PropertyKey, listener: unknown): this {
    super.on(name, listener);
    if (name === 'message') this.#listens();
    return this;
  }
  override addListener(name: PropertyKey, listener: unknown): this {
    return this.on(name, listener);
  }
  override once(name: PropertyKey, listener: unknown): this {
    super.once(name, listener);
    if (name === 'message') this.#listens();
    return this;
  }
  override off(name: PropertyKey, listener: unknown): this {
    super.off(name, listener);
    if (name === 'message' && this.listenerCount('message') === 0) host.setRef(this.#end, false);
    return this;
  }
  removeListener(name: PropertyKey, listener: unknown): this {
    return this.off(name, listener);
  }
  #listens(): void {
    host.setRef(this.#end, true);
    host.start(this.#end);
  }

  addEventListener(name: string, listener: unknown, options?: unknown): void {
    const f = wrapper(this, name, listener);
    if ((options as { once?: boolean } | undefined)?.once === true) this.once(name, f);
    else this.on(name, f);
  }
  removeEventListener(name: string, listener: unknown): void {
    this.off(name, wrapper(this, name, listener));
  }
  #handler(name: string, handler: unknown): void {
    const old = this.#handlers[name];
    if (old != null) this.off(name, wrapper(this, name, old));
    this.#handlers = { ...this.#handlers, [name]: handler };
    if (handler != null) this.on(name, wrapper(this, name, handler));
  }
  get onmessage(): unknown {
    return this.#handlers['message'] ?? null;
  }
  set onmessage(handler: unknown) {
    this.#handler('message', handler);
  }
  get onclose(): unknown {
    return this.#handlers['close'] ?? null;
  }
  set onclose(handler: unknown) {
    this.#handler('close', handler);
  }

  postMessage(...given: readonly unknown[]): void {
    const [value, transfer] = given;
    if (given.length === 0) {
      const error = new TypeError('Not enough arguments to MessagePort.postMessage');
      throw Object.assign(error, { code: 'ERR_MISSING_ARGS' });
    }
    const end = host.endOf(this);
    if (end !== undefined) host.post(end, value, listOf(transfer));
  }
  start(): void {
    host.start(this.#end);
  }
  close(): void {
    host.close(this.#end);
  }
  ref(): void {
    host.setRef(this.#end, true);
    host.start(this.#end);
  }
  unref(): void {
    host.setRef(this.#end, false);
  }
  hasRef(): boolean {
    return host.hasRef(this.#end);
  }
}

const portOf = (end: End): MessagePort => new MessagePort(INTERNAL, end);
host.makePorts(portOf);

/** Two ports that are tied to each other. */
export class MessageChannel {
  readonly port1: MessagePort;
  readonly port2: MessagePort;

  constructor() {
    const [first, second] = host.channel();
    this.port1 = portOf(first);
    this.port2 = portOf(second);
  }
}

/** Takes a message without waiting for it. */
export function receiveMessageOnPort(port: unknown): { message: unknown } | undefined {
  const end = host.endOf(port);
  if (end !== undefined) return host.receive(end);
  const error = new TypeError('The "port" argument must be a MessagePort instance') as TypeError & {
    code: string;
  };
  error.code = 'ERR_INVALID_ARG_TYPE';
  throw error;
}

/** The output of a worker, as a stream of the thread that started it. */
class Printed extends Base {
  readonly #ask: () => void;
  #encoding: string | undefined;
  /** The text is passed on to the thread's own output. */
  readonly #goesOn: ((text: string) => void) | undefined;
  #isRead = false;

  constructor(ask: () => void, goesOn: ((text: string) => void) | undefined) {
    super();
    this.#ask = ask;
    this.#goesOn = goesOn;
    if (goesOn !== undefined) this.#read();
  }
  #read(): void {
    if (this.#isRead) return;
    this.#isRead = true;
    host.nextTick(this.#ask);
  }
  override on(name: PropertyKey, listener: unknown): this {
    super.on(name, listener);
    if (name === 'data') this.#read();
    return this;
  }
  setEncoding(encoding: string): this {
    this.#encoding = encoding;
    return this;
  }
  resume(): this {
    this.#read();
    return this;
  }
  pipe(output: { write: (data: unknown) => unknown }): unknown {
    this.on('data', (data: unknown) => output.write(data));
    return output;
  }
  /** Text has come. */
  push(text: string): void {
    const data = this.#encoding === undefined ? Buffer.from(text) : text;
    if (this.listenerCount('data') > 0) this.emit('data', data);
    if (this.#goesOn !== undefined) this.#goesOn(text);
    if (this.#isRead) this.#ask();
  }
}

function printed(
  name: Stream,
  handle: Handle,
  options: Readonly<Record<string, unknown>>,
): Printed {
  const { process } = host.globals as { process: Record<Stream, { write: (t: string) => void }> };
  const goesOn = (text: string): void => {
    process[name].write(text);
  };
  const ask = (): void => {
    host.wants(handle, name);
  };
  return new Printed(ask, options[name] === true ? undefined : goesOn);
}

/** A worker: another agent, with a module of its own. */
export class Worker extends Base {
  readonly #handle: Handle;
  #isEnded = false;
  readonly resourceLimits = {};
  readonly stdin = null;
  readonly stdout: Printed;
  readonly stderr: Printed;
  readonly performance = {
    eventLoopUtilization: (): object => ({ idle: 0, active: 0, utilization: 0 }),
  };

  constructor(file: unknown, options: Readonly<Record<string, unknown>> = {}) {
    super();
    this.#handle = host.spawn(file, options, (kind, value) => this.#event(kind, value));
    this.stdout = printed('stdout', this.#handle, options);
    this.stderr = printed('stderr', this.#handle, options);
    host.adopt(
      this.#handle.end,
      this,
      (value) => this.emit('message', value),
      () => undefined,
    );
    host.start(this.#handle.end);
  }

  #event(kind: string, value: unknown): void {
    if (kind === 'drain') this.#drain();
    else if (kind === 'print') {
      const [name, text] = value as [Stream, string];
      this[name].push(text);
    } else {
      if (kind === 'exit') this.#isEnded = true;
      this.emit(kind, value);
    }
  }

  /** The worker has ended. The messages that it sent are taken first. */
  #drain(): void {
    for (;;) {
      const packet = host.receive(this.#handle.end);
      if (packet === undefined) break;
      this.emit('message', packet.message);
    }
    host.close(this.#handle.end);
  }

  get threadId(): number {
    return this.#isEnded ? -1 : this.#handle.threadId;
  }

  postMessage(value: unknown, transfer?: unknown): void {
    if (!this.#isEnded) host.post(this.#handle.end, value, listOf(transfer));
  }
  terminate(): Promise<number | undefined> {
    if (this.#isEnded) return Promise.resolve(undefined);
    host.setWorkerRef(this.#handle, true);
    host.terminate(this.#handle);
    return new Promise((resolve) => {
      this.once('exit', (code: unknown) => {
        resolve(code as number);
      });
    });
  }
  async [Symbol.asyncDispose](): Promise<void> {
    await this.terminate();
  }
  ref(): void {
    host.setWorkerRef(this.#handle, true);
  }
  unref(): void {
    host.setWorkerRef(this.#handle, false);
  }
  getHeapSnapshot(): never {
    throw new Error('Worker.getHeapSnapshot() is not available in the explorer');
  }
}

const { facts } = host;
export const { isMainThread, threadId } = facts;
export const workerData = host.workerData();
export const threadName = facts.name;
export const parentPort = facts.parent === undefined ? null : portOf(facts.parent);
export const resourceLimits = {};
export const isInternalThread = false;
export const SHARE_ENV = Symbol.for('nodejs.worker_threads.SHARE_ENV');

const where = 'of node:worker_threads ';
const refusal = (name: string): unknown => host.refusal(name, where);
export function getEnvironmentData(): undefined {
  return undefined;
}
export const setEnvironmentData = refusal('setEnvironmentData');
export const postMessageToThread = refusal('postMessageToThread');
export const moveMessagePortToContext = refusal('moveMessagePortToContext');
export const BroadcastChannel = refusal('BroadcastChannel');
export const locks = { request: refusal('locks.request'), query: refusal('locks.query') };
export function markAsUntransferable(): void {
  // Nothing to do: nothing that must stay is moved anyway.
}
export function markAsUncloneable(): void {
  // Nothing to do: nothing that must stay is moved anyway.
}
export default {
  ...{ MessagePort, MessageChannel, receiveMessageOnPort, Worker, isMainThread, threadId },
  ...{ workerData, threadName, parentPort, resourceLimits, isInternalThread, SHARE_ENV },
  ...{ getEnvironmentData, setEnvironmentData, markAsUntransferable, markAsUncloneable },
  ...{ moveMessagePortToContext, BroadcastChannel, postMessageToThread, locks },
};
