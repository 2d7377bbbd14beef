/** Loops, switch, goto and compound assignment: they mean what the same code written out means, on every engine. */
import test from 'ava';
import { checkLitmus } from '../../src/litmus/axioms/checker.js';
import { formatState, observationOf } from '../../src/litmus/syntax/format.js';
import { parseLitmus } from '../../src/litmus/syntax/parse.js';
import { LitmusSyntaxError } from '../../src/litmus/syntax/syntax-error.js';
import { answer, enginesAgree } from './agreement.js';

/** A test of one thread whose final registers are asked for. */
function solo(body: string, registers: readonly string[]): string {
  const locations = registers.map((r) => `0:${r}`).join('; ');
  return `C t\n{}\nP0(int *x, int *y) { ${body} }\nlocations [${locations}; x; y]\nexists (true)`;
}

const computed: readonly (readonly [what: string, body: string, state: string])[] = [
  ['while', 'int i = 0; while (i < 10) i++;', '0:i=10;'],
  ['do', 'int i = 9; do { i += 5; } while (i < 3);', '0:i=14;'],
  ['for', 'int s = 0; for (int i = 1; i <= 5; i++) s += i;', '0:s=15;'],
  [
    'nested for',
    'int s = 0; for (int i = 0; i < 3; i++) for (int j = 0; j < 4; ++j) s++;',
    '0:s=12;',
  ],
  ['break', 'int i = 0; for (;;) { if (i == 7) break; i++; }', '0:i=7;'],
  [
    'continue',
    'int s = 0; for (int i = 0; i < 6; i++) { if (i == 3) continue; s += i; }',
    '0:s=12;',
  ],
  [
    'switch',
    'int r = 2; int s = 0; switch (r) { case 1: s = 1; break; case 2: s = 2; case 3: s += 10; break; default: s = 9; }',
    '0:s=12;',
  ],
  [
    'default',
    'int r = 7; int s = 0; switch (r) { default: s = 9; break; case 1: s = 1; }',
    '0:s=9;',
  ],
  ['no case', 'int r = 7; int s = 5; switch (r) { case 1: s = 1; }', '0:s=5;'],
  [
    'break in a switch in a loop',
    'int s = 0; for (int i = 0; i < 3; i++) { switch (i) { case 1: break; default: s += 4; } s++; }',
    '0:s=11;',
  ],
  [
    'continue in a switch in a loop',
    'int s = 0; for (int i = 0; i < 3; i++) { switch (i) { case 1: continue; } s++; }',
    '0:s=2;',
  ],
  [
    'a switch whose cases are constant expressions',
    'int s = 0; for (int i = -2; i < 8; i++) switch (i) { case 2 - 1: s += 1; break; case -(1): s += 10; break; case (1 << 1) | 1: s += 100; break; case 5UL + 1: s += 1000; break; case !1 ? 7 : 4: s += 10000; break; case ~1: s += 100000; }',
    '0:s=111111;',
  ],
  [
    'a switch with ranges',
    'int s = 0; for (int i = 0; i < 9; i++) switch (i) { case 1 ... 3: s += 1; break; case 5 ... 2 * 3: s += 10; break; case 8 ... 8: s += 100; }',
    '0:s=123;',
  ],
  [
    'falling into a range',
    'int s = 0; switch (1) { case 1: s = 5; case 2 ... 4: s += 2; }',
    '0:s=7;',
  ],
  ['goto forwards', 'int s = 1; goto out; s = 2; out: s += 4;', '0:s=5;'],
  ['goto backwards', 'int i = 0; again: i++; if (i < 6) goto again;', '0:i=6;'],
  ['return', 'int s = 1; if (s) { return; } s = 2;', '0:s=1;'],
  [
    'compound assignment',
    'int s = 13; s -= 3; s *= 2; s /= 3; s <<= 3; s >>= 1; s |= 1; s &= 25; s ^= 3; s %= 7;',
    '0:s=5;',
  ],
  ['decrement', 'int s = 3; s--; --s;', '0:s=1;'],
];

for (const [what, body, state] of computed) {
  test(`${what} computes what C does`, async (t) => {
    const register = /0:(\w+)=/.exec(state)![1]!;
    const { states } = await enginesAgree(t, solo(body, [register]), { runs: 5, seek: 5 });
    t.deepEqual(states, [`${state} [x]=0; [y]=0;`]);
  });
}

test('compound assignment to memory is a plain load and a plain store', (t) => {
  const race = `C t\n{}\nP0(int *x) { *x += 2; }\nP1(int *x) { *x += 3; }\nlocations [x]\nexists (x=5)`;
  const { states, flags } = answer(race);
  t.deepEqual(states, ['[x]=2;', '[x]=3;', '[x]=5;']);
  t.deepEqual(flags, ['data-race']);
});

