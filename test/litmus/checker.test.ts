/** The axiomatic checker: verdicts of the shapes, and that each verdict has the right reason. */
import test from 'ava';
import { checkLitmus } from '../../src/litmus/axioms/checker.js';
import { formatState, observationOf } from '../../src/litmus/syntax/format.js';
import { parseLitmus } from '../../src/litmus/syntax/parse.js';
import { carriers } from '../../src/litmus/why/weaken.js';
import { shape, SHAPES } from './shapes.js';

for (const { name, source, result, flags } of SHAPES) {
  test(`${name} is ${result}`, (t) => {
    const verdict = checkLitmus(parseLitmus(source, name), { timeLimitMs: 60_000 });
    const states = verdict.states.map(({ state }) => state);
    t.true(verdict.complete);
    t.is(observationOf({ ...verdict, states }), result);
    t.is(verdict.flags.join(), flags);
  });
}

const rests: readonly (readonly [name: string, on: readonly string[]])[] = [
  ['SB+mbs', ['without smp_mb()', 'without smp_mb()']],
  ['MP+wmb+rmb', ['without smp_wmb()', 'without smp_rmb()']],
  ['MP+rel+acq', ['smp_store_release(y, 1) as WRITE_ONCE()', 'smp_load_acquire(y) as READ_ONCE()']],
  ['MP+assign+deref', ['rcu_assign_pointer(*p, x) as WRITE_ONCE()']],
  ['SB+xchgs', ['xchg(x, 1) as its _relaxed form', 'xchg(y, 1) as its _relaxed form']],
  ['RCU+MP', ['without rcu_read_lock() and rcu_read_unlock()', 'without synchronize_rcu()']],
  ['CoRR', []],
  ['LB+datas', []],
];

for (const [name, on] of rests) {
  test(`${name} is forbidden by ${on.length === 0 ? 'no fence' : on.join(' and ')}`, (t) => {
    const found = carriers(parseLitmus(shape(name).source, name), 60_000);
    t.deepEqual(
      found.map(({ change }) => change),
      on,
    );
  });
}

/** The states of a source, as herd prints them. */
function statesOf(source: string): string[] {
  const parsed = parseLitmus(source);
  return checkLitmus(parsed).states.map(({ state }) => formatState(parsed, state));
}

test('a value that only copies of itself justify is one symbolic state, not any number', (t) => {
  const source =
    'C t\n{}\nP0(int *x, int *y) { int r0 = READ_ONCE(*x); WRITE_ONCE(*y, r0); }\n' +
    'P1(int *x, int *y) { int r0 = *y; *x = r0; }\nexists (0:r0=0)';
  t.deepEqual(statesOf(source), ['0:r0=0;', '0:r0=S1;']);
});

test('a constant that a branch justifies in a circle is found', (t) => {
  const source =
    'C t\n{}\nP0(int *x, int *y) { int r1 = 1; if (READ_ONCE(*x) == 0) r1 = 0; WRITE_ONCE(*y, r1); }\n' +
    'P1(int *x, int *y) { int r2 = READ_ONCE(*y); WRITE_ONCE(*x, r2); }\nexists (0:r1=1)';
  t.deepEqual(statesOf(source), ['0:r1=0;', '0:r1=1;']);
});

test('increments by several threads reach every sum once, and no other', (t) => {
  const thread = (i: number): string =>
    `P${i}(atomic_t *x) { int r0 = atomic_add_return(${2 ** i}, x); }\n`;
  const source = `C t\n{}\n${[0, 1, 2].map(thread).join('')}locations [x; 0:r0; 1:r0; 2:r0]\nexists (x=7)`;
  const states = statesOf(source);
  t.is(states.length, 6);
  t.true(states.every((state) => state.includes('[x]=7;')));
});

test('what a lock says can be stored, and read by another thread', (t) => {
  const said = (call: string): string[] =>
    statesOf(
      `C t\n{}\nP0(int *x, spinlock_t *l) { spin_lock(l); int r0 = ${call}; WRITE_ONCE(*x, r0 + 1); spin_unlock(l); }\n` +
        'P1(int *x, spinlock_t *l) { spin_lock(l); int r0 = READ_ONCE(*x); spin_unlock(l); }\nexists (1:r0=0)',
    );
  t.deepEqual(said('spin_is_locked(l)'), ['1:r0=0;', '1:r0=2;']);
  t.deepEqual(said('spin_trylock(l)'), ['1:r0=0;', '1:r0=1;']);
});

test('a deadlock has no execution', (t) => {
  t.deepEqual(
    statesOf('C t\n{}\nP0(spinlock_t *s) { spin_lock(s); spin_lock(s); }\nexists (true)'),
    [],
  );
  const sleeper = 'P0() { rcu_read_lock(); synchronize_rcu(); rcu_read_unlock(); }';
  t.deepEqual(statesOf(`C t\n{}\n${sleeper}\nexists (true)`), []);
});

const flagged: readonly (readonly [flag: string, body: string])[] = [
  ['unbalanced-rcu-locking', 'rcu_read_lock();'],
  ['unbalanced-srcu-locking', 'int r0 = srcu_read_lock(x);'],
  ['srcu-bad-nesting', 'int r0 = srcu_read_lock(x); srcu_read_unlock(x, 5);'],
  ['invalid-sleep', 'rcu_read_lock(); synchronize_srcu(x); rcu_read_unlock();'],
  ['mixed-accesses', '*x = 1; int r0 = READ_ONCE(*x);'],
];

for (const [flag, body] of flagged) {
  test(`misuse raises the flag ${flag}`, (t) => {
    const { flags } = checkLitmus(parseLitmus(`C t\n{}\nP0(int *x) { ${body} }\nexists (x=1)`));
    t.deepEqual(flags, [flag]);
  });
}

test('a state that needs a po;rf cycle is told from one that does not', (t) => {
  const classes = (name: string): string[] => {
    const { states } = checkLitmus(parseLitmus(shape(name).source), { classify: true });
    return states.filter((s) => s.satisfies).map(({ reach }) => reach);
  };
  t.deepEqual(classes('LB+onces'), ['po-rf-cycle']);
  t.deepEqual(classes('SB+onces'), ['none']);
  t.deepEqual(classes('IRIW+rmbs'), ['none']);
});

test('a time limit ends the search and says so', (t) => {
  const many = (i: number): string =>
    `P${i}(int *x) { ${'WRITE_ONCE(*x, 1); int r0 = READ_ONCE(*x); '.repeat(4)} }\n`;
  const source = `C t\n{}\n${[0, 1, 2, 3, 4, 5].map(many).join('')}exists (x=1)`;
  const started = Date.now();
  const { complete } = checkLitmus(parseLitmus(source), { timeLimitMs: 200 });
  t.false(complete);
  t.log(`${Date.now() - started} ms`);
});
