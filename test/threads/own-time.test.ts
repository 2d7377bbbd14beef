import test from 'ava';
import { OwnTime } from '../../src/threads/own-time.js';

/** A clock that advances by a given time, of which the process uses a given part. */
function measured(): { time: OwnTime; pass: (ms: number, used: number) => number } {
  let [now, processor] = [1000, 50];
  const clocks = { now: () => now, processor: () => processor };
  const time = new OwnTime(10, clocks);
  return {
    time,
    pass(ms, used) {
      now += ms;
      processor += used;
      return time.look();
    },
  };
}

test('time counts while a process works, or looks often', (t) => {
  const { pass } = measured();
  t.is(pass(2000, 3500), 2000);
  t.is(pass(5, 0), 2005);
});

test('a process that was stopped, or had no processor, has had no time of its own', (t) => {
  const { pass } = measured();
  t.is(pass(30_000, 0), 10);
  t.is(pass(30_000, 40), 50);
});