const PUBLISH = 'P0(int *x, int *y) { WRITE_ONCE(*x, 1); smp_store_release(y, 1); }';

/** Message passing in which P1 waits for the message in `wait`. */
function messagePassing(wait: string): string {
  return `C mp\n{}\n${PUBLISH}\nP1(int *x, int *y) { ${wait} int r1 = READ_ONCE(*x); }\nexists (1:r1=0)`;
}

const waits = [
  ['while', 'while (READ OF y == 0) ;'],
  ['do', 'int r0; do { r0 = READ OF y; } while (!r0);'],
  ['for', 'for (;;) { if (READ OF y) break; }'],
  ['goto', 'again: if (!READ OF y) goto again;'],
] as const;

for (const [what, wait] of waits) {
  test(`a thread that waits with ${what} sees the message if it acquires, and the verdict names its bound`, async (t) => {
    const ordered = messagePassing(wait.replace('READ OF y', 'smp_load_acquire(y)'));
    const { states, verdict } = await enginesAgree(t, ordered);
    t.deepEqual(states, ['1:r1=1;']);
    t.true(verdict.isCut);
    const found = { ...verdict, states: [] };
    t.is(observationOf(found), 'Never within the bound');
    const weak = await enginesAgree(t, messagePassing(wait.replace('READ OF y', 'READ_ONCE(*y)')));
    t.deepEqual(weak.states, ['1:r1=0;', '1:r1=1;']);
    t.is(observationOf({ ...weak.verdict, states: [] }), 'Sometimes');
  });
}

test('the bound is how often a loop goes back: one execution more for each', (t) => {
  const source = messagePassing('while (smp_load_acquire(y) == 0) ;');
  for (const unroll of [0, 1, 2, 7]) {
    const verdict = checkLitmus(parseLitmus(source, 'mp', { unroll }));
    t.is(verdict.negative, unroll + 1);
    t.true(verdict.isCut);
  }
});

test('a loop whose rounds are counted is no subject of the bound, one that what was read ends is', (t) => {
  const counted = solo('int s = 0; for (int i = 0; i < 40; i++) s += READ_ONCE(*x);', ['s']);
  t.false(answer(counted).verdict.isCut);
  const read = 'int n = READ_ONCE(*x); int s = 0; for (int i = 0; i < n; i++) s++;';
  const source = `C t\n{ x = 6; }\nP0(int *x) { ${read} }\nexists (0:s=6)`;
  const verdict = checkLitmus(parseLitmus(source));
  t.deepEqual([verdict.isCut, verdict.states.length], [true, 0]);
  const enough = checkLitmus(parseLitmus(source, 't', { unroll: 6 }));
  t.deepEqual([enough.isCut, enough.positive], [false, 1]);
});

test('a loop that nothing ends is cut, not run for ever', (t) => {
  for (const body of ['while (1) ;', 'for (;;) WRITE_ONCE(*x, 1);', 'again: goto again;']) {
    const { verdict } = answer(solo(body, []).replace('; x', 'x'));
    t.deepEqual([verdict.isCut, verdict.states.length], [true, 0], body);
  }
});

test('a lock made of a compare-and-exchange in a loop excludes, and a broken one does not', async (t) => {
  const thread = (n: number, take: string): string =>
    `P${n}(int *l, int *x) { while (${take}) ; int r0 = READ_ONCE(*x); WRITE_ONCE(*x, r0 + 1); smp_store_release(l, 0); }`;
  const locked = (take: string): string =>
    `C lock\n{}\n${thread(0, take)}\n${thread(1, take)}\nexists (x=1)`;
  t.deepEqual((await enginesAgree(t, locked('cmpxchg_acquire(l, 0, 1) != 0'))).states, ['[x]=2;']);
  t.deepEqual((await enginesAgree(t, locked('READ_ONCE(*l)'))).states, ['[x]=1;', '[x]=2;']);
});

/** Load buffering in which P0 is `body`. */
function loadBuffering(body: string): string {
  return `C lb\n{}\nP0(int *x, int *y) { ${body} }\nP1(int *x, int *y) { int r0 = READ_ONCE(*y); WRITE_ONCE(*x, r0); }\nexists (1:r0=1)`;
}

