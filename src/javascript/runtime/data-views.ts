/** The methods of a DataView over shared memory: each is one access, which may tear where it is not aligned. */

import { UNORDERED } from '../memory/memory.js';
import { form, type Current } from './builtins.js';
import { toValue, toWhole } from './conversions.js';
import { factsOf, type Marked } from './keys.js';
import * as views from './views.js';
import { mayTear } from './views.js';

const DATA_VIEW_TYPES: Readonly<Record<string, number>> = {
  Int8: views.INT8,
  Uint8: views.UINT8,
  Int16: views.INT16,
  Uint16: views.UINT16,
  Int32: views.INT32,
  Uint32: views.UINT32,
  Float32: views.FLOAT32,
  Float64: views.FLOAT64,
  BigInt64: views.BIGINT64,
  BigUint64: views.BIGUINT64,
  Float16: views.FLOAT16,
};

/** The bytes of a value in the other order, read as a value of the same type. */
function swapped(type: number, value: unknown): unknown {
  const bytes = new DataView(new ArrayBuffer(8));
  const name = Object.keys(DATA_VIEW_TYPES).find((key) => DATA_VIEW_TYPES[key] === type) ?? '';
  const methods = bytes as unknown as Record<string, (...args: unknown[]) => unknown>;
  methods[`set${name}`]?.(0, value, true);
  return methods[`get${name}`]?.(0, false);
}

const outside = (): RangeError => new RangeError('Offset is outside the bounds of the DataView');

function offsetOf(value: unknown): number {
  const at = toWhole(value);
  if (at < 0) throw outside();
  return at;
}

/** Install the resumable forms. */
export function installDataView(current: Current): void {
  const prototype = DataView.prototype as unknown as Record<string, Marked | undefined>;
  for (const [name, type] of Object.entries(DATA_VIEW_TYPES)) {
    const size = views.SIZES[type] as number;
    const placeIn = (view: DataView, at: number): number => {
      if (at + size > view.byteLength) throw outside();
      return (factsOf(view) as views.ViewFacts).address + at;
    };
    const get = prototype[`get${name}`];
    if (get === undefined) continue;
    form(prototype, `get${name}`, function* (this: unknown, offset, littleEndian) {
      if (factsOf(this) === undefined) return get.call(this, offset, littleEndian);
      const { runtime } = current;
      const at = placeIn(this as DataView, offsetOf(offset));
      if (runtime.read(runtime.at, at, type, UNORDERED, mayTear(type) || at % size !== 0)) yield;
      return littleEndian || size === 1 ? runtime.result : swapped(type, runtime.result);
    });
    const set = prototype[`set${name}`] as Marked;
    form(prototype, `set${name}`, function* (this: unknown, offset, value, littleEndian) {
      if (factsOf(this) === undefined) return set.call(this, offset, value, littleEndian);
      const { runtime } = current;
      const index = offsetOf(offset);
      const number = toValue(type, value);
      const at = placeIn(this as DataView, index);
      const stored = (littleEndian || size === 1 ? number : swapped(type, number)) as number;
      if (runtime.write(runtime.at, at, type, stored, UNORDERED, mayTear(type) || at % size !== 0))
        yield;
      return undefined;
    });
  }
}
