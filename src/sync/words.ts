/** The shared words under every primitive, and the limits of what they hold. */

import { InvalidError } from './errors.js';

/** Words that several threads see. */
export type SharedWords = Int32Array<SharedArrayBuffer>;

/** Largest value of a word. */
export const INT32_MAX_VALUE = 0x7fffffff;
/** Smallest value of a word. */
export const INT32_MIN_VALUE = -0x80000000;

/** `count` zeroed words of their own shared buffer. */
export function sharedWords(count: number): SharedWords {
  return new Int32Array(new SharedArrayBuffer(count * Int32Array.BYTES_PER_ELEMENT));
}

/** Throw InvalidError unless `threadId` can name an owner: a 32-bit integer that is not 0. */
export function checkThreadId(threadId: number): void {
  const isWord = Number.isInteger(threadId) && (threadId | 0) === threadId;
  if (!isWord || threadId === 0) {
    throw new InvalidError(`thread id ${threadId} is not a 32-bit integer other than 0`);
  }
}

/**
 * Throw unless `value` is an integer from `min` to {@link INT32_MAX_VALUE}: InvalidError for something that is no integer,
 * RangeError for one out of range.
 */
export function checkCount(what: string, value: number, min: number): void {
  if (!Number.isInteger(value)) throw new InvalidError(`${what} ${value} is not an integer`);
  if (value < min || value > INT32_MAX_VALUE) {
    throw new RangeError(`${what} ${value} is not from ${min} to ${INT32_MAX_VALUE}`);
  }
}
