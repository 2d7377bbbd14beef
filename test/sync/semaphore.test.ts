import test from 'ava';
import * as fc from 'fast-check';
import { INT32_MAX_VALUE, InvalidError, Semaphore } from '../../src/sync/index.js';
import { hire, waiting } from './crew.js';
import { newStage } from './roles.js';

const LONG_AGO = 0;

test('two posts in a row wake two sleepers, thousands of times', async (t) => {
  const stage = newStage({ rounds: 5_000 });
  const crew = [hire('taker', stage, 1), hire('taker', stage, 2), hire('poster', stage, 3)];
  await Promise.all(crew.map(({ done }) => done));
  t.deepEqual([...stage.sem, ...stage.spare], [0, 0, 0, 0], 'no permit and no waiter is left');
});

test('sleepers that the main thread posts to at once all wake', async (t) => {
  const stage = newStage({ rounds: 1 });
  const crew = [1, 2, 3, 4].map((id) => hire('taker', stage, id));
  await waiting(stage.sem, 4);
  for (let i = 0; i < 4; i++) Semaphore.post(stage.sem);
  await Promise.all(crew.map(({ done }) => done));
  t.is(Semaphore.getValue(stage.spare), 4);
});

test('a waiter that gives up takes neither a permit nor a wake-up of the others along', async (t) => {
  const stage = newStage({ rounds: 500 });
  const takers = [1, 2].map((id) => hire('impatientTaker', stage, id));
  const patient = hire('taker', stage, 3);
  for (let i = 0; i < 1500; i++) {
    Semaphore.post(stage.sem);
    if (i % 16 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  await Promise.all([...takers, patient].map(({ done }) => done));
  t.deepEqual([...stage.sem], [0, 0]);
  t.is(Semaphore.getValue(stage.spare), 500);
});

test('a deadline in the past means one attempt', (t) => {
  const sem = Semaphore.init(1);
  t.true(Semaphore.timedWait(sem, LONG_AGO));
  t.false(Semaphore.timedWait(sem, LONG_AGO));
  t.false(Semaphore.timedWait(sem, Date.now() + 2));
  t.deepEqual([...sem], [0, 0]);
});

test('the number of permits is an integer from 0 to 2³¹ − 1', (t) => {
  for (const value of [1.5, NaN, Infinity]) {
    t.throws(() => Semaphore.init(value), {
      instanceOf: InvalidError,
      code: 'ERR_SYNC_INVALID',
      message: `semaphore value ${value} is not an integer`,
    });
  }
  for (const value of [-1, INT32_MAX_VALUE + 1]) {
    t.throws(() => Semaphore.init(value), {
      instanceOf: RangeError,
      message: `semaphore value ${value} is not from 0 to 2147483647`,
    });
  }
  t.throws(() => Semaphore.timedWait(Semaphore.init(0), NaN), {
    instanceOf: InvalidError,
    message: /timestamp NaN/,
  });
});

test('a post too many is refused and changes nothing', (t) => {
  const sem = Semaphore.init(INT32_MAX_VALUE);
  t.throws(() => Semaphore.post(sem), {
    instanceOf: RangeError,
    message: 'semaphore holds 2147483647 permits',
  });
  t.is(Semaphore.getValue(sem), INT32_MAX_VALUE);
});

test('as many permits are taken as were given, in any sequence', (t) => {
  const property = fc.property(fc.nat(5), fc.array(fc.boolean()), (start, posts) => {
    const sem = Semaphore.init(start);
    let permits = start;
    for (const isPost of posts) {
      if (isPost) {
        Semaphore.post(sem);
        permits++;
      } else if (Semaphore.tryWait(sem)) permits--;
      else t.is(permits, 0);
      t.is(Semaphore.getValue(sem), permits);
    }
  });
  fc.assert(property, { seed: 1 });
});
