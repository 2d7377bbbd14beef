/** What is shared reaches each agent as `postMessage` would bring it: buffers are the same, everything else is a copy. */

import { brand } from './brand.js';
import { isShared, type Regions } from './views.js';

/** A copy for another agent. */
export function copyForAgent(value: unknown, regions: Regions): unknown {
  return copy(value, regions, new Map());
}

function copy(value: unknown, regions: Regions, seen: Map<object, unknown>): unknown {
  if (typeof value === 'function') {
    throw new TypeError('what threads share cannot contain functions: no message could bring them');
  }
  if (typeof value !== 'object' || value === null || isShared(value)) return value;
  if (seen.has(value)) return seen.get(value);
  if (value instanceof WebAssembly.Memory) return value;
  if (ArrayBuffer.isView(value)) return copyView(value, regions);
  if (value instanceof Date || value instanceof RegExp || value instanceof ArrayBuffer) {
    return structuredClone(value);
  }
  if (Array.isArray(value)) {
    const items: unknown[] = [];
    seen.set(value, items);
    for (const item of value as unknown[]) items.push(copy(item, regions, seen));
    return items;
  }
  if (value instanceof Map) {
    const map = new Map<unknown, unknown>();
    seen.set(value, map);
    for (const [k, v] of value as Map<unknown, unknown>)
      map.set(copy(k, regions, seen), copy(v, regions, seen));
    return map;
  }
  if (value instanceof Set) {
    const set = new Set<unknown>();
    seen.set(value, set);
    for (const item of value as Set<unknown>) set.add(copy(item, regions, seen));
    return set;
  }
  const made: Record<string, unknown> = {};
  seen.set(value, made);
  for (const [key, item] of Object.entries(value)) made[key] = copy(item, regions, seen);
  return made;
}

function copyView(view: ArrayBufferView, regions: Regions): unknown {
  if (!isShared(view.buffer)) return structuredClone(view);
  const Type = view.constructor as new (buffer: unknown, at: number, length: number) => unknown;
  const { length = view.byteLength } = view as { length?: number };
  return brand(new Type(view.buffer, view.byteOffset, length), regions);
}