const decided: readonly (readonly [what: string, body: string, holds: boolean])[] = [
  ['a store in the loop', 'while (READ_ONCE(*x)) { WRITE_ONCE(*y, 1); break; }', false],
  ['a store behind the loop', 'while (READ_ONCE(*x) > 5) ; WRITE_ONCE(*y, 1);', true],
  ['a store that return skips', 'if (READ_ONCE(*x) == 0) return; WRITE_ONCE(*y, 1);', false],
  ['a store that goto skips', 'if (!READ_ONCE(*x)) goto out; WRITE_ONCE(*y, 1); out: ;', false],
  [
    'a store behind the label',
    'if (!READ_ONCE(*x)) goto out; barrier(); out: WRITE_ONCE(*y, 1);',
    true,
  ],
  ['a store in a case', 'switch (READ_ONCE(*x)) { case 1: WRITE_ONCE(*y, 1); }', false],
  [
    'a store behind a switch',
    'switch (READ_ONCE(*x)) { case 1: barrier(); } WRITE_ONCE(*y, 1);',
    true,
  ],
  [
    'a store behind a break',
    'do { if (READ_ONCE(*x) == 0) break; WRITE_ONCE(*y, 1); } while (0);',
    false,
  ],
];

for (const [what, body, isAllowed] of decided) {
  test(`${what} ${isAllowed ? 'does not depend' : 'depends'} on what decided`, (t) => {
    const { verdict } = answer(loadBuffering(body));
    t.is(verdict.positive > 0, isAllowed);
  });
}

test('values that loops count up in two threads reach each other', (t) => {
  const thread = (n: number): string =>
    `P${n}(atomic_t *x) { for (int i = 0; i < 3; i++) atomic_inc(x); }`;
  const reader = 'P2(atomic_t *x) { int r0 = atomic_read(x); }';
  const { states } = answer(
    `C t\n{}\n${thread(0)}\n${thread(1)}\n${reader}\nlocations [x]\nexists (2:r0=6)`,
  );
  t.deepEqual(
    states,
    [0, 1, 2, 3, 4, 5, 6].map((n) => `2:r0=${n}; [x]=6;`),
  );
});

const wrong: readonly (readonly [what: string, body: string, message: RegExp])[] = [
  ['break outside a loop', 'break;', /^t:3:\d+: expected a loop around "break"/],
  [
    'continue in a switch alone',
    'switch (1) { case 1: continue; }',
    /expected a loop around "continue"/,
  ],
  ['a case outside a switch', 'case 1: ;', /expected a switch around "case"/],
  ['two equal cases', 'switch (1) { case 1: case 1: ; }', /a second case 1/],
  ['two cases of one value', 'switch (1) { case 2: case 3 - 1: ; }', /^t:3:35: a second case 2/],
  ['a case in a range', 'switch (1) { case 1 ... 4: case 3: ; }', /^t:3:41: a second case 3/],
  ['two ranges that overlap', 'switch (1) { case 1 ... 4: case 3 ... 9: ; }', /a second case 3/],
  ['an empty range', 'switch (1) { case 3 ... 1: ; }', /^t:3:27: an empty range: 3 is above 1/],
  ['a range of one dot', 'switch (1) { case 3 . 1: ; }', /^t:3:36: expected "\."/],
  [
    'a register as a case',
    'int r = 1; switch (1) { case r + 1: ; }',
    /^t:3:43: expected a constant/,
  ],
  ['a place as a case', 'switch (1) { case *x: ; }', /^t:3:32: expected a constant/],
  ['an assignment as a case', 'switch (1) { case r = 1: ; }', /^t:3:32: expected a constant/],
  ['a case that divides by 0', 'switch (1) { case 1 / 0: ; }', /^t:3:34: this would divide by 0/],
  [
    'a case that is too large',
    'switch (1) { case 1 << 60: ; }',
    /^t:3:34: the result is beyond 2\^50/,
  ],
  ['two defaults', 'switch (1) { default: default: ; }', /a second default/],
  ['a goto without label', 'goto out;', /^t:3:\d+: there is no label out to go to/],
  ['two labels', 'a: a: ;', /a second label a/],
  ['a value in ++', '5++;', /expected a variable or "\*pointer"/],
];

for (const [what, body, message] of wrong) {
  test(`${what} is an error with line and column`, (t) => {
    t.throws(() => parseLitmus(`C t\n{}\nP0(int *x) { ${body} }\nexists (true)`, 't'), {
      instanceOf: LitmusSyntaxError,
      message,
    });
  });
}

test('words of C are registers where they are assigned to, and control words elsewhere', (t) => {
  const body =
    'int for = 1; while = for + 1; default = 3; for (int i = 0; i < 2; i++) while += default;';
  const parsed = parseLitmus(solo(body, ['while']));
  const states = checkLitmus(parsed).states.map(({ state }) => formatState(parsed, state));
  t.deepEqual(states, ['0:while=8; [x]=0; [y]=0;']);
});
