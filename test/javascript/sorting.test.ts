import test from 'ava';
import { RandomSource } from '../../src/explorer/engine/random-source.js';
import { asArray, asView, sortedBy } from '../../src/javascript/runtime/sorting.js';

/** The pairs that a sort has compared, in order, and what it has made of the items. */
interface Sorted {
  readonly compared: readonly string[];
  readonly items: readonly number[];
}

type Compare = (a: number, b: number) => number;

function byEngine(items: readonly number[], isView: boolean, compare: Compare): Sorted {
  const compared: string[] = [];
  const list = isView ? Uint32Array.from(items) : [...items];
  list.sort((a, b) => {
    compared.push(`${a},${b}`);
    return compare(a, b);
  });
  return { compared, items: [...list] };
}

function byUs(items: readonly number[], isView: boolean, compare: Compare): Sorted {
  const compared: string[] = [];
  const comparison = function* (a: unknown, b: unknown): Generator<unknown, number> {
    compared.push(`${String(a)},${String(b)}`);
    yield;
    return compare(a as number, b as number);
  };
  const sort = sortedBy(items, comparison, isView ? asView : asArray);
  let answer = sort.next();
  while (answer.done !== true) answer = sort.next();
  return { compared, items: answer.value as number[] };
}

const shapes: Readonly<Record<string, (i: number, count: number, random: RandomSource) => number>> =
  {
    random: (_, count, random) => random.below(count * 2),
    rising: (i) => i,
    falling: (i, count) => count - i,
    'with many equal items': (_, _count, random) => random.below(5),
    'nearly sorted': (i, count, random) => (random.below(20) === 0 ? random.below(count) : i),
    'of two runs': (i, count) => (i < count / 2 ? 2 * i : 2 * i - count + 1),
    'of many short runs': (i, count) => ((i >> 5) % 2 === 0 ? i : count - i),
  };

const comparisons: Readonly<Record<string, Compare>> = {
  'by value': (a, b) => a - b,
  'without any order': (a, b) => ((a * 7 + b * 13) % 3) - 1,
};

for (const [shape, item] of Object.entries(shapes)) {
  for (const [name, compare] of Object.entries(comparisons)) {
    test(`lists ${shape} are compared ${name} in the engine's order`, (t) => {
      const random = new RandomSource();
      random.seed(1, 2);
      for (const count of [0, 1, 2, 3, 5, 31, 32, 33, 63, 64, 200, 201, 1000, 2049]) {
        const items = Array.from({ length: count }, (_, i) => item(i, count, random));
        for (const isView of [false, true]) {
          t.deepEqual(byUs(items, isView, compare), byEngine(items, isView, compare));
        }
      }
    });
  }
}
