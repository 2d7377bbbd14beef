/** Values of litmus tests: out of thin air, pointers, initial states, flags on locks and sections. */
import test from 'ava';
import { checkLitmus } from '../../src/litmus/axioms/checker.js';
import { runOnMachine } from '../../src/litmus/on-machine/run-machine.js';
import { threadTest } from '../../src/litmus/on-threads/thread-program.js';
import { parseLitmus } from '../../src/litmus/syntax/parse.js';
import { LitmusSyntaxError } from '../../src/litmus/syntax/syntax-error.js';
import { answer, enginesAgree } from './agreement.js';

/** Two threads that copy x to y and y to x, which nothing forbids as P1's accesses are plain; P0 computes with what it
 * read, in `use`, before it passes `value` on. */
function circle(use: string, value = 'r0'): string {
  return `C t\n{ z = 1; }\nP0(int *x, int *y, atomic_t *z) { int r0 = READ_ONCE(*x); ${use} WRITE_ONCE(*y, ${value}); }
P1(int *x, int *y) { int r0 = *y; *x = r0; }\nlocations [0:r1]\nexists (0:r0=1)`;
}

const OPERATORS = '+ - * / % & | ^ << >> == != < <= > >= && ||'.split(' ');

for (const operator of OPERATORS) {
  test(`a value out of thin air that ${operator} computes with has no execution, and no crash`, async (t) => {
    const { states } = await enginesAgree(t, circle(`int r1 = r0 ${operator} 3;`), {
      runs: 50,
      seek: 50,
    });
    t.is(states.length, 1, states.join());
    t.true(states[0]!.startsWith('0:r0=0;'));
  });
}

const kept: readonly (readonly [use: string, r1: string])[] = [
  ['int r1 = r0 + 0;', 'S1'],
  ['int r1 = 0 + r0;', 'S1'],
  ['int r1 = r0 | 0;', 'S1'],
  ['int r1 = r0 ^ r0;', '0'],
  ['int r1 = (r0 == r0);', '1'],
  ['int r1 = (r0 != r0);', '0'],
];

for (const [use, r1] of kept) {
  test(`${use} is known of a value out of thin air`, (t) => {
    t.true(answer(circle(use)).states.includes(`0:r0=S1; 0:r1=${r1};`));
  });
}

const dropped = [
  'int r1 = r0 - 0;',
  'int r1 = r0 - r0;',
  'int r1 = r0 & 0;',
  'int r1 = -r0;',
  'int r1 = ~r0;',
  'int r1 = !r0;',
  'int r1 = 1; if (r0) r1 = 2;',
  'int r1 = cmpxchg(z, 0, r0); if (r1 == r0) r1 = 1;',
  'int r1 = 0; while (r1 < r0) r1++;',
  'int r1 = 0; switch (r0) { case 4: r1 = 1; }',
  'int r1 = atomic_add_unless(z, r0, r0);',
  'int r1 = atomic_fetch_add(r0, z);',
  'int r1 = atomic_fetch_and(r0, z);',
  'int r1 = atomic_sub_return(r0, z);',
];

for (const use of dropped) {
  test(`nothing is known of a value out of thin air in: ${use}`, (t) => {
    const { states } = answer(circle(use));
    t.true(states.length > 0);
    t.false(states.some((state) => state.includes('S1')));
  });
}

/** A test of one thread, with the locations a, b, c and an array v. */
function pointers(body: string, asked = 'r1'): string {
  return `C t\n{ int a = 1; int b = 2; int c = 3; int v[3] = { 10, 20, 30 }; int *p = &b; }
P0(int *a, int *b, int *c, int *v, int **p) { ${body} }\nlocations [0:${asked}; a; b; c]\nexists (true)`;
}

