/** Everything that can be chosen: orders of writes, and one of each list. */
import type { Pairs } from './values.js';

/** The total orders of `items` that `before` allows. */
export function* ordersOf(items: readonly number[], before: Pairs): Generator<number[]> {
  if (items.length === 0) yield [];
  for (const item of items) {
    const rest = items.filter((other) => other !== item);
    if (rest.some((other) => before.has(other, item))) continue;
    for (const order of ordersOf(rest, before)) yield [item, ...order];
  }
}

/** One of each list, in every way. */
export function* product<T>(lists: readonly (readonly T[])[]): Generator<T[]> {
  const [head, ...tail] = lists;
  if (head === undefined) yield [];
  else for (const item of head) for (const rest of product(tail)) yield [item, ...rest];
}

/** How many ways there are. */
export const sizeOf = (lists: readonly (readonly unknown[])[]): number =>
  lists.reduce((n, { length }) => n * length, 1);
