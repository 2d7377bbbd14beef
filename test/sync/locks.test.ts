import test, { type ExecutionContext } from 'ava';
import * as fc from 'fast-check';
import {
  DeadlockError,
  InvalidError,
  Mutex,
  PermissionError,
  SpinLock,
} from '../../src/sync/index.js';
import { hire, playOut, waiting, wordReaches } from './crew.js';
import { newStage, TALLY, type RoleName, type Stage } from './roles.js';

const LONG_AGO = 0;
const CREW = 4;

const contended: readonly (readonly [title: string, role: RoleName, rounds: number])[] = [
  ['a mutex', 'mutex', 20_000],
  ['a mutex asked for in all three ways', 'mixedMutex', 5_000],
  ['a spin lock with more threads than processors', 'spin', 20_000],
];

for (const [title, role, rounds] of contended) {
  test(`${title} lets one thread in at a time, and every waiter in the end`, async (t) => {
    const stage = newStage({ rounds });
    await playOut(role, stage, CREW);
    t.is(stage.tally[TALLY.sum], CREW * rounds);
    t.is(stage.tally[TALLY.overlaps], 0);
    t.deepEqual([...stage.lock], [0, 0], 'free, and nobody counts as waiting');
  });
}

test('with no lock the same section finds two threads inside', async (t) => {
  const stage = newStage({ rounds: CREW });
  await playOut('unlocked', stage, CREW);
  t.is(stage.tally[TALLY.overlaps], CREW - 1);
});

/** A mutex that a thread with id 7 held when it ended, on its own or terminated. */
async function orphaned(role: 'deserter' | 'hostageTaker'): Promise<Stage> {
  const stage = newStage({ rounds: 1 });
  const { worker, done } = hire(role, stage, 7);
  await wordReaches(stage.tally, TALLY.arrived, 1);
  if (role === 'hostageTaker') await worker.terminate();
  await done;
  return stage;
}

for (const role of ['deserter', 'hostageTaker'] as const) {
  test(`a mutex whose owner died stays taken until it is recovered (${role})`, async (t) => {
    const { lock } = await orphaned(role);
    t.false(Mutex.tryLock(lock, 1));
    t.false(Mutex.timedLock(lock, 1, Date.now() + 2));
    t.throws(() => Mutex.unlock(lock, 1), {
      instanceOf: PermissionError,
      code: 'ERR_SYNC_PERMISSION',
      message: 'thread 1 gives back a lock that belongs to thread 7',
    });
    t.true(Mutex.recover(lock, 7));
    t.true(Mutex.tryLock(lock, 1));
  });
}

test('recovering a mutex lets those in who slept for its dead owner', async (t) => {
  const stage = await orphaned('deserter');
  const sleepers = [1, 2, 3].map((id) => hire('mutex', stage, id));
  await waiting(stage.lock, 3);
  t.true(Mutex.recover(stage.lock, 7));
  await Promise.all(sleepers.map(({ done }) => done));
  t.is(stage.tally[TALLY.sum], 3);
});

test('recovering after a thread that was no owner leaves the mutex alone', async (t) => {
  const stage = await orphaned('deserter');
  t.false(Mutex.recover(stage.lock, 8));
  t.false(Mutex.tryLock(stage.lock, 1));
});

test('a waiter that dies takes no wake-up of the others along', async (t) => {
  const stage = newStage({ rounds: 1 });
  Mutex.lock(stage.lock, 99);
  const [first, ...others] = [1, 2, 3].map((id) => hire('mutex', stage, id));
  await waiting(stage.lock, 3);
  await first!.worker.terminate();
  Mutex.unlock(stage.lock, 99);
  // It may have died after it was woken: the code that ends a thread cleans up after it.
  Mutex.recover(stage.lock, 1);
  await Promise.all(others.map(({ done }) => done));
  t.true(stage.tally[TALLY.sum]! >= 2);
});

