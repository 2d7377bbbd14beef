/** Values that go round: only copies of one another are a solution, everything that is computed on the way has none. */
import test from 'ava';
import { checkLitmus } from '../../src/litmus/axioms/checker.js';
import { parseLitmus } from '../../src/litmus/syntax/parse.js';
import { formatValue } from '../../src/litmus/syntax/proposition.js';

/** What P0 stores goes to P1, which hands it back: final values of P0's register, with the number of executions. */
function roundTrip(store: string): string {
  const source = `C round
{}
P0(int *x, int *y) { int r0 = *x; ${store} }
P1(int *x, int *y) { int r0 = *y; *x = r0; }
exists (0:r0=1)`;
  const litmus = parseLitmus(source);
  const { states } = checkLitmus(litmus);
  return states.map(({ state, count }) => `${formatValue(litmus, state[0]!)}×${count}`).join(' ');
}

/** Without an execution in which the value goes round, P0 reads 0 in three, or in two and what it stored first in none. */
const COPIES = ['r0', 'r0 + 0', '0 + r0', 'r0 | 0', '0 | r0'];
const COMPUTED = [
  ...['r0 - 0', 'r0 * 1', 'r0 * 0', 'r0 / 1', 'r0 % 1', 'r0 & r0', 'r0 | r0', 'r0 & 0', 'r0 & 3'],
  ...['r0 << 0', 'r0 >> 0', 'r0 << 1', '1 << r0', '-r0', '~r0', '!r0', 'r0 - r0', 'r0 + r0'],
  ...[
    'r0 + 1',
    'r0 - 1',
    '1 - r0',
    'r0 ^ 1',
    'r0 ^ -1',
    '(r0 + 1) & 3',
    '(r0 + 1) - 1',
    'r0 & ~r0',
  ],
  ...['r0 == 0', 'r0 != 0', 'r0 < r0', 'r0 <= r0', 'r0 >= r0', 'r0 > 0', 'r0 && 1', 'r0 || 1'],
];
const INDEPENDENT: readonly (readonly [string, number])[] = [
  ['r0 ^ r0', 0],
  ['r0 == r0', 1],
  ['r0 != r0', 0],
  ['0 && r0', 0],
  ['1 || r0', 1],
  ['7', 7],
];

for (const value of COPIES) {
  test(`${value} that comes back may have been any value`, (t) => {
    t.is(roundTrip(`*y = ${value};`), '0×3 S1×1');
  });
}

for (const value of COMPUTED) {
  test(`${value} cannot come back, as no value can be computed`, (t) => {
    t.is(roundTrip(`*y = ${value};`), '0×3');
  });
}

for (const [value, comes] of INDEPENDENT) {
  test(`${value} comes back as ${comes}, as it needs no value`, (t) => {
    t.is(roundTrip(`*y = ${value};`), comes === 0 ? '0×4' : `0×3 ${comes}×1`);
  });
}

const OTHERS: readonly (readonly [string, string, string])[] = [
  ['a branch that justifies a constant', 'if (r0) *y = 1;', '0×2 1×1'],
  ['a branch that changes nothing', 'if (r0) *y = 1; else *y = 1;', '0×3 1×1'],
  ['a case that justifies its constant', 'switch (r0) { case 5: *y = 5; }', '0×2 5×1'],
  ['an exchange', 'xchg_relaxed(y, r0);', '0×3 S1×1'],
  ['a copy that a compare-and-exchange stores', 'cmpxchg_relaxed(y, 0, r0);', '0×3 S1×1'],
  ['an addition to 0', 'atomic_add(r0, y);', '0×3 S1×1'],
  ['a subtraction from 0', 'atomic_sub(r0, y);', '0×3'],
  ['a comparison that fails on it', '*y = r0; cmpxchg_relaxed(y, 5, 6);', '0×3'],
];

for (const [what, store, states] of OTHERS) {
  test(`${what} gives ${states}`, (t) => {
    t.is(roundTrip(store), states);
  });
}

test('a value that a compare-and-exchange had to find is known by that', (t) => {
  const litmus = parseLitmus(`C found
{}
P0(int *x, int *y) { int r0 = cmpxchg_relaxed(x, 2, 3); *y = r0; }
P1(int *x, int *y) { int r0 = *y; *x = r0; }
exists (0:r0=2)`);
  t.deepEqual(
    checkLitmus(litmus).states.map(({ state, count }) => [state[0], count]),
    [
      [0, 3],
      [2, 1],
    ],
  );
});
