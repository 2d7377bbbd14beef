/** Puts constants into a compiled WebAssembly module: addresses that are known only when a machine boots. */

import { SimulatorBug } from '../../errors.js';

/** First of the numbers that stand for constants in a text. Each takes five bytes, as long as any constant that replaces it. */
const FIRST_PLACEHOLDER = 0x7fee_0000;
const BYTES = 5;

/** What stands in a text for the constant number `n`; as an `i32.const` or as an offset. */
export const placeholder = (n: number): number => FIRST_PLACEHOLDER + n;

/** The signed LEB128 form of a 32-bit number in exactly five bytes; that of an unsigned one below 2³¹ is the same. */
function leb(value: number): Uint8Array {
  const bytes = new Uint8Array(BYTES);
  for (let i = 0; i < BYTES; i++) {
    const more = i < BYTES - 1 ? 0x80 : 0;
    bytes[i] = (i < BYTES - 1 ? (value >> (7 * i)) & 0x7f : (value >> 28) & 0x7f) | more;
  }
  return bytes;
}

function placesOf(code: Uint8Array, what: Uint8Array): number[] {
  const found: number[] = [];
  const text = Buffer.from(code.buffer, code.byteOffset, code.byteLength);
  for (let at = text.indexOf(what); at >= 0; at = text.indexOf(what, at + BYTES)) found.push(at);
  return found;
}

/**
 * A copy of a module's bytes with constants in place of its placeholders.
 *
 * @param values 32-bit values by placeholder number
 * @throws {SimulatorBug} when a placeholder is not there
 */
export function withConstants(
  code: Uint8Array,
  values: readonly number[],
): Uint8Array<ArrayBuffer> {
  const copy = new Uint8Array(code);
  values.forEach((value, n) => {
    const places = placesOf(code, leb(placeholder(n)));
    if (places.length === 0) throw new SimulatorBug(`the module has no constant number ${n}`);
    for (const at of places) copy.set(leb(value), at);
  });
  return copy;
}