const reached: readonly (readonly [body: string, r1: string])[] = [
  ['int *r1 = b;', 'b'],
  ['int *r1 = b + 1;', 'b+1'],
  ['int *r1 = b - 2;', 'b-2'],
  ['int *r1 = 1 + b - 1;', 'b'],
  ['int r1 = READ_ONCE(*(b + 1));', '0'],
  ['WRITE_ONCE(*(b + 1), 7); int r1 = READ_ONCE(*(1 + b));', '7'],
  ['int *r0 = b + 1; WRITE_ONCE(*r0, 7); int r1 = READ_ONCE(*c);', '3'],
  ['int r1 = *(b + 0);', '2'],
  ['int r1 = v[2];', '30'],
  ['int r1 = *(v + 1);', '20'],
  ['int r1 = v[3];', '0'],
  ['int *r0 = READ_ONCE(*p); int r1 = *r0;', '2'],
  ['int r1 = (b == c);', '0'],
  ['int r1 = (b != c);', '1'],
  ['int *r0 = READ_ONCE(*p); int r1 = (r0 == b);', '1'],
  ['int r1 = (b == 0);', '0'],
  ['int r1 = (0 != b);', '1'],
  ['int r1 = (b > 0);', '1'],
  ['int r1 = (b < 0);', '0'],
  ['int r1 = b - b;', '0'],
  ['int r1 = b ^ b;', '0'],
  ['int *r1 = b | 0;', 'b'],
  ['int r1 = !b;', '0'],
  ['int r1 = 0; if (b) r1 = 1;', '1'],
  ['int r1 = b && 1;', '1'],
  ['int *r1 = xchg(p, c);', 'b'],
  ['int *r1 = cmpxchg(p, b, a);', 'b'],
  ['int *r0 = cmpxchg(p, a, c); int *r1 = READ_ONCE(*p);', 'b'],
];

for (const [body, r1] of reached) {
  test(`pointers: ${body} makes r1 ${r1}`, async (t) => {
    const { states } = await enginesAgree(t, pointers(body), { runs: 5, seek: 5 });
    t.deepEqual(states, [`0:r1=${r1}; [a]=1; [b]=2; [c]=3;`]);
  });
}

const refused: readonly (readonly [body: string, message: RegExp])[] = [
  ['int r1 = READ_ONCE(*r9);', /accesses 0, which is no location/],
  ['int r1 = 5; WRITE_ONCE(*r1, 1);', /accesses 5, which is no location/],
  ['int r0 = READ_ONCE(*b); int r1 = READ_ONCE(*r0);', /accesses 2, which is no location/],
  ['int r0 = 0; int r1 = xchg(r0, 1);', /accesses 0, which is no location/],
  ['int r0 = 0; int r1 = cmpxchg(r0, 0, 1);', /accesses 0, which is no location/],
  ['int r1 = 0; spin_lock(r1);', /accesses 0, which is no location/],
  ['int r1 = 0; synchronize_srcu(r1);', /accesses 0, which is no location/],
  ['int r1 = b & 1;', /cannot use & on a pointer/],
  ['int r1 = b * 2;', /cannot use \* on a pointer/],
  ['int r1 = b << 1;', /cannot use << on a pointer/],
  ['int r1 = b / 2;', /cannot divide a pointer/],
  ['int r1 = b + c;', /cannot use \+ on a pointer/],
  ['int r1 = 0 - b;', /cannot use - on a pointer/],
  ['int r1 = -b;', /cannot use - on a pointer/],
  ['int r1 = -(b + 1);', /cannot use - on a pointer/],
  ['int r1 = (b <= c);', /cannot use <= on a pointer/],
  ['int r0 = 0; int r1 = 5 / r0;', /divide by 0/],
  ['int r0 = 0; int r1 = 5 % r0;', /divide by 0/],
];

for (const [body, message] of refused) {
  test(`refused with line and column by axioms and machine: ${body}`, (t) => {
    const parsed = parseLitmus(pointers(body), 'f');
    const place = new RegExp(`^f:3:\\d+: .*${message.source}`);
    t.throws(() => checkLitmus(parsed), { instanceOf: LitmusSyntaxError, message: place });
    t.throws(() => runOnMachine(parsed, { runs: 3, seed: 1 }), {
      instanceOf: LitmusSyntaxError,
      message: place,
    });
  });
}

