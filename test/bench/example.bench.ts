/** A small benchmark for the tests of the harness: a sum that is four times another, a count that never changes, and rows that are measured together. */

import { main } from '../../bench/harness.js';

const words = Int32Array.from({ length: 4096 }, (_, i) => i);

function sum(count: number): number {
  let total = 0;
  for (let i = 0; i < count; i++) total = (total + words[i]!) | 0;
  return total;
}

await main([
  {
    name: 'sum',
    unit: 'ns/op',
    better: 'lower',
    baseline: 'quarter',
    tasks: () => [
      { name: 'whole', run: () => sum(4096) },
      { name: 'quarter', run: () => sum(1024) },
    ],
  },
  {
    name: 'count',
    unit: 'words',
    better: 'higher',
    baseline: 'all',
    isSeeded: true,
    tasks: ({ seed }) => [
      { name: 'all', measure: () => words.length, aim: 4096 },
      { name: 'seeded', measure: () => Promise.resolve(seed * 1024), aim: 4096 },
    ],
  },
  {
    name: 'together',
    unit: 'rounds',
    better: 'lower',
    baseline: 'one',
    tasks: () => {
      let rounds: number | undefined;
      return [
        { name: 'one', measure: () => 1 },
        { name: 'first', measure: () => (rounds = 2) },
        { name: 'second', measuredBy: 'first', measure: () => rounds ?? NaN },
        { name: 'third', measure: () => 3 },
      ];
    },
  },
]);
