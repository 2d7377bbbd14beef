/** Sorting with a comparison of the program, in the order in which the language would compare. */

import type { Coroutine } from './keys.js';

interface Current {
  readonly runtime: { invoke(f: unknown, self: unknown, args: readonly unknown[]): Coroutine };
}

/** Up to so many items, they are compared in the order in which the language would compare them. */
const COMPARED_ALIKE = 200;

/** What sorts the numbers of items. Arrays and views are not sorted in the same way. */
type Sorter = (count: number, compare: (a: number, b: number) => number) => ArrayLike<number>;

/** As arrays are sorted. */
export const asArray: Sorter = (count, compare) =>
  Array.from({ length: count }, (_, i) => i).sort(compare);
/** As views are sorted. */
export const asView: Sorter = (count, compare) =>
  Uint32Array.from({ length: count }, (_, i) => i).sort(compare);

/** Sorted items: the language says which two to compare next, by sorting anew with the answers so far. */
export function* sorted(
  current: Current,
  items: unknown[],
  compare: unknown,
  sorter: Sorter,
): Coroutine<unknown[]> {
  if (items.length > COMPARED_ALIKE) return yield* merged(current, items, compare);
  const answers: number[] = [];
  for (;;) {
    let asked: readonly [number, number] | undefined;
    let known = 0;
    const order = trySort(sorter, items.length, (a, b) => {
      if (known < answers.length) return answers[known++];
      asked = [a, b];
      return undefined;
    });
    if (order !== undefined) return Array.from(order, (i) => items[i]);
    const [a, b] = asked as readonly [number, number];
    const answer = yield* current.runtime.invoke(compare, undefined, [items[a], items[b]]);
    answers.push(Math.max(answer as number));
  }
}

const MISSING = Symbol('an answer is missing');

/** Undefined: an answer is missing. */
function trySort(
  sorter: Sorter,
  count: number,
  answer: (a: number, b: number) => number | undefined,
): ArrayLike<number> | undefined {
  try {
    return sorter(count, (a, b) => {
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

/** Merge sort, for what is too long to be sorted as the language does it. */
function* merged(current: Current, items: unknown[], compare: unknown): Coroutine<unknown[]> {
  if (items.length < 2) return items;
  const middle = items.length >> 1;
  const left = yield* merged(current, items.slice(0, middle), compare);
  const right = yield* merged(current, items.slice(middle), compare);
  const all: unknown[] = [];
  let i = 0;
  for (const value of right) {
    while (i < left.length) {
      const answer = yield* current.runtime.invoke(compare, undefined, [left[i], value]);
      if (Number(answer) > 0) break;
      all.push(left[i++]);
    }
    all.push(value);
  }
  return [...all, ...left.slice(i)];
}
