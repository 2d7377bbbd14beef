/** Locks that are also accessed as numbers, or released without having been taken: lock.cat flags them, and counts their executions. */
import test from 'ava';
import { Search } from '../../src/litmus/axioms/search.js';
import { machineEngine } from '../../src/litmus/on-machine/machine-engine.js';
import { modelOf } from '../../src/litmus/model.js';
import { parseLitmus } from '../../src/litmus/syntax/parse.js';
import { violatedAxiom } from '../../src/view-machine/validate/literal.js';
import { answer } from './agreement.js';
import { logOf } from './candidate-log.js';

const locks = (...threads: readonly string[]): string =>
  `C t\n{}\n${threads
    .map((body, i) => `P${i}(int *x, spinlock_t *l) { ${body} }`)
    .join('\n')}\nexists (0:r0=1)`;

/** Complete candidates by what the axioms engine and the literal model say about them, and those of a search that is cut. */
function judged(source: string): Record<'both' | 'neither' | 'differ' | 'cut', number> {
  const counts = { both: 0, neither: 0, differ: 0, cut: 0 };
  const literally = (candidate: Parameters<typeof logOf>[0]): boolean =>
    violatedAxiom(logOf(candidate)!) === null;
  const litmus = parseLitmus(source);
  new Search(litmus, {
    allowed: (candidate) => counts[literally(candidate) ? 'both' : 'differ']++,
    forbidden: (candidate) => counts[literally(candidate) ? 'differ' : 'neither']++,
    proceed: () => true,
  }).run();
  new Search(litmus, { allowed: () => counts.cut++, proceed: () => true }).run();
  return counts;
}

test('a trylock on either side of an ordinary store takes the lock: one that follows the store reads from nothing', (t) => {
  const source = locks('int r0 = spin_trylock(l);', 'WRITE_ONCE(*l, 1);');
  const { counts, states, flags } = answer(source);
  t.deepEqual(counts, [2, 0]);
  t.deepEqual(states, ['0:r0=1;']);
  t.deepEqual(flags, ['mixed-lock-accesses']);
  t.deepEqual(judged(source), { both: 2, neither: 0, differ: 0, cut: 2 });
});

test('an ordinary store between an unlock and the next lock ends what the lock orders', (t) => {
  const before = 'spin_lock(l); WRITE_ONCE(*x, 1); spin_unlock(l);';
  const after = 'int r0 = READ_ONCE(*x);';
  const [behind, held] = [
    `spin_lock(l); ${after} spin_unlock(l);`,
    `spin_lock(l); spin_unlock(l); ${after}`,
  ];
  for (const [reader, alone, withStore] of [
    // Each place for the store has what the sections have without it; between them, either order shows both values.
    [behind, 2, 8],
    [held, 3, 10],
  ] as const) {
    t.like(judged(locks(reader, before)), { both: alone, differ: 0, cut: alone });
    for (const threads of [
      [reader, before, 'WRITE_ONCE(*l, 0);'],
      [reader, 'WRITE_ONCE(*l, 0);', before],
      [`int r0 = 0; ${before}`, reader, 'WRITE_ONCE(*l, 0);'],
    ]) {
      const expected = { both: withStore, differ: 0, cut: withStore };
      t.like(judged(locks(...threads)), expected, threads.join(' | '));
    }
  }
});

test('an answer that a lock is free never comes from what its thread does later', (t) => {
  const ask = 'int r0 = spin_is_locked(l); spin_unlock(l);';
  t.deepEqual(answer(locks(ask)).counts, [0, 1]);
  // Each asks and then unlocks: initial, or the other's unlock; not both the latter, which would be a circle.
  t.deepEqual(answer(locks(ask, ask)).counts, [0, 3]);
  t.deepEqual(judged(locks(ask, ask)), { both: 3, neither: 0, differ: 0, cut: 3 });
});

test('from 6.12 on, only the last unlock of a thread answers it', (t) => {
  const litmus = parseLitmus(locks('spin_unlock(l); spin_unlock(l); int r0 = spin_is_locked(l);'));
  for (const [version, sources] of [
    ['6.1', 3],
    ['6.12', 2],
    ['7.3', 2],
  ] as const) {
    let found = 0;
    const listener = { allowed: () => found++, proceed: () => true };
    new Search(litmus, listener, { model: modelOf(version) }).run();
    t.is(found, sources, version);
  }
});

for (const [what, reason, threads] of [
  [
    'reads a lock by a computed address',
    /:3:\d+: an ordinary access to a lock$/,
    [
      'int r1 = READ_ONCE(*x); int r0 = READ_ONCE(*(l + (r1 & 0)));',
      'spin_lock(l); spin_unlock(l);',
    ],
  ],
  [
    'takes as a lock by a computed address what is read',
    /:4:\d+: an ordinary access to a lock$/,
    [
      'int r0 = READ_ONCE(*x);',
      'int r1 = READ_ONCE(*x); spin_lock(x + (r1 & 0)); spin_unlock(x + (r1 & 0));',
    ],
  ],
  [
    'releases what another thread holds',
    /:3:\d+: a lock that is released unheld$/,
    ['int r0 = 1; spin_unlock(l);', 'spin_lock(l);'],
  ],
] as const) {
  test(`the machine refuses a test that ${what}`, async (t) => {
    const { skipped } = await machineEngine.run(parseLitmus(locks(...threads)), {
      timeLimitMs: 60_000,
    });
    t.regex(skipped ?? '', reason);
  });
}
