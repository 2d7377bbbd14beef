import test from 'ava';
import { createStrategy, exploreRange } from '../../src/campaign/work/range.js';
import { loadPrograms, ProgramSession } from '../../src/javascript/engine/session.js';
import { fileOf } from './programs.js';

const all = ['practice', 'practice-more'].flatMap((name) =>
  loadPrograms(fileOf(`test/javascript/fixtures/${name}.js`)),
);
const runs = Number(process.env['KLP_PRACTICE_RUNS'] ?? 150);

test('there are forty or more, each right and wrong', (t) => {
  const good = all.filter(({ name }) => name.endsWith('Good')).map(({ name }) => name.slice(0, -4));
  t.true(good.length >= 40);
  for (const name of good)
    t.true(
      all.some((other) => other.name === `${name}Bad`),
      name,
    );
});

for (const loaded of all) {
  const isGood = loaded.name.endsWith('Good');
  test(`${loaded.name}: ${isGood ? 'nothing is found' : 'what is wrong is found'}`, (t) => {
    const session = new ProgramSession(loaded, { memory: 'js', ablated: [] });
    const to = isGood ? runs : 20_000;
    const strategy = createStrategy({ kind: 'random', seed: 1 }, session);
    const range = { from: 0, to, deadline: Infinity, stopAt: 'forbidden' } as const;
    const { tally } = exploreRange(session, strategy, range);
    const found = tally.outcomes.filter(({ grade }) => grade === 'forbidden');
    t.is(
      found.length === 0,
      isGood,
      found.map(({ key, detail }) => `${key}: ${detail}`).join('\n'),
    );
  });
}
