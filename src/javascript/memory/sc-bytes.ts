/** Sequentially consistent bytes: every load returns what was stored last. The baseline of the weak memory. */

import { SIZES } from '../runtime/views.js';
import type { DataRace, SharedMemory, Value } from './memory.js';
import { RMW_COMPARE_EXCHANGE } from './memory.js';
import { bitsOf, combine, converted, readValue, writeValue } from './values.js';

const NOTHING = new Int32Array(0);

/** Plain bytes. */
export class ScBytes implements SharedMemory {
  raw = 0;
  readonly race: DataRace | undefined = undefined;
  #bytes = new Uint8Array(0);
  #view = new DataView(this.#bytes.buffer);

  /** The array from which the bytes were copied, and the range of bytes that have changed since. */
  #image: Uint8Array | undefined;
  #from = Infinity;
  #to = 0;

  reset(initial: Uint8Array): void {
    if (this.#image === initial) {
      const changed = initial.subarray(this.#from, this.#to);
      if (changed.length > 0) this.#bytes.set(changed, this.#from);
      if (this.#to > initial.length) this.#bytes.fill(0, initial.length, this.#to);
    } else {
      this.#size(initial.length);
      this.#bytes.set(initial);
      this.#bytes.fill(0, initial.length);
      this.#image = initial;
    }
    this.#from = Infinity;
    this.#to = 0;
  }

  #changes(address: number): void {
    if (address < this.#from) this.#from = address;
    if (address + 8 > this.#to) this.#to = address + 8;
  }

  #size(bytes: number): void {
    if (this.#bytes.length >= bytes) return;
    this.#bytes = new Uint8Array(Math.max(bytes, this.#bytes.length * 2));
    this.#view = new DataView(this.#bytes.buffer);
  }

  extend(bytes: number): void {
    if (this.#bytes.length >= bytes) return;
    const old = this.#bytes;
    this.#size(bytes);
    this.#bytes.set(old);
  }

  load(_agent: number, address: number, type: number): Value {
    const value = readValue(this.#view, address, type);
    this.#note(address, type);
    return value;
  }

  store(_agent: number, address: number, type: number, value: Value): void {
    this.#changes(address);
    writeValue(this.#view, address, type, value);
    this.#note(address, type);
  }

  rmw(_a: number, address: number, type: number, op: number, value: Value, expected: Value): Value {
    const old = readValue(this.#view, address, type);
    this.#note(address, type);
    this.#changes(address);
    if (op === RMW_COMPARE_EXCHANGE) {
      if (old === converted(type, expected)) writeValue(this.#view, address, type, value);
    } else {
      writeValue(this.#view, address, type, combine(op, old, value));
    }
    return old;
  }

  #note(address: number, type: number): void {
    this.raw = bitsOf(this.#view, address, SIZES[type] as number);
  }

  section(): void {
    // Everything is ordered.
  }

  synchronize(): void {
    // Everything is ordered.
  }

  departure(): Int32Array {
    return NOTHING;
  }

  arrival(): void {
    // Everything is ordered.
  }

  newest(address: number, type: number): Value {
    return readValue(this.#view, address, type);
  }

  poke(address: number, type: number, value: Value): void {
    this.extend(address + 8);
    this.#changes(address);
    writeValue(this.#view, address, type, value);
  }
}