test('a null pointer behind its check is no access, without it the test is refused', (t) => {
  const source = (check: string): string =>
    `C t\n{ int u = 4; }\nP0(int **p, int *u) { WRITE_ONCE(*p, u); }
P1(int **p) { int *r0 = READ_ONCE(*p); int r1 = 9; ${check} r1 = *r0; }\nlocations [1:r1]\nexists (1:r0=u)`;
  t.deepEqual(answer(source('if (r0)')).states, ['1:r0=0; 1:r1=9;', '1:r0=u; 1:r1=4;']);
  t.throws(() => checkLitmus(parseLitmus(source(''))), { message: /accesses 0/ });
});

const goesRound = (threads: string): string =>
  `C t\n{ int *p = &x; }\nP0(int **p) { int *r0 = READ_ONCE(*p); int r1 = READ_ONCE(*r0); WRITE_ONCE(*r0, r1); }\n${threads}\nexists (x=2)`;

test('a value that only goes round is none that an operation could be refused for', (t) => {
  const round =
    'P1(int **p, atomic_t *x) { WRITE_ONCE(*p, x); atomic_sub(1, x); atomic_add(1, x); }';
  const bits = 'P2(atomic_t *x) { atomic_xor(2, x); }';
  t.true(answer(goesRound(`${round}\n${bits}`)).states.includes('[x]=2;'));
  const stored = 'P1(int **p, int *x) { WRITE_ONCE(*x, x); }';
  t.throws(() => checkLitmus(parseLitmus(goesRound(`${stored}\n${bits}`))), {
    message: /cannot use \^ on a pointer: atomic_xor/,
  });
});

const initial: readonly (readonly [init: string, asked: string, value: string])[] = [
  ['int 0:r1;', '0:r1', '0:r1=0;'],
  ['int 0:r1 = 7;', '0:r1', '0:r1=7;'],
  ['0:r1 = -7;', '0:r1', '0:r1=-7;'],
  ['P0:r1 = 3;', '0:r1', '0:r1=3;'],
  ['int P0:r1 = 0x10;', '0:r1', '0:r1=16;'],
  ['int *0:r1 = &x;', '0:r1', '0:r1=x;'],
  ['int *0:r1 = x;', '0:r1', '0:r1=x;'],
  ['int **0:r1 = &x;', '0:r1', '0:r1=x;'],
  ['0:r1 = x;', '0:r1', '0:r1=x;'],
  ['*0:r1 = x;', '0:r1', '0:r1=x;'],
  ['atomic_t 0:r1 = ATOMIC_INIT(3);', '0:r1', '0:r1=3;'],
  ['unsigned long 0:r1 = 3;', '0:r1', '0:r1=3;'],
  ['struct foo *0:r1 = &x;', '0:r1', '0:r1=x;'],
  ['int *z = 2;', 'z', '[z]=2;'],
  ['int *z;', 'z', '[z]=0;'],
  ['*z = x;', 'z', '[z]=x;'],
  ['z;', 'z', '[z]=0;'],
  ['[z] = 4;', 'z', '[z]=4;'],
  ['int [z] = 4;', 'z', '[z]=4;'],
  ['_Atomic int z = 4;', 'z', '[z]=4;'],
  ['atomic_t z = ATOMIC_INIT(4);', 'z', '[z]=4;'],
  ['int v[2] = { 1, 2 }; int *z = v[1];', 'z', '[z]=v[1];'],
  ['int v[2]; int *z = &v;', 'z', '[z]=v[0];'],
  ['z = NULL;', 'z', '[z]=0;'],
];

for (const [init, asked, value] of initial) {
  test(`initial state: ${init}`, (t) => {
    const thread = 'P0(int *x) { WRITE_ONCE(*x, 1); }';
    const { states } = answer(`C t\n{ ${init} }\n${thread}\nlocations [${asked}]\nexists (x=1)`);
    t.is(states.length, 1);
    t.true(states[0]!.includes(value), states[0]);
  });
}

