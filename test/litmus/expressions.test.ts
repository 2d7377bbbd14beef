/** Expressions of C that do something: assignments, `++`, commas, conditions; and literals with suffixes and casts. */
import test from 'ava';
import { checkLitmus } from '../../src/litmus/axioms/checker.js';
import { parseLitmus } from '../../src/litmus/syntax/parse.js';
import { formatValue } from '../../src/litmus/syntax/proposition.js';

function sourceOf(body: string, init = 'x=1; y=2;'): string {
  return `C one\n{${init}}\nP0(int *x, int *y)\n{\n\t${body}\n}\nlocations [x; y]\nexists (0:r0=1)`;
}

/** Final values of r0, x and y; there is one execution. */
function finals(body: string, init?: string): string {
  const litmus = parseLitmus(sourceOf(body, init));
  const { states } = checkLitmus(litmus);
  return states.map(({ state }) => state.map((v) => formatValue(litmus, v)).join(' ')).join(' | ');
}

const BODIES: readonly (readonly [string, string])[] = [
  ['int r0 = READ_ONCE(*x) ? 3 : 4;', '3 1 2'],
  ['int r0 = 0 ? 5 : 1 ? 6 : 7;', '6 1 2'],
  ['int r0 = READ_ONCE(*x) == 2 ? xchg(x, 8) : xchg(y, 9);', '2 1 9'],
  ['int r0 = READ_ONCE(*x) == 1 ? xchg(x, 8) : xchg(y, 9);', '1 8 2'],
  ['int r0; r0 = 5, r0 = 6;', '6 1 2'],
  ['int r0 = (WRITE_ONCE(*x, 5), READ_ONCE(*x));', '5 5 2'],
  ['int r1 = 4; int r0 = r1++;', '4 1 2'],
  ['int r1 = 4; int r0 = ++r1;', '5 1 2'],
  ['int r1 = 4; int r0 = r1-- - 1;', '3 1 2'],
  ['int r0 = (*x)++;', '1 2 2'],
  ['int r0 = ++(*x);', '2 2 2'],
  ['int r0 = x[0]++;', '1 2 2'],
  ['int r1; int r0 = r1 = 7;', '7 1 2'],
  ['int r0, r1; r0 = r1 = READ_ONCE(*y);', '2 1 2'],
  ['int r0 = *x = 6;', '6 6 2'],
  ['int r0 = (*x += 6);', '7 7 2'],
  ['int r0; if ((r0 = READ_ONCE(*y)) == 2) r0 = 3;', '3 1 2'],
  ['int r0; while ((r0 = READ_ONCE(*x)) != 1) ;', '1 1 2'],
  ['int r0 = 5; int r1 = 0 && (r0 = 6);', '5 1 2'],
  ['int r0 = 5; int r1 = 1 && (r0 = 6);', '6 1 2'],
  ['int r0 = 0; for (int i = 0, j = 3; i < j; i++, j--) r0 += j;', '5 1 2'],
  ['int r0; while (unlikely((r0 = READ_ONCE(*x)) != 1)) cpu_relax();', '1 1 2'],
  ['int r0 = 8UL;', '8 1 2'],
  ['int r0 = 0x1fU + 1l;', '32 1 2'],
  ['int r0 = r1--1;', '1 1 2'],
];

for (const [body, expected] of BODIES) {
  test(`${body} ends with ${expected}`, (t) => {
    t.is(finals(body), expected);
  });
}

for (const [init, value] of [
  ['x = (void *)0;', '0'],
  ['x = (int)-3;', '-3'],
  ['int *x = (int *)&y;', 'y'],
  ['x = (unsigned long)7UL;', '7'],
  ['x = (5);', '5'],
] as const) {
  test(`the initial state ${init} is ${value}`, (t) => {
    t.is(finals('int r0 = READ_ONCE(*x);', init).split(' ')[0], value);
  });
}

test('what a condition chooses depends on it by control only, as behind if and else', (t) => {
  const loadBuffering = (store: string): string => `C choice
{}
P0(int *x, int *y) { int r0 = READ_ONCE(*x); ${store} }
P1(int *x, int *y) { int r0 = READ_ONCE(*y); smp_mb(); WRITE_ONCE(*x, 1); }
exists (0:r0=1 /\\ 1:r0=1)`;
  const chosen = checkLitmus(parseLitmus(loadBuffering('WRITE_ONCE(*y, r0 ? 1 : 1);')));
  const branched = checkLitmus(
    parseLitmus(loadBuffering('int r1; if (r0) r1 = 1; else r1 = 1; WRITE_ONCE(*y, r1);')),
  );
  const inside = checkLitmus(parseLitmus(loadBuffering('r0 ? xchg_relaxed(y, 1) : 0;')));
  t.deepEqual([chosen.positive, branched.positive, inside.positive], [1, 1, 0]);
});

for (const [body, problem] of [
  ['int r0 = 1 ? 2;', /8:13|expected ":"/],
  ['int r0 = (1 = 2);', /expected a variable or "\*pointer"/],
  ['int r0 = 1++;', /expected a variable or "\*pointer"/],
  ['int r0 = 1 ? WRITE_ONCE(*x, 1) : 2;', /WRITE_ONCE\(\) gives no value/],
] as const) {
  test(`${body} is refused where it stands`, (t) => {
    t.throws(() => parseLitmus(sourceOf(body)), { message: problem });
  });
}
