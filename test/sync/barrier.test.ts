import test from 'ava';
import { Barrier, InvalidError } from '../../src/sync/index.js';
import { playOut } from './crew.js';
import { newStage, TALLY } from './roles.js';

test('nobody passes a barrier before its whole party has arrived, in any generation', async (t) => {
  const rounds = 1_000;
  const stage = newStage({ rounds, party: 4, generations: rounds });
  await playOut('marcher', stage, 4);
  t.is(stage.tally[TALLY.early], 0);
  t.is(stage.tally[TALLY.lasts], rounds, 'one thread of each generation was the last');
});

test('more threads than a party has pass in parties', async (t) => {
  const stage = newStage({ rounds: 3_600, party: 3 });
  await playOut('straggler', stage, 6);
  t.is(stage.tally[TALLY.lasts], 3_600 / 3);
  t.is(Atomics.load(stage.barrier.barrier, 1), 0, 'nobody is left behind');
});

test('a party of one never waits', (t) => {
  const barrier = Barrier.init(1);
  t.true(Barrier.wait(barrier, 1));
  t.true(Barrier.wait(barrier, 1));
});

test('the size of a party is an integer from 1 to 2³¹ − 1, and thread ids are checked', (t) => {
  t.throws(() => Barrier.init(2.5), {
    instanceOf: InvalidError,
    code: 'ERR_SYNC_INVALID',
    message: 'barrier count 2.5 is not an integer',
  });
  for (const count of [0, -1, 2 ** 31]) {
    t.throws(() => Barrier.init(count), {
      instanceOf: RangeError,
      message: `barrier count ${count} is not from 1 to 2147483647`,
    });
  }
  t.throws(() => Barrier.wait(Barrier.init(1), 0), {
    instanceOf: InvalidError,
    message: /thread id 0/,
  });
});
