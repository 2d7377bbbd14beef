import test from 'ava';
import { Condition, InvalidError, Mutex, PermissionError } from '../../src/sync/index.js';
import { hire, wordReaches } from './crew.js';
import { newStage, TALLY } from './roles.js';

test('producers and consumers of a buffer of one lose no item and no signal', async (t) => {
  const stage = newStage({ rounds: 2_000 });
  const crew = [
    hire('producer', stage, 1),
    hire('producer', stage, 2),
    hire('consumer', stage, 3),
    hire('consumer', stage, 4),
  ];
  await Promise.all(crew.map(({ done }) => done));
  t.is(stage.tally[TALLY.consumed], 4_000);
  t.is(stage.tally[TALLY.level], 0);
  t.deepEqual([...stage.lock], [0, 0]);
});

test('one signal each wakes as many listeners, and a broadcast wakes all', async (t) => {
  const stage = newStage({ rounds: 1 });
  const crew = [1, 2, 3, 4].map((id) => hire('listener', stage, id));
  await wordReaches(stage.tally, TALLY.arrived, 4);
  // All have counted themselves with the mutex held: with the mutex in hand here, all wait.
  Mutex.lock(stage.lock, 99);
  stage.tally[TALLY.level] = 4;
  Condition.signal(stage.cond);
  Condition.signal(stage.cond);
  Mutex.unlock(stage.lock, 99);
  await wordReachesDown(stage.tally, 2);
  Mutex.lock(stage.lock, 99);
  Condition.broadcast(stage.cond);
  Mutex.unlock(stage.lock, 99);
  await Promise.all(crew.map(({ done }) => done));
  t.is(stage.tally[TALLY.level], 0);
});

/** Let the event loop turn until at most `value` items are left. */
async function wordReachesDown(tally: Int32Array, value: number): Promise<void> {
  while (Atomics.load(tally, TALLY.level) > value) {
    await new Promise((resolve) => setImmediate(resolve));
  }
}

test('a wait that times out says so, and holds the mutex again', (t) => {
  const [cond, mutex] = [Condition.init(), Mutex.init()];
  Mutex.lock(mutex, 1);
  t.false(Condition.timedWait(cond, mutex, 1, 0));
  t.false(Condition.timedWait(cond, mutex, 1, Date.now() + 2));
  t.notThrows(() => Mutex.unlock(mutex, 1));
});

test('a wait without the mutex is refused', (t) => {
  const [cond, mutex] = [Condition.init(), Mutex.init()];
  t.throws(() => Condition.wait(cond, mutex, 1), {
    instanceOf: PermissionError,
    code: 'ERR_SYNC_PERMISSION',
    message: 'thread 1 gives back a lock that is free',
  });
  t.throws(() => Condition.timedWait(cond, mutex, 0, 0), {
    instanceOf: InvalidError,
    message: /thread id 0/,
  });
  t.throws(() => Condition.timedWait(cond, mutex, 1, NaN), {
    instanceOf: InvalidError,
    message: /timestamp NaN/,
  });
});