const invalidIds = [0, 1.5, NaN, Infinity, 2 ** 31, -(2 ** 31) - 1];

function assertIdsChecked(t: ExecutionContext, act: (threadId: number) => unknown): void {
  for (const id of invalidIds) {
    t.throws(() => act(id), {
      instanceOf: InvalidError,
      name: 'InvalidError',
      code: 'ERR_SYNC_INVALID',
      message: `thread id ${id} is not a 32-bit integer other than 0`,
    });
  }
}

const kinds = { Mutex, SpinLock };

for (const [name, Kind] of Object.entries(kinds)) {
  test(`${name} refuses what is no thread id, and stays as it was`, (t) => {
    const lock = Kind.init();
    assertIdsChecked(t, (id) => Kind.lock(lock, id));
    assertIdsChecked(t, (id) => Kind.tryLock(lock, id));
    assertIdsChecked(t, (id) => Kind.unlock(lock, id));
    t.deepEqual([...lock], [0, 0]);
  });

  test(`${name} refuses to be taken twice by its owner`, (t) => {
    const lock = Kind.init();
    Kind.lock(lock, 5);
    const expected = {
      instanceOf: DeadlockError,
      name: 'DeadlockError',
      code: 'ERR_SYNC_DEADLOCK',
      message: 'thread 5 waits for the lock that it owns',
    };
    t.throws(() => Kind.lock(lock, 5), expected);
    t.throws(() => Kind.tryLock(lock, 5), expected);
    Kind.unlock(lock, 5);
  });

  test(`${name} is given back by its owner only, and only once`, (t) => {
    const lock = Kind.init();
    Kind.lock(lock, 5);
    t.throws(() => Kind.unlock(lock, 6), {
      instanceOf: PermissionError,
      message: /thread 6 .* belongs to thread 5/,
    });
    Kind.unlock(lock, 5);
    t.throws(() => Kind.unlock(lock, 5), {
      instanceOf: PermissionError,
      code: 'ERR_SYNC_PERMISSION',
      message: 'thread 5 gives back a lock that is free',
    });
  });

  test(`${name} accepts every id that fits a word, the negative ones too`, (t) => {
    for (const id of [1, -1, 2 ** 31 - 1, -(2 ** 31)]) {
      const lock = Kind.init();
      t.true(Kind.tryLock(lock, id));
      Kind.unlock(lock, id);
    }
  });
}

test('Mutex.timedLock refuses its owner, a bad id and a deadline that is no number', (t) => {
  const mutex = Mutex.init();
  assertIdsChecked(t, (id) => Mutex.timedLock(mutex, id, LONG_AGO));
  t.throws(() => Mutex.timedLock(mutex, 1, NaN), {
    instanceOf: InvalidError,
    message: 'timestamp NaN is not a number of milliseconds',
  });
  t.true(Mutex.timedLock(mutex, 1, LONG_AGO), 'a deadline in the past still means one attempt');
  t.throws(() => Mutex.timedLock(mutex, 1, LONG_AGO), { instanceOf: DeadlockError });
  t.false(Mutex.timedLock(mutex, 2, LONG_AGO));
  t.deepEqual([...mutex], [1, 0]);
});

test('a lock has one owner after any sequence of calls', (t) => {
  const step = fc.record({ id: fc.integer({ min: 1, max: 3 }), isLock: fc.boolean() });
  const property = fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
    const mutex = Mutex.init();
    let owner = 0;
    for (const { id, isLock } of steps) {
      if (isLock && owner !== id) {
        t.is(Mutex.tryLock(mutex, id), owner === 0);
        owner ||= id;
      } else if (isLock) t.throws(() => Mutex.tryLock(mutex, id), { instanceOf: DeadlockError });
      else if (owner === id) {
        Mutex.unlock(mutex, id);
        owner = 0;
      } else t.throws(() => Mutex.unlock(mutex, id), { instanceOf: PermissionError });
    }
  });
  fc.assert(property, { seed: 1 });
});
