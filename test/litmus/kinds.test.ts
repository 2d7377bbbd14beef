/** Kinds of statements that once had wrong answers: every member of each, on every engine. */
import test from 'ava';
import { machineEngine } from '../../src/litmus/on-machine/machine-engine.js';
import { parseLitmus } from '../../src/litmus/syntax/parse.js';
import { answer, enginesAgree } from './agreement.js';

const READER = 'P1(int *x, int *y) { WRITE_ONCE(*y, 1); smp_mb(); int r0 = READ_ONCE(*x); }';

/** Store buffering with `middle` between the store and the load of P0. */
function storeBuffering(middle: string): string {
  return `C sb\n{ atomic_t z = ATOMIC_INIT(0); }
P0(int *x, int *y, atomic_t *z) { WRITE_ONCE(*x, 1); ${middle} int r0 = READ_ONCE(*y); }
${READER}\nexists (0:r0=0 /\\ 1:r0=0)`;
}

const ORDERS = ['', '_relaxed', '_acquire', '_release'];

/** Read-modify-writes that fail here: z is 0. */
const FAILING = [
  ...ORDERS.flatMap((order) => [`cmpxchg${order}(z, 5, 6)`, `atomic_cmpxchg${order}(z, 5, 6)`]),
  'atomic_add_unless(z, 1, 0)',
];

for (const call of FAILING) {
  test(`${call} orders nothing when it fails, but is what the fences of atomics anchor at`, async (t) => {
    const bare = await enginesAgree(t, storeBuffering(`int r1 = ${call};`));
    t.deepEqual(bare.counts, [1, 3]);
    const before = await enginesAgree(
      t,
      storeBuffering(`smp_mb__before_atomic(); int r1 = ${call};`),
    );
    t.deepEqual(before.counts, [0, 3]);
    const after = await enginesAgree(
      t,
      storeBuffering(`int r1 = ${call}; smp_mb__after_atomic();`),
    );
    t.deepEqual(after.counts, [0, 3]);
  });
}

test('a fence of atomics without any atomic orders nothing (the machine makes it a full one)', (t) => {
  for (const fence of ['smp_mb__before_atomic();', 'smp_mb__after_atomic();']) {
    t.deepEqual(answer(storeBuffering(fence)).counts, [1, 3]);
  }
});

for (const statement of [
  'spin_lock(x);',
  '(void)spin_trylock(x);',
  'spin_lock(x); spin_unlock(x);',
]) {
  test(`${statement} leaves the initial value of a lock, also of one that is declared as a number`, async (t) => {
    const { states } = await enginesAgree(t, `C v\n{}\nP0(int *x) { ${statement} }\nexists (x=1)`);
    t.deepEqual(states, ['[x]=0;']);
  });
}

for (const statement of ['rcu_read_unlock();', 'srcu_read_unlock(x, 0);']) {
  test(`${statement} of no section is a flag, and nothing for the machine`, async (t) => {
    const source = `C v\n{}\nP0(struct srcu_struct *x, int *y) { WRITE_ONCE(*y, 1); ${statement} }\nexists (y=1)`;
    t.regex(answer(source).flags.join(), /unbalanced/);
    const { skipped } = await machineEngine.run(parseLitmus(source), { timeLimitMs: 10_000 });
    t.regex(skipped ?? '', /section that is not open/);
  });
}
