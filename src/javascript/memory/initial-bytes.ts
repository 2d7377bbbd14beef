/** What the memory of an execution holds before any write. */

import { SIZES } from '../runtime/views.js';
import type { Value } from './memory.js';
import { writeValue } from './values.js';

/** A copy of the bytes that a program begins with; zeros follow. */
export class InitialBytes {
  #bytes = new Uint8Array(0);
  #view = new DataView(this.#bytes.buffer);
  /** The array that the bytes are a copy of, as long as they are unchanged. */
  #image: Uint8Array | undefined;

  reset(image: Uint8Array): void {
    if (this.#image === image) return;
    this.#image = image;
    if (this.#bytes.length < image.length) this.#hold(new Uint8Array(image.length));
    this.#bytes.set(image);
    this.#bytes.fill(0, image.length);
  }

  #hold(bytes: Uint8Array<ArrayBuffer>): void {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer);
  }

  extend(length: number): void {
    const old = this.#bytes;
    if (old.length >= length) return;
    this.#hold(new Uint8Array(Math.max(length, old.length * 2)));
    this.#bytes.set(old);
  }

  /** Four bytes, little-endian. */
  word(address: number): number {
    return this.#view.getInt32(address, true);
  }

  byte(address: number): number {
    return this.#bytes[address] ?? 0;
  }

  /** Write a value. Returns how many bytes it has. */
  write(address: number, type: number, value: Value): number {
    this.extend(address + 8);
    this.#image = undefined;
    writeValue(this.#view, address, type, value);
    return SIZES[type] as number;
  }
}
