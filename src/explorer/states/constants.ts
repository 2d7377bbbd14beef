/**
 * Values that a variable of kernel code can hold, as numbers. Values whose difference does not matter get equal
 * numbers.
 */

import { mix } from './hash.js';

const OBJECTS = 0x6a09e667;
const STRINGS = 0x510e527f;
const FRACTIONS = 0x5be0cd19;

/** Gives numbers to the objects that a machine is made of. They are immutable once it is built. */
export class Constants {
  readonly #objects = new Map<object, number>();
  readonly #fraction = new Float64Array(1);
  readonly #halves = new Int32Array(this.#fraction.buffer);

  /** @param root holds everything that kernel code can reach without getting it as an argument */
  constructor(root: object) {
    this.#add(root, 0);
  }

  #add(value: unknown, depth: number): void {
    const isObject = (typeof value === 'object' && value !== null) || typeof value === 'function';
    if (!isObject || this.#objects.has(value) || depth > 12 || ArrayBuffer.isView(value)) return;
    this.#objects.set(value, this.#objects.size);
    if (value instanceof Map) for (const entry of value) this.#add(entry, depth + 1);
    for (const member of Object.values(value)) this.#add(member, depth + 1);
  }

  /** A number for a value; undefined for an object that the machine is not made of. */
  numberOf(value: unknown): number | undefined {
    if (typeof value === 'number') return this.#numberOf(value);
    if (typeof value === 'boolean') return value ? 0x7fe1 : 0x7fe0;
    if (value === undefined) return 0x7fdf;
    if (value === null) return 0x7fde;
    if (typeof value === 'string') {
      let hash = STRINGS;
      for (let i = 0; i < value.length; i++) hash = mix(hash, value.codePointAt(i) ?? 0);
      return hash;
    }
    const number = this.#objects.get(value);
    return number === undefined ? undefined : mix(OBJECTS, number);
  }

  #numberOf(value: number): number {
    if ((value | 0) === value) return value;
    this.#fraction[0] = value;
    return mix(mix(FRACTIONS, this.#halves[0] as number), this.#halves[1] as number);
  }
}
