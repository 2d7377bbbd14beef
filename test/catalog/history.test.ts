import test from 'ava';
import { HISTORY, NOT_REPLAYED } from '../../src/catalog/history.js';
import { replayScript } from '../../src/scenario/history.js';

for (const bug of HISTORY) {
  if (bug.kind !== 'script') continue;
  test(`${bug.id} (${bug.title}): the old code shows ${bug.shows}, that of today nothing`, (t) => {
    const verdict = replayScript(bug);
    t.true(verdict.reproduced, JSON.stringify(verdict.before));
    t.deepEqual(verdict.after, []);
  });
}

test('every bug names the commit that fixed it, where it is known', (t) => {
  for (const { id, commit } of HISTORY) t.regex(commit, /^([0-9a-f]{12})?$/, id);
  const without = HISTORY.filter(({ commit }) => commit === '').map(({ id }) => id);
  t.deepEqual(without, ['R-29', 'R-33', 'R-35']);
});

test('each of the 36 bugs is replayed, 30 of them, or says why not', (t) => {
  const numbers = (ids: readonly { readonly id: string }[]) =>
    new Set(ids.map(({ id }) => id.slice(0, 4)));
  const replayed = numbers(HISTORY);
  const others = numbers(NOT_REPLAYED);
  t.is(replayed.size, 30);
  const all = Array.from({ length: 36 }, (_, i) => `R-${String(i + 1).padStart(2, '0')}`);
  t.deepEqual([...replayed, ...others].sort(), all);
});

test('no bug is listed twice', (t) => {
  t.is(new Set(HISTORY.map(({ id }) => id)).size, HISTORY.length);
});
