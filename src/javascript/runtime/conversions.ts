/** Converts values to the operands of operations on shared memory, in the same way as the language. */

import * as memory from '../memory/memory.js';
import { BIGINT64, BIGUINT64 } from './views.js';

/** What a read-modify-write makes of a value, outside an execution. */
export function combineOutside(
  operation: number,
  old: memory.Value,
  operand: memory.Value,
): memory.Value {
  const big = [BigInt(old), BigInt(operand)] as const;
  const value =
    operation === memory.RMW_ADD
      ? big[0] + big[1]
      : operation === memory.RMW_SUB
        ? big[0] - big[1]
        : operation === memory.RMW_AND
          ? big[0] & big[1]
          : operation === memory.RMW_OR
            ? big[0] | big[1]
            : operation === memory.RMW_XOR
              ? big[0] ^ big[1]
              : big[1];
  return typeof old === 'bigint' ? value : Number(BigInt.asIntN(32, value));
}

/** Index that a key stands for, or undefined when it is the name of a property. */
export function indexOf(key: unknown): number | undefined {
  if (typeof key === 'symbol') return undefined;
  const text = String(key);
  const number = Number(text);
  return String(number) === text ? number : undefined;
}

/** As `ToNumber` does: a BigInt is refused. */
const toNumber = (value: unknown): number => Math.max(value as number);

/** As `ToIntegerOrInfinity` does. */
export function toWhole(value: unknown): number {
  const number = Math.trunc(value as number);
  return Number.isNaN(number) ? 0 : number + 0;
}

/** A value as a plain store takes it. */
export function toValue(type: number, value: unknown): memory.Value {
  if (type === BIGINT64 || type === BIGUINT64) return BigInt.asIntN(64, toBigInt(value));
  const number = toNumber(value);
  // Of all patterns of bits, engines store this one.
  return Number.isNaN(number) ? NaN : number;
}

/** As `ToBigInt` does: a number is refused. */
function toBigInt(value: unknown): bigint {
  if (typeof value === 'bigint') return value;
  if (typeof value === 'number') throw new TypeError(`Cannot convert ${value} to a BigInt`);
  return BigInt(value as string);
}

/** A value as `Atomics` takes it. */
export function toInteger(type: number, value: unknown): memory.Value {
  if (type === BIGINT64 || type === BIGUINT64) return toBigInt(value);
  return toWhole(value);
}

/** A time-out in ms, as `Atomics.wait` takes it. */
export function timeoutOf(timeout: unknown): number {
  const ms = timeout === undefined ? NaN : toNumber(timeout);
  return Number.isNaN(ms) ? Infinity : Math.max(ms, 0);
}
