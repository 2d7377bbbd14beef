/**
 * Sorting with a comparison of the program. It compares the same items in the same order as V8 does, since the comparison
 * may access shared memory: V8's arrays are sorted by Timsort (T. Peters, listsort.txt), its views by merging halves.
 */

import type { Coroutine } from './keys.js';
import { Timsort, type Comparison } from './timsort.js';

interface Current {
  readonly runtime: { invoke(f: unknown, self: unknown, args: readonly unknown[]): Coroutine };
}

/** How lists of one kind are sorted: short ones as the engine tells, long ones as we know that it does. */
interface Sorter {
  readonly native: (count: number, compare: (a: number, b: number) => number) => ArrayLike<number>;
  readonly long: (items: readonly unknown[], compare: Comparison) => Coroutine<unknown[]>;
}

/** Lists up to this length are sorted by the engine: versions differ in how they sort the shortest. */
const SHORT = 32;

/** As arrays are sorted. */
export const asArray: Sorter = {
  native: (count, compare) => Array.from({ length: count }, (_, i) => i).sort(compare),
  *long(items, compare) {
    const sort = new Timsort([...items], compare);
    yield* sort.run();
    return sort.work;
  },
};

/** As views are sorted. */
export const asView: Sorter = {
  native: (count, compare) => Uint32Array.from({ length: count }, (_, i) => i).sort(compare),
  *long(items, compare) {
    const list = [...items];
    yield* mergeHalves([...items], 0, items.length, list, compare);
    return list;
  },
};

/** Sort `source` between two positions into `target`, which holds the same items there. */
function* mergeHalves(
  source: unknown[],
  from: number,
  to: number,
  target: unknown[],
  compare: Comparison,
): Coroutine<void> {
  const middle = from + ((to - from) >> 1);
  if (middle - from > 1) yield* mergeHalves(target, from, middle, source, compare);
  if (to - middle > 1) yield* mergeHalves(target, middle, to, source, compare);
  let left = from;
  let right = middle;
  for (let at = from; at < to; at++) {
    const takesLeft =
      left < middle && (right >= to || !((yield* compare(source[left], source[right])) > 0));
    target[at] = takesLeft ? source[left++] : source[right++];
  }
}

/** Items in the order that a comparison gives them. */
export function sortedBy(
  items: readonly unknown[],
  compare: Comparison,
  sorter: Sorter,
): Coroutine<unknown[]> {
  return items.length > SHORT ? sorter.long(items, compare) : short(items, compare, sorter);
}

/** The engine says which two items to compare next, by sorting anew with the answers so far. */
function* short(
  items: readonly unknown[],
  compare: Comparison,
  { native }: Sorter,
): Coroutine<unknown[]> {
  const answers: number[] = [];
  for (;;) {
    let asked: readonly [number, number] | undefined;
    let known = 0;
    const order = tried(native, items.length, (a, b) => {
      if (known < answers.length) return answers[known++];
      asked = [a, b];
      return undefined;
    });
    if (order !== undefined) return Array.from(order, (i) => items[i]);
    const [a, b] = asked as readonly [number, number];
    answers.push(yield* compare(items[a], items[b]));
  }
}

const MISSING = Symbol('an answer is missing');

/** Undefined: an answer is missing. */
function tried(
  native: Sorter['native'],
  count: number,
  answer: (a: number, b: number) => number | undefined,
): ArrayLike<number> | undefined {
  try {
    return native(count, (a, b) => {
      const known = answer(a, b);
      // eslint-disable-next-line @typescript-eslint/only-throw-error -- leaves the language's own sort
      if (known === undefined) throw MISSING;
      return known;
    });
  } catch (error) {
    if (error !== MISSING) throw error;
    return undefined;
  }
}

/** The items in the order that the program's comparison gives them. */
export function* sorted(
  current: Current,
  items: readonly unknown[],
  compare: unknown,
  sorter: Sorter,
): Coroutine<unknown[]> {
  const comparison: Comparison = function* (a, b) {
    const answer = yield* current.runtime.invoke(compare, undefined, [a, b]);
    const order = Math.max(answer as number);
    return Number.isNaN(order) ? 0 : order;
  };
  return yield* sortedBy(items, comparison, sorter);
}
