/** Values of element types as the bytes that they are, little-endian. */

import {
  BIGINT64,
  BIGUINT64,
  FLOAT16,
  FLOAT32,
  FLOAT64,
  INT16,
  INT32,
  INT8,
  UINT16,
  UINT32,
  UINT8C,
} from '../runtime/views.js';
import type { Value } from './memory.js';
import * as rmw from './memory.js';

/** Methods that only newer engines have. */
interface WithFloat16 {
  getFloat16(at: number, littleEndian: boolean): number;
  setFloat16(at: number, value: number, littleEndian: boolean): void;
}

/** Read a value of a type. */
export function readValue(bytes: DataView, at: number, type: number): Value {
  switch (type) {
    case INT32:
      return bytes.getInt32(at, true);
    case INT8:
      return bytes.getInt8(at);
    case INT16:
      return bytes.getInt16(at, true);
    case UINT16:
      return bytes.getUint16(at, true);
    case UINT32:
      return bytes.getUint32(at, true);
    case FLOAT32:
      return bytes.getFloat32(at, true);
    case FLOAT16:
      return (bytes as unknown as WithFloat16).getFloat16(at, true);
    case FLOAT64:
      return bytes.getFloat64(at, true);
    case BIGINT64:
      return bytes.getBigInt64(at, true);
    case BIGUINT64:
      return bytes.getBigUint64(at, true);
    default:
      return bytes.getUint8(at);
  }
}

/** The bits of a value of so many bytes in one word: low and high ones mixed, for the trace hash. */
export function bitsOf(bytes: DataView, at: number, size: number): number {
  if (size === 4) return bytes.getInt32(at, true);
  if (size === 1) return bytes.getUint8(at);
  if (size === 2) return bytes.getUint16(at, true);
  return bytes.getInt32(at, true) ^ Math.imul(bytes.getInt32(at + 4, true), 31);
}

/** Write a value of a type; it is converted as an assignment to an element converts it. */
export function writeValue(bytes: DataView, at: number, type: number, value: Value): void {
  switch (type) {
    case INT32:
    case UINT32:
      bytes.setInt32(at, value as number, true);
      break;
    case INT16:
    case UINT16:
      bytes.setInt16(at, value as number, true);
      break;
    case UINT8C:
      bytes.setUint8(at, clamp(value as number));
      break;
    case FLOAT32:
      bytes.setFloat32(at, value as number, true);
      break;
    case FLOAT16:
      (bytes as unknown as WithFloat16).setFloat16(at, value as number, true);
      break;
    case FLOAT64:
      bytes.setFloat64(at, value as number, true);
      break;
    case BIGINT64:
    case BIGUINT64:
      bytes.setBigInt64(at, value as bigint, true);
      break;
    default:
      bytes.setInt8(at, value as number);
  }
}

/** Rounds to the nearest even integer from 0 to 255, as `Uint8ClampedArray` does. */
function clamp(value: number): number {
  if (!(value > 0)) return 0;
  if (value >= 255) return 255;
  const floor = Math.floor(value);
  const rest = value - floor;
  if (rest < 0.5) return floor;
  if (rest > 0.5) return floor + 1;
  return floor + (floor & 1);
}

/** The new value of a read-modify-write; compare-exchange apart. */
export function combine(operation: number, old: Value, value: Value): Value {
  if (typeof old === 'bigint') return combineBig(operation, old, value as bigint);
  const operand = value as number;
  switch (operation) {
    case rmw.RMW_ADD:
      return old + operand;
    case rmw.RMW_SUB:
      return old - operand;
    case rmw.RMW_AND:
      return old & operand;
    case rmw.RMW_OR:
      return old | operand;
    case rmw.RMW_XOR:
      return old ^ operand;
    default:
      return operand;
  }
}

function combineBig(operation: number, old: bigint, operand: bigint): bigint {
  switch (operation) {
    case rmw.RMW_ADD:
      return old + operand;
    case rmw.RMW_SUB:
      return old - operand;
    case rmw.RMW_AND:
      return old & operand;
    case rmw.RMW_OR:
      return old | operand;
    case rmw.RMW_XOR:
      return old ^ operand;
    default:
      return operand;
  }
}

const scratch = new DataView(new ArrayBuffer(8));

/** A value as an element of the type holds it: what a compare-exchange compares with, and what a store returns later. */
export function converted(type: number, value: Value): Value {
  writeValue(scratch, 0, type, value);
  return readValue(scratch, 0, type);
}