/** A test of up to two threads over x, a lock s, another lock u and an SRCU domain d. */
function flagged(first: string, second = '', end = 'exists (x=1)'): readonly string[] {
  const parameters = 'int *x, spinlock_t *s, spinlock_t *u, struct srcu_struct *d';
  const threads = [first, second].map((body, i) => `P${i}(${parameters}) { ${body} }`).join('\n');
  return answer(`C t\n{}\n${threads}\n${end}`).flags;
}

const LOCKED = 'spin_lock(s); WRITE_ONCE(*x, 1); spin_unlock(s);';

test('mixed-lock-accesses: any other access to a lock, of any thread', (t) => {
  for (const other of [
    'WRITE_ONCE(*s, 0);',
    'int r0 = READ_ONCE(*s);',
    '*s = 0;',
    'int r0 = *s;',
    'int r0 = xchg(s, 0);',
    'smp_store_release(s, 0);',
    'int r0 = cmpxchg(s, 5, 6);',
  ]) {
    t.true(flagged(LOCKED, other).includes('mixed-lock-accesses'), other);
    t.true(flagged(`${other} ${LOCKED}`).includes('mixed-lock-accesses'), other);
  }
  t.deepEqual(flagged(LOCKED, 'WRITE_ONCE(*u, 0);'), []);
  for (const lock of ['int r0 = spin_is_locked(s);', 'int r0 = spin_trylock(s);']) {
    t.true(flagged(lock, 'WRITE_ONCE(*s, 0);').includes('mixed-lock-accesses'), lock);
  }
});

test('an ordinary access to a lock is refused by the engines that cannot tell the two apart', (t) => {
  const source = `C t\n{}\nP0(spinlock_t *s) { spin_lock(s); spin_unlock(s); }
P1(spinlock_t *s) { int r0 = READ_ONCE(*s); }\nexists (1:r0=1)`;
  t.deepEqual(answer(source).states, ['1:r0=0;']);
  const message = /^f:4:21: an ordinary access to a lock$/;
  const parsed = parseLitmus(source, 'f');
  t.throws(() => runOnMachine(parsed, { runs: 3, seed: 1 }), { message });
  t.throws(() => threadTest(parsed), { message });
});

test('lock-final: the final value of a lock that is used is asked for, anywhere', (t) => {
  for (const end of [
    'locations [s]\nexists (x=1)',
    'exists (x=1 /\\ s=0)',
    '~exists (s=0)',
    'forall (s=0)',
    'filter (s=0)\nexists (x=1)',
  ]) {
    t.deepEqual(flagged(LOCKED, '', end), ['lock-final'], end);
  }
  t.deepEqual(flagged(LOCKED, '', 'locations [u]\nexists (x=1)'), []);
});

