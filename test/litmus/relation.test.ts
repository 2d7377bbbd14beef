/** Bit relations, narrow and wide, against sets of pairs. */
import test from 'ava';
import fc from 'fast-check';
import { Relation } from '../../src/litmus/axioms/relation.js';

const pairs = (size: number): fc.Arbitrary<[number, number][]> =>
  fc.array(fc.tuple(fc.nat(size - 1), fc.nat(size - 1)), { maxLength: 3 * size });

function relationOf(size: number, list: readonly (readonly [number, number])[]): Relation {
  const relation = new Relation(size);
  for (const [a, b] of list) relation.add(a, b);
  return relation;
}

for (const size of [7, 32, 33, 70]) {
  test(`composition, closure and set operations on ${size} events equal those on sets of pairs`, (t) => {
    const seed = 7;
    t.log(`seed ${seed}`);
    const property = fc.property(pairs(size), pairs(size), (p, q) => {
      const [a, b] = [relationOf(size, p), relationOf(size, q)];
      const composed = new Relation(size).unionCompose(a, b);
      const closed = new Relation(size).copy(a).close();
      const reach = new Set(p.map(String));
      for (let before = -1; before !== reach.size;) {
        before = reach.size;
        for (const left of [...reach]) {
          const [x, y] = left.split(',').map(Number);
          for (const [m, n] of p) if (m === y) reach.add(`${x},${n}`);
        }
      }
      for (let x = 0; x < size; x++) {
        for (let y = 0; y < size; y++) {
          const through = p.some(([s, m]) => s === x && q.some(([n, e]) => n === m && e === y));
          if (composed.has(x, y) !== through) return false;
          if (closed.has(x, y) !== reach.has(`${x},${y}`)) return false;
        }
      }
      const both = new Relation(size).copy(a).intersect(b);
      const less = new Relation(size).copy(a).subtract(b);
      return less.union(both).equals(a);
    });
    fc.assert(property, { seed, numRuns: size > 33 ? 5 : 20 });
    t.pass();
  });
}
