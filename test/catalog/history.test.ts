import test from 'ava';
import { HISTORY } from '../../src/catalog/history.js';
import { replayScript } from '../../src/scenario/history.js';

for (const bug of HISTORY) {
  if (bug.kind !== 'script') continue;
  test(`${bug.id} (${bug.title}): the old code shows ${bug.shows}, that of today nothing`, (t) => {
    const verdict = replayScript(bug);
    t.true(verdict.reproduced, JSON.stringify(verdict.before));
    t.deepEqual(verdict.after, []);
  });
}

test('every bug names the commit that fixed it, or says that it is open', (t) => {
  for (const bug of HISTORY) {
    t.regex(`${bug.commit}${bug.commit === '' ? bug.release : ''}`, /^[0-9a-f]{12}$|^open/, bug.id);
  }
});

test('no bug is listed twice', (t) => {
  t.is(new Set(HISTORY.map(({ id }) => id)).size, HISTORY.length);
});
