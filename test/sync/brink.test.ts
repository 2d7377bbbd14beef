import test from 'ava';
import { Condition, Mutex, Once, Semaphore, SpinLock } from '../../src/sync/index.js';

type Sleep = (words: Int32Array, index: number, value: number) => ReturnType<typeof Atomics.wait>;

/** Run `act` with `sleep` in the place of `Atomics.wait`. */
function withSleep(sleep: Sleep, act: () => void): void {
  const wait = Object.getOwnPropertyDescriptor(Atomics, 'wait')!;
  Object.defineProperty(Atomics, 'wait', { ...wait, value: sleep });
  try {
    act();
  } finally {
    Object.defineProperty(Atomics, 'wait', wait);
  }
}

/**
 * Run `sleeper` with another thread's `deed` placed at the worst moment: after the sleeper has decided to sleep, before
 * it does. If it then really sleeps, the sleep takes no time, since no thread is left to end it.
 * @returns what the sleeps came to, in order
 */
function atTheBrink(deed: () => void, sleeper: () => void): string[] {
  const wait = Atomics.wait.bind(Atomics) as (...of: [...Parameters<Sleep>, number]) => string;
  const sleeps: string[] = [];
  const sleep: Sleep = (words, index, value) => {
    if (sleeps.length === 1) throw new Error('asleep for good');
    deed();
    const outcome = wait(words, index, value, 0) as ReturnType<Sleep>;
    sleeps.push(outcome);
    return outcome;
  };
  withSleep(sleep, sleeper);
  return sleeps;
}

for (const [name, Kind] of Object.entries({ Mutex, SpinLock })) {
  test(`${name}: an unlock just before the waiter falls asleep keeps it awake`, (t) => {
    const lock = Kind.init();
    Kind.lock(lock, 1);
    const sleeps = atTheBrink(
      () => Kind.unlock(lock, 1),
      () => Kind.lock(lock, 2),
    );
    t.deepEqual(sleeps, ['not-equal']);
    t.deepEqual([...lock], [2, 0]);
  });
}

test('Mutex: a hand-over to a third thread just before is seen as well', (t) => {
  const mutex = Mutex.init();
  Mutex.lock(mutex, 1);
  const handOver = (): void => {
    Mutex.unlock(mutex, 1);
    Mutex.lock(mutex, 3);
  };
  // The waiter looks again, finds the third thread, and would now sleep for it.
  t.throws(() => atTheBrink(handOver, () => Mutex.lock(mutex, 2)), { message: 'asleep for good' });
});

test('Mutex: an unlock while a timed waiter gives up is still taken', (t) => {
  const mutex = Mutex.init();
  Mutex.lock(mutex, 1);
  const sleep: Sleep = () => {
    Mutex.unlock(mutex, 1);
    return 'timed-out';
  };
  withSleep(sleep, () => t.true(Mutex.timedLock(mutex, 2, 0)));
});

test('Semaphore: a post just before the waiter falls asleep keeps it awake', (t) => {
  const sem = Semaphore.init(0);
  const sleeps = atTheBrink(
    () => Semaphore.post(sem),
    () => Semaphore.wait(sem),
  );
  t.deepEqual(sleeps, ['not-equal']);
  t.deepEqual([...sem], [0, 0]);
});

test('Condition: a signal between unlock and sleep keeps the waiter awake', (t) => {
  const [cond, mutex] = [Condition.init(), Mutex.init()];
  Mutex.lock(mutex, 1);
  const deed = (): void => {
    Mutex.lock(mutex, 2); // The mutex is free here, or this would end as a deadlock.
    Condition.signal(cond);
    Mutex.unlock(mutex, 2);
  };
  const sleeps = atTheBrink(deed, () => Condition.wait(cond, mutex, 1));
  t.deepEqual(sleeps, ['not-equal']);
  t.deepEqual([...mutex], [1, 0]);
});

test('Condition: a signal that comes as the waiter gives up counts', (t) => {
  const [cond, mutex] = [Condition.init(), Mutex.init()];
  Mutex.lock(mutex, 1);
  const sleep: Sleep = () => {
    Condition.signal(cond);
    return 'timed-out';
  };
  withSleep(sleep, () => t.true(Condition.timedWait(cond, mutex, 1, 0)));
});

test('Once: a function that ends just before the second thread falls asleep keeps it awake', (t) => {
  const once = Once.init();
  Atomics.store(once, 0, 1); // Another thread runs the function.
  const sleeps = atTheBrink(
    () => Atomics.store(once, 0, 2),
    () => Once.execute(once, () => t.fail('it has run')),
  );
  t.deepEqual(sleeps, ['not-equal']);
});

test('with nothing done at the brink the waiter sleeps', (t) => {
  const sem = Semaphore.init(0);
  const sleeps = atTheBrink(
    () => undefined,
    () => Semaphore.wait(sem),
  );
  t.deepEqual(sleeps, ['timed-out']);
});
