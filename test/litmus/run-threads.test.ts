import test from 'ava';
import { checkLitmus } from '../../src/litmus/axioms/checker.js';
import { parseLitmus } from '../../src/litmus/syntax/parse.js';
import { ThreadsEngine } from '../../src/litmus/on-threads/run-threads.js';
import { MEMORY_KINDS } from '../../src/memory/backend.js';

const SEED = 9;
const OPTIONS = { timeLimitMs: 60_000, runs: 4096, seed: SEED } as const;

/** Tests of our own: a grace period, a publication, a lock, a filter, branches and every kind of read-modify-write. */
const SOURCES: Record<string, string> = {
  'a grace period': `C rcu {}
P0(int *x, int *y) { rcu_read_lock(); int r0 = READ_ONCE(*x); int r1 = READ_ONCE(*y); rcu_read_unlock(); }
P1(int *x, int *y) { WRITE_ONCE(*y, 1); synchronize_rcu(); WRITE_ONCE(*x, 1); }
exists (0:r0=1 /\\ 0:r1=0)`,
  'a publication': `C publish { p=z; }
P0(int *x, int **p) { WRITE_ONCE(*x, 42); rcu_assign_pointer(*p, x); }
P1(int **p) { int *r0 = rcu_dereference(*p); int r1 = READ_ONCE(*r0); }
exists (1:r0=x /\\ 1:r1=0)`,
  'a lock': `C lock {}
P0(int *x, int *y, spinlock_t *l) { spin_lock(l); WRITE_ONCE(*x, 1); WRITE_ONCE(*y, 1); spin_unlock(l); }
P1(int *x, int *y, spinlock_t *l) { spin_lock(l); int r0 = READ_ONCE(*y); int r1 = READ_ONCE(*x); spin_unlock(l); }
exists (1:r0=1 /\\ 1:r1=0)`,
  // True of every trial: which thread comes first depends on the machine; on a busy one it may always be the same.
  'a filter': `C filter {}
P0(int *x, int *y) { WRITE_ONCE(*x, 1); int r0 = READ_ONCE(*x); WRITE_ONCE(*y, 1); }
P1(int *x, int *y) { int r0 = READ_ONCE(*y); int r1 = READ_ONCE(*x); }
filter (0:r0=1)
exists (1:r0=1 /\\ 1:r1=0)`,
  'a branch': `C branch {}
P0(int *x, int *y) { int r0 = READ_ONCE(*x); if (r0) { WRITE_ONCE(*y, 2); } else { WRITE_ONCE(*y, 1); } }
P1(int *x, int *y) { int r0 = READ_ONCE(*y); WRITE_ONCE(*x, r0); }
exists (0:r0=1 /\\ 1:r0=2)`,
  'read-modify-writes': `C rmw {}
P0(atomic_t *x, int *y) { int r0 = atomic_add_return_release(2, x); WRITE_ONCE(*y, 1); int r1 = atomic_xchg(x, 7); }
P1(atomic_t *x, int *y) { int r0 = READ_ONCE(*y); int r1 = atomic_cmpxchg_acquire(x, 2, 9); atomic_inc(x); }
exists (1:r0=1 /\\ 1:r1=0 /\\ x=0)`,
};

for (const memory of MEMORY_KINDS) {
  test.serial(`${memory} shows no state that the axioms forbid`, async (t) => {
    t.log(`seed ${SEED}`);
    const engine = new ThreadsEngine(memory);
    t.teardown(() => engine.close());
    for (const [what, source] of Object.entries(SOURCES)) {
      const parsed = parseLitmus(source);
      const allowed = new Set(checkLitmus(parsed).states.map(({ state }) => state.join()));
      const result = await engine.run(parsed, OPTIONS);
      t.is(result.skipped, undefined, what);
      t.true(result.complete, what);
      t.is(result.runs, 4096, what);
      t.true(result.states.length > 0, what);
      t.deepEqual(
        result.states.filter(({ state }) => !allowed.has(state.join())),
        [],
        what,
      );
    }
  });
}

test.serial('a filter takes out the states that do not satisfy it', async (t) => {
  const engine = new ThreadsEngine('wasm');
  t.teardown(() => engine.close());
  const source = SOURCES['a filter']!.replace('filter (0:r0=1)', 'filter (0:r0=2)');
  const result = await engine.run(parseLitmus(source), OPTIONS);
  t.is(result.runs, 4096);
  t.deepEqual(result.states, []);
});

test.serial('what threads cannot run is skipped with the reason', async (t) => {
  const engine = new ThreadsEngine('weak');
  t.teardown(() => engine.close());
  const skipped = async (body: string): Promise<string | undefined> => {
    const source = `C skip {}\nP0(int *x, spinlock_t *l, spinlock_t *m) { ${body} }\nexists (x=0)`;
    return (await engine.run(parseLitmus(source), OPTIONS)).skipped;
  };
  t.is(await skipped('spin_lock(l);'), 'a lock that is kept, or released unheld');
  t.is(
    await skipped('spin_lock(l); spin_lock(m); spin_unlock(m); spin_unlock(l);'),
    'a lock inside a lock or a branch',
  );
  t.is(await skipped('int r0 = spin_is_locked(l);'), 'litmus:2:44: no is locked on threads');
  t.is(
    await skipped('rcu_read_lock(); synchronize_rcu(); rcu_read_unlock();'),
    'a grace period inside its own section',
  );
  t.is(await skipped('WRITE_ONCE(*x, 5000);'), 'litmus:2:44: the number 5000 is too large');
  t.regex(
    (await skipped('int r0 = READ_ONCE(*x); int r1 = READ_ONCE(*r0);')) ?? '',
    /null pointer/,
  );
});

test.serial(
  'a run that is out of time returns what it has, and says that it is not complete',
  async (t) => {
    const engine = new ThreadsEngine('wasm');
    t.teardown(() => engine.close());
    const parsed = parseLitmus(SOURCES['a filter']!);
    const result = await engine.run(parsed, { timeLimitMs: 300, runs: 1_000_000_000 });
    t.false(result.complete);
    t.true(result.runs < 1_000_000_000);
  },
);

test.serial(
  'loops run on threads with the same bound, and what goes on for longer counts for nothing',
  async (t) => {
    const engine = new ThreadsEngine('wasm');
    t.teardown(() => engine.close());
    const source =
      'C mp\n{}\nP0(int *x, int *y) { WRITE_ONCE(*x, 1); smp_store_release(y, 1); }\n' +
      'P1(int *x, int *y) { int n = 0; while (smp_load_acquire(y) == 0) n++; int r0 = READ_ONCE(*x); }\n' +
      'locations [1:n; 1:r0]\nexists (1:r0=0)';
    const { states, skipped } = await engine.run(parseLitmus(source), { ...OPTIONS, runs: 3000 });
    t.is(skipped, undefined);
    for (const { state } of states) t.true(state[0]! <= 4 && state[1] === 1, state.join());
    const for3 = 'C f\n{}\nP0(int *x) { for (int i = 0; i < 3; i++) *x += 2; }\nexists (x=6)';
    const counted = await engine.run(parseLitmus(for3), { ...OPTIONS, runs: 10 });
    t.deepEqual(
      counted.states.map(({ state }) => state),
      [[6]],
    );
    t.false(counted.isCut);
    const locked = 'C l\n{}\nP0(int *x, spinlock_t *l) { while (*x) spin_lock(l); }\nexists (x=0)';
    const refused = await engine.run(parseLitmus(locked, 'l'), OPTIONS);
    t.is(refused.skipped, 'l:3:40: a lock or RCU in a thread with loops or jumps');
  },
);
