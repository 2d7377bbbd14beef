/**
 * Copies values for another agent as `postMessage` does: buffers of shared memory stay the same, everything else is
 * copied.
 */

import { types } from 'node:util';
import { untransferred } from '../async/transfers.js';
import { brand } from './brand.js';
import { factsOf, proxies, VIEW } from './keys.js';
import { isShared, viewAlike, type Regions, type ViewFacts } from './views.js';

/** What a copy does with objects that are handed over instead of being copied. */
export type Transfers = ReadonlyMap<object, unknown>;

const NO_TRANSFERS: Transfers = new Map();

/**
 * Copy a value for another agent.
 *
 * @param transfers replacements for objects that are handed over
 * @param isPort whether an object can only be handed over
 * @throws DOMException `DataCloneError` for a value that no message can carry
 */
export function copyForAgent(
  value: unknown,
  regions: Regions,
  transfers: Transfers = NO_TRANSFERS,
  isPort: (value: object) => boolean = () => false,
): unknown {
  // What most programs share, without the pains that a graph of objects takes.
  const facts = factsOf(value);
  if (facts !== undefined) {
    const view = value as ArrayBufferView & { [VIEW]?: ViewFacts };
    const made = viewAlike(view, view.buffer, facts.type) as typeof view;
    made[VIEW] = facts;
    return made;
  }
  if (isShared(value)) return value;
  return new Copier(regions, transfers, isPort).copy(value);
}

const OWN_KINDS = /^\[object (Promise|WeakRef|Generator|AsyncGenerator)\]$/;

/** How V8 names an object that no message can carry; undefined for all others. */
function uncloneable(value: object): string | undefined {
  if (proxies.all.has(value)) return '#<Object>';
  if (types.isWeakMap(value) || types.isWeakSet(value)) return `#<${value.constructor.name}>`;
  const shown = Object.prototype.toString.call(value);
  const [, kind = ''] = OWN_KINDS.exec(shown) ?? [];
  if (kind === '') return undefined;
  return kind.endsWith('Generator') ? shown : `#<${kind}>`;
}

class Copier {
  readonly #regions: Regions;
  readonly #seen: Map<object, unknown>;
  readonly #isPort: (value: object) => boolean;

  constructor(regions: Regions, transfers: Transfers, isPort: (value: object) => boolean) {
    this.#regions = regions;
    this.#seen = new Map(transfers);
    this.#isPort = isPort;
  }

  copy(value: unknown): unknown {
    if (typeof value === 'function' || typeof value === 'symbol') {
      throw new DOMException(`${String(value)} could not be cloned.`, 'DataCloneError');
    }
    if (typeof value !== 'object' || value === null || isShared(value)) return value;
    if (this.#seen.has(value)) return this.#seen.get(value);
    if (this.#isPort(value)) {
      throw untransferred();
    }
    return this.#object(value);
  }

  #object(value: object): unknown {
    if (value instanceof WebAssembly.Memory || value instanceof WebAssembly.Module) return value;
    if (ArrayBuffer.isView(value)) return this.#view(value);
    if (types.isDate(value) || types.isRegExp(value) || types.isBoxedPrimitive(value)) {
      return this.#keep(value, structuredClone(value));
    }
    if (types.isAnyArrayBuffer(value)) return this.#keep(value, structuredClone(value));
    if (types.isNativeError(value)) return this.#error(value);
    if (Array.isArray(value)) return this.#array(value);
    if (types.isMap(value)) {
      const map = this.#keep(value, new Map<unknown, unknown>());
      for (const [k, v] of value) map.set(this.copy(k), this.copy(v));
      return map;
    }
    if (types.isSet(value)) {
      const set = this.#keep(value, new Set<unknown>());
      for (const item of value) set.add(this.copy(item));
      return set;
    }
    const text = uncloneable(value);
    if (text !== undefined) {
      throw new DOMException(`${text} could not be cloned.`, 'DataCloneError');
    }
    return this.#properties(value, {});
  }

  #keep<T>(value: object, copied: T): T {
    this.#seen.set(value, copied);
    return copied;
  }

  #array(value: readonly unknown[]): unknown {
    const items = new Array<unknown>(value.length);
    return this.#properties(value, items as unknown as Record<string, unknown>);
  }

  #properties(value: object, made: Record<string, unknown>): unknown {
    this.#seen.set(value, made);
    for (const [key, item] of Object.entries(value)) made[key] = this.copy(item);
    return made;
  }

  /** Name, message, stack and cause of an error; nothing else of it is sent. */
  #error(value: Error): unknown {
    const kinds = [EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError];
    const Kind = kinds.find((kind) => kind.name === value.name) ?? Error;
    const copied = this.#keep(value, new Kind(value.message));
    if (Object.hasOwn(value, 'cause')) {
      Object.defineProperty(copied, 'cause', {
        value: this.copy(value.cause),
        ...{ writable: true, configurable: true },
      });
    }
    copied.stack = value.stack ?? '';
    return copied;
  }

  #view(view: ArrayBufferView): unknown {
    return this.#keep(view, brand(viewAlike(view, this.copy(view.buffer)), this.#regions));
  }
}
