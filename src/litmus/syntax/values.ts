/** Values of a litmus test as numbers: integers, pointers into the test's objects, and the value that nothing fixes. */
import type { LitmusLocation, LocationId } from './ast.js';

/** Integers of a test are smaller than this in magnitude; larger ones are refused. */
export const INTEGER_LIMIT = 2 ** 50;

/** The value that a read has when nothing but copies of itself justifies it: it may be any, and herd prints a symbol. */
export const FREE_VALUE = 2 ** 52 + 2 ** 51;

const POINTERS = 2 ** 51;
/** Codes of one object, half of them for offsets below 0. */
const STRIDE = 2 ** 24;
const MOST_OFFSET = STRIDE / 2;

/** Locations that pointers lead to, as far as they are known. */
export type Locations = readonly Pick<LitmusLocation, 'size' | 'index'>[];

/** The pointer `offset` elements behind the object that begins with `first`: every object is alone, so a pointer that
 * leaves it reaches no other. NaN if the offset is too large. */
export function pointerTo(first: LocationId, offset: number): number {
  if (Math.abs(offset) >= MOST_OFFSET) return NaN;
  return POINTERS + first * STRIDE + MOST_OFFSET + offset;
}

/** Is `value` a pointer? */
export function isPointer(value: number): boolean {
  return value >= POINTERS && value < FREE_VALUE;
}

/** The object of a pointer, by its first location. */
export function objectOf(pointer: number): LocationId {
  return Math.floor((pointer - POINTERS) / STRIDE);
}

/** Elements from the beginning of its object to where a pointer leads. */
export function offsetOf(pointer: number): number {
  return ((pointer - POINTERS) % STRIDE) - MOST_OFFSET;
}

/** Value of `&location` for a location that is no element of an array. */
export function addressOf(location: LocationId): number {
  return pointerTo(location, 0);
}

/** Value of `&location`. */
export function addressIn(locations: Locations, location: LocationId): number {
  const index = locations[location]?.index ?? 0;
  return pointerTo(location - index, index);
}

/** Location that `value` leads to, or -1 when it is no pointer or leads out of its object. */
export function locationOf({ locations }: { locations: Locations }, value: number): LocationId {
  if (!isPointer(value)) return -1;
  const [object, offset] = [objectOf(value), offsetOf(value)];
  return offset >= 0 && offset < (locations[object]?.size ?? 1) ? object + offset : -1;
}
