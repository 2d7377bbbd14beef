/** The search cuts early what the order of locks forbids. It must agree with the whole search, which cuts nothing. */

import { readdirSync, readFileSync } from 'node:fs';
import test from 'ava';
import { Search } from '../../src/litmus/axioms/search.js';
import { finalValue } from '../../src/litmus/axioms/states.js';
import { modelOf, type MemoryModel } from '../../src/litmus/model.js';
import type { LitmusTest } from '../../src/litmus/syntax/ast.js';
import { parseLitmus } from '../../src/litmus/syntax/parse.js';

const FOLDER = '../shared/litmus/tests/manual/locked';

/** How many allowed executions end in each state. */
function allowed(litmus: LitmusTest, model: MemoryModel, isWhole: boolean): string[] {
  const counts = new Map<string, number>();
  const listener = {
    allowed: (candidate: Parameters<typeof finalValue>[1]) => {
      const state = litmus.observed.map((place) => finalValue(litmus, candidate, place)).join();
      counts.set(state, (counts.get(state) ?? 0) + 1);
    },
    proceed: () => true,
  };
  const whole = { ...listener, forbidden: () => undefined };
  new Search(litmus, isWhole ? whole : listener, { model }).run();
  return [...counts].map(([state, n]) => `${state}: ${n}`).sort();
}

const TESTS = readdirSync(FOLDER)
  .filter((name) => name.endsWith('.litmus'))
  .map((name) => parseLitmus(readFileSync(`${FOLDER}/${name}`, 'utf8'), name));

for (const [version, turn] of [
  ['6.1', 0],
  ['7.3', 1],
] as const) {
  test(`what is cut for its locks is forbidden in ${version}`, (t) => {
    t.true(TESTS.length >= 110);
    const model = modelOf(version);
    for (const litmus of TESTS.filter((_, i) => i % 2 === turn)) {
      t.deepEqual(allowed(litmus, model, false), allowed(litmus, model, true), litmus.name);
    }
  });
}

/** Accesses before, in, between and after sections of two locks, marked and plain; one section is left open. */
const FORMS = [
  'WRITE_ONCE(*x, 1); spin_lock(l); r0 = *y; spin_unlock(l); *y = 1;',
  'spin_lock(l); *y = 2; spin_unlock(l); spin_lock(l); r0 = READ_ONCE(*x); spin_unlock(l);',
  'r0 = spin_trylock(l); r1 = *y; if (r0) { *x = 3; spin_unlock(l); }',
  'spin_lock(m); *x = 4; spin_lock(l); r0 = *y; spin_unlock(l); spin_unlock(m);',
  'spin_lock(m); r0 = READ_ONCE(*x); spin_unlock(m); r1 = xchg_relaxed(y, 5);',
  'spin_lock(l); r0 = atomic_cmpxchg(y, 0, 6); spin_unlock(l); r1 = *x;',
  'r0 = READ_ONCE(*y); spin_lock(l); WRITE_ONCE(*x, 7);',
] as const;

test('with other accesses around, two locks, and a section that does not end, too', (t) => {
  let checked = 0;
  for (const first of FORMS) {
    for (const second of FORMS) {
      const source = `C two\n{}\nP0(int *x, int *y, spinlock_t *l, spinlock_t *m) { int r0; int r1; ${first} }
P1(int *x, int *y, spinlock_t *l, spinlock_t *m) { int r0; int r1; ${second} }
locations [x; y; 0:r0; 0:r1; 1:r0; 1:r1]\nexists (x=9)\n`;
      const litmus = parseLitmus(source, 'two.litmus');
      for (const version of ['6.1', '7.3'] as const) {
        const states = allowed(litmus, modelOf(version), false);
        t.deepEqual(states, allowed(litmus, modelOf(version), true), source);
        checked += states.length;
      }
    }
  }
  t.is(checked, 304);
});
