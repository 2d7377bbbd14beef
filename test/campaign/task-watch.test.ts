import test from 'ava';
import { TaskWatch, type ThreadTime } from '../../src/campaign/work/task-watch.js';
import { newPulse } from '../../src/explorer/engine/pulse.js';

const SECONDS = 8;

/** What a watch says, second by second, about a worker that behaves in one way. Undefined: nothing, in a hundred seconds. */
function said(perSecond: {
  used: number;
  waited?: number;
  beats?: boolean;
  /** Every eighth second it waits so long for a processor. */
  wakes?: number;
}): string | undefined {
  const pulse = newPulse();
  const time = { used: 0, waited: 0 };
  const timeOf = (): ThreadTime => ({ ...time });
  const watch = new TaskWatch({ seconds: SECONDS, pulse, timeOf });
  for (let second = 1; second <= 20; second++) {
    if (watch.look() !== undefined) return 'a task that has not begun';
    time.used += 1;
  }
  pulse[0] = 4711;
  for (let second = 1; second <= 100; second++) {
    const how = watch.look();
    if (how !== undefined) return `${how} after ${second - 1}`;
    time.used += perSecond.used;
    time.waited += (perSecond.waited ?? 0) + (second % 8 === 0 ? (perSecond.wakes ?? 0) : 0);
    if (perSecond.beats === true) pulse[1] = second;
  }
  return undefined;
}

test('a worker that uses its processor without an operation loops', (t) => {
  t.is(said({ used: 1 }), 'loops after 8');
  t.is(said({ used: 0.25, waited: 0.75 }), 'loops after 32');
});

test('a worker that executes operations is never stuck, however long it takes', (t) => {
  t.is(said({ used: 1, beats: true }), undefined);
});

test('a worker that gets no processor is not stuck', (t) => {
  t.is(said({ used: 0, waited: 1 }), undefined);
  t.is(said({ used: 0.01, waited: 0.99 }), undefined);
});

test('a worker that neither uses nor wants a processor sleeps', (t) => {
  t.is(said({ used: 0 }), 'sleeps after 30');
  t.is(said({ used: 0, beats: true }), undefined);
  // The engine wakes it now and then, and on a busy machine that takes its time.
  t.is(said({ used: 0.001, wakes: 0.02 }), 'sleeps after 30');
  t.is(said({ used: 0.001, wakes: 0.7 }), 'sleeps after 45');
});

test('nothing is known of waiting on some systems: then nobody is said to sleep', (t) => {
  t.is(said({ used: 0, waited: NaN }), undefined);
});
