/** Stands for `node:events` in explored programs: listeners are called one after the other, and can be interrupted. */

import { AsyncResource } from './async_hooks.js';
import { on, once } from './event-iteration.js';

type Listener = (...args: unknown[]) => unknown;
interface Entry {
  readonly listener: Listener;
  readonly isOnce: boolean;
}

const errorMonitor = Symbol('events.errorMonitor');
const captureRejectionSymbol = Symbol.for('nodejs.rejection');

function checked(listener: unknown): Listener {
  if (typeof listener === 'function') return listener as Listener;
  const error = new TypeError(
    `The "listener" argument must be of type function. Received ${listener === null ? 'null' : typeof listener}`,
  ) as TypeError & { code: string };
  error.code = 'ERR_INVALID_ARG_TYPE';
  throw error;
}

/** Where an emitter keeps its listeners: a property, as emitters may be seen through proxies. */
const LISTS = Symbol('listeners');

function listsOf(emitter: object): Map<PropertyKey, Entry[]> {
  const holder = emitter as { [LISTS]?: Map<PropertyKey, Entry[]> };
  let known = Object.hasOwn(emitter, LISTS) ? holder[LISTS] : undefined;
  if (known === undefined) {
    known = new Map();
    Object.defineProperty(emitter, LISTS, { value: known, configurable: true });
  }
  return known;
}

/** An emitter, as Node has it. */
export function EventEmitter(this: EventEmitter | undefined): void {
  if (this !== undefined) listsOf(this);
}

/** Type of an emitter. */
export interface EventEmitter {
  on(name: PropertyKey, listener: unknown): this;
  once(name: PropertyKey, listener: unknown): this;
  off(name: PropertyKey, listener: unknown): this;
  addListener(name: PropertyKey, listener: unknown): this;
  emit(name: PropertyKey, ...args: unknown[]): boolean;
  listenerCount(name: PropertyKey, listener?: unknown): number;
  listeners(name: PropertyKey): unknown[];
}

function add(
  emitter: EventEmitter,
  name: PropertyKey,
  listener: unknown,
  isOnce: boolean,
  isFirst: boolean,
): EventEmitter {
  const entry = { listener: checked(listener), isOnce };
  const map = listsOf(emitter);
  if (map.has('newListener') && name !== 'newListener') {
    emitter.emit('newListener', name, listener);
  }
  const list = map.get(name);
  if (list === undefined) map.set(name, [entry]);
  else map.set(name, isFirst ? [entry, ...list] : [...list, entry]);
  return emitter;
}

function remove(emitter: EventEmitter, name: PropertyKey, listener: unknown): EventEmitter {
  const map = listsOf(emitter);
  const list = map.get(name);
  if (list === undefined) return emitter;
  let at = list.length - 1;
  while (at >= 0 && list[at]?.listener !== listener) at--;
  if (at < 0) return emitter;
  const rest = list.filter((_, i) => i !== at);
  if (rest.length === 0) map.delete(name);
  else map.set(name, rest);
  if (map.has('removeListener')) emitter.emit('removeListener', name, listener);
  return emitter;
}

function unhandled(error: unknown): never {
  if (error instanceof Error) throw error;
  const thrown = new Error(`Unhandled error. (${String(error)})`) as Error & {
    code: string;
    context: unknown;
  };
  thrown.code = 'ERR_UNHANDLED_ERROR';
  thrown.context = error;
  throw thrown;
}

const methods = {
  on(this: EventEmitter, name: PropertyKey, listener: unknown): EventEmitter {
    return add(this, name, listener, false, false);
  },
  once(this: EventEmitter, name: PropertyKey, listener: unknown): EventEmitter {
    return add(this, name, listener, true, false);
  },
  prependListener(this: EventEmitter, name: PropertyKey, listener: unknown): EventEmitter {
    return add(this, name, listener, false, true);
  },
  prependOnceListener(this: EventEmitter, name: PropertyKey, listener: unknown): EventEmitter {
    return add(this, name, listener, true, true);
  },
  removeListener(this: EventEmitter, name: PropertyKey, listener: unknown): EventEmitter {
    return remove(this, name, listener);
  },
  removeAllListeners(this: EventEmitter, name?: PropertyKey): EventEmitter {
    const map = listsOf(this);
    for (const key of name === undefined ? [...map.keys()] : [name]) {
      for (const { listener } of (map.get(key) ?? []).slice().reverse()) this.off(key, listener);
    }
    return this;
  },
  emit(this: EventEmitter, name: PropertyKey, ...args: unknown[]): boolean {
    const map = listsOf(this);
    const list = map.get(name);
    if (name === 'error') {
      for (const { listener } of map.get(errorMonitor) ?? []) listener.apply(this, args);
      if (list === undefined) unhandled(args[0]);
    }
    if (list === undefined) return false;
    for (const { listener, isOnce } of list) {
      if (isOnce) this.off(name, listener);
      listener.apply(this, args);
    }
    return true;
  },
  listenerCount(this: EventEmitter, name: PropertyKey, listener?: unknown): number {
    const list = listsOf(this).get(name) ?? [];
    return listener === undefined
      ? list.length
      : list.filter((entry) => entry.listener === listener).length;
  },
  listeners(this: EventEmitter, name: PropertyKey): unknown[] {
    return (listsOf(this).get(name) ?? []).map(({ listener }) => listener);
  },
  eventNames(this: EventEmitter): PropertyKey[] {
    return [...listsOf(this).keys()];
  },
  setMaxListeners(this: EventEmitter): EventEmitter {
    return this;
  },
  getMaxListeners(): number {
    return 10;
  },
};
for (const [name, method] of Object.entries(methods)) {
  Object.defineProperty(EventEmitter.prototype, name, {
    value: method,
    writable: true,
    configurable: true,
  });
}
for (const [name, method] of [
  ['addListener', 'on'],
  ['off', 'removeListener'],
  ['rawListeners', 'listeners'],
] as const) {
  Object.defineProperty(EventEmitter.prototype, name, {
    // eslint-disable-next-line @typescript-eslint/unbound-method -- given another name, not called
    value: methods[method],
    writable: true,
    configurable: true,
  });
}

/** An emitter that is told apart by the resource it belongs to. */
export class EventEmitterAsyncResource extends (EventEmitter as unknown as new () => EventEmitter) {
  readonly asyncResource: AsyncResource;
  readonly asyncId = 1;
  readonly triggerAsyncId = 0;

  constructor(options?: string | { readonly name?: string }) {
    super();
    const name = typeof options === 'string' ? options : options?.name;
    this.asyncResource = new AsyncResource(name ?? 'EventEmitterAsyncResource');
  }
  emitDestroy(): void {
    this.asyncResource.emitDestroy();
  }
}

const facts = {
  EventEmitter,
  on,
  once,
  EventEmitterAsyncResource,
  errorMonitor,
  captureRejectionSymbol,
  defaultMaxListeners: 10,
  setMaxListeners: (): void => undefined,
  listenerCount: (emitter: EventEmitter, name: PropertyKey): number => emitter.listenerCount(name),
};
Object.assign(EventEmitter, facts);

export { errorMonitor, captureRejectionSymbol, on, once };
export const { defaultMaxListeners, setMaxListeners, listenerCount } = facts;
export default EventEmitter;