const misused: readonly (readonly [body: string, flags: readonly string[]])[] = [
  ['spin_unlock(s);', ['unmatched-unlock']],
  [`${LOCKED} spin_unlock(s);`, ['unmatched-unlock']],
  ['spin_lock(s); spin_unlock(u);', ['unmatched-unlock']],
  ['spin_lock(s);', []],
  ['rcu_read_lock();', ['unbalanced-rcu-locking']],
  ['rcu_read_unlock();', ['unbalanced-rcu-locking']],
  ['rcu_read_lock(); rcu_read_lock(); rcu_read_unlock();', ['unbalanced-rcu-locking']],
  ['rcu_read_lock(); rcu_read_lock(); rcu_read_unlock(); rcu_read_unlock();', []],
  ['int r0 = srcu_read_lock(d);', ['unbalanced-srcu-locking']],
  ['srcu_read_unlock(d, 1);', ['unbalanced-srcu-locking']],
  ['int r0 = srcu_read_lock(d); rcu_read_lock(); rcu_read_unlock();', ['unbalanced-srcu-locking']],
  [
    'rcu_read_lock(); int r0 = srcu_read_lock(d); srcu_read_unlock(d, r0);',
    ['unbalanced-rcu-locking'],
  ],
  ['int r0 = srcu_read_lock(d); srcu_read_unlock(d, r0 + 1);', ['srcu-bad-nesting']],
  [
    'int r0 = srcu_read_lock(d); int r1 = srcu_read_lock(d); srcu_read_unlock(d, r0); srcu_read_unlock(d, r1);',
    ['srcu-bad-nesting'],
  ],
  ['rcu_read_lock(); synchronize_srcu(d); rcu_read_unlock();', ['invalid-sleep']],
  ['rcu_read_lock(); rcu_read_unlock(); synchronize_srcu(d);', []],
  ['*x = 1; WRITE_ONCE(*x, 2);', ['mixed-accesses']],
  ['*x = 1; smp_mb__after_atomic(); WRITE_ONCE(*x, 2);', []],
  ['*x = 1; smp_mb__after_spinlock(); WRITE_ONCE(*x, 2);', ['mixed-accesses']],
];

for (const [body, flags] of misused) {
  test(`flags of ${body}: ${flags.join() || 'none'}`, (t) => t.deepEqual(flagged(body), flags));
}

test('spin_is_locked() around, inside and outside sections, one execution for each that can be', async (t) => {
  const solo = (body: string): string => `C t\n{}\nP0(spinlock_t *s) { ${body} }\nexists (true)`;
  const count = async (body: string): Promise<number> =>
    (await enginesAgree(t, solo(body), { runs: 5, seek: 5 })).counts[0];
  t.is(await count('int r0 = spin_is_locked(s);'), 1);
  t.is(await count('spin_lock(s); int r0 = spin_is_locked(s); spin_unlock(s);'), 1);
  t.is(await count('spin_lock(s); spin_unlock(s); int r0 = spin_is_locked(s);'), 1);
  t.is(
    await count(
      'spin_lock(s); spin_unlock(s); spin_lock(s); spin_unlock(s); int r0 = spin_is_locked(s);',
    ),
    1,
  );
  const other = `C t\n{}\nP0(spinlock_t *s) { spin_lock(s); spin_unlock(s); int r0 = spin_is_locked(s); }
P1(spinlock_t *s) { spin_lock(s); spin_unlock(s); }\nexists (0:r0=1)`;
  t.deepEqual((await enginesAgree(t, other)).states, ['0:r0=0;', '0:r0=1;']);
});

const unused = [
  '(void)READ_ONCE(*x);',
  '(void) smp_load_acquire(x);',
  '(void)xchg(x, 0);',
  '(void)r0;',
  '(void)(r0 + 1);',
  'r0;',
  'READ_ONCE(*x);',
  'atomic_add_return(0, x);',
];

for (const statement of unused) {
  test(`a value that is not used: ${statement}`, async (t) => {
    const source = `C t\n{}\nP0(atomic_t *x) { ${statement} }\nP1(int *x) { int r1 = READ_ONCE(*x); }\nexists (x=0)`;
    t.deepEqual((await enginesAgree(t, source, { runs: 20, seek: 5 })).states, ['[x]=0;']);
  });
}

test('words of C that are no keywords of the dialect name registers, locations and parameters', (t) => {
  const words =
    'continue break for do while switch case default return goto static register short float union enum sizeof signed';
  for (const word of words.split(' ')) {
    const source = `C t\n{ int ${word} = 5; }\nP0(int *${word}) { int r0 = READ_ONCE(*${word}); }\nP1(int *x) { ${word} = 1; if (${word}) WRITE_ONCE(*x, ${word} + 1); }\nlocations [0:r0; 1:${word}]\nexists (x=2)`;
    const { states } = answer(source);
    t.deepEqual(states, [`0:r0=5; 1:${word}=1; [x]=2;`], word);
  }
});
