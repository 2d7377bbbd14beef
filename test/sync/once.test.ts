import test from 'ava';
import { Once, Semaphore } from '../../src/sync/index.js';
import { hire, playOut, wordReaches } from './crew.js';
import { newStage, TALLY } from './roles.js';

test('a function runs once, and nobody returns before it is through', async (t) => {
  const stage = newStage({ rounds: 1 });
  const crew = [1, 2, 3, 4].map((id) => hire('initialiser', stage, id));
  await wordReaches(stage.tally, TALLY.arrived, 4);
  t.false(Once.isExecuted(stage.once), 'one of them is inside, and waits for this permit');
  Semaphore.post(stage.sem);
  await Promise.all(crew.map(({ done }) => done));
  t.is(stage.tally[TALLY.sum], 1);
  t.is(stage.tally[TALLY.early], 0);
  t.true(Once.isExecuted(stage.once));
});

test('a function that throws has not run: the next thread tries', async (t) => {
  const stage = newStage({ rounds: 1 });
  await playOut('failingInitialiser', stage, 4);
  t.is(stage.tally[TALLY.sum], 1);
});

test('who throws gets the error, and who comes later finds the once untouched', (t) => {
  const once = Once.init();
  const boom = (): never => {
    throw new TypeError('boom');
  };
  t.throws(() => Once.execute(once, boom), { instanceOf: TypeError, message: 'boom' });
  t.false(Once.isExecuted(once));
  let runs = 0;
  Once.execute(once, () => {
    runs++;
  });
  Once.execute(once, boom);
  t.is(runs, 1);
});
