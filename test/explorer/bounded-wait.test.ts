/** Bounded waits: a CPU that could go on gets its turn in time, whatever the strategy below would do. */

import test from 'ava';
import type { Position, Strategy } from '../../src/explorer/engine/strategy.js';
import { lowest } from '../../src/explorer/engine/strategy.js';
import { BoundedWait } from '../../src/explorer/strategies/bounded-wait.js';

/** Lets only the lowest CPU that can go on execute, `fuel` operations at a time. */
const starving = (fuel: number): Strategy => ({
  fuel,
  observes: false,
  restsAlone: true,
  begin: () => true,
  next: (runnable) => lowest(runnable),
  choose: () => 0,
  observe: () => undefined,
  end: () => undefined,
});

/** Who got a turn, when the CPUs of each mask could go on; each turn executes what it may. */
function turns(strategy: Strategy, masks: readonly number[], cpus = 3): number[] {
  const positions = Array.from(
    { length: cpus },
    (): { -readonly [K in keyof Position]: number } => ({
      count: 0,
      decidedAt: 0,
    }),
  );
  strategy.begin(0);
  let last = -1;
  return masks.map((mask) => {
    last = strategy.next(mask, last, positions);
    positions[last]!.count += strategy.fuel;
    return last;
  });
}

test('a CPU gets its turn after so many operations of the others, the longest waiting first', (t) => {
  const always = Array.from({ length: 40 }, () => 0b111);
  t.false(turns(starving(4), always).some((cpu) => cpu > 0));
  const got = turns(new BoundedWait(starving(4), 20), always);
  t.deepEqual(got.slice(0, 9), [0, 0, 0, 0, 0, 0, 1, 2, 0]);
  for (let from = 0; from + 9 <= got.length; from++) {
    t.deepEqual([...new Set(got.slice(from, from + 9))].sort(), [0, 1, 2], `from ${from}`);
  }
});

test('one that cannot go on does not wait for its turn', (t) => {
  const got = turns(new BoundedWait(starving(4), 20), [
    ...Array.from({ length: 12 }, () => 0b01),
    ...Array.from({ length: 6 }, () => 0b11),
    0b01,
    ...Array.from({ length: 6 }, () => 0b11),
    0b11,
  ]);
  t.deepEqual([...new Set(got.slice(0, -1))], [0]);
  t.is(got[got.length - 1], 1);
});

test('a turn that comes to nothing is a turn: the others go on', (t) => {
  const strategy = new BoundedWait(starving(4), 20);
  const positions = [
    { count: 0, decidedAt: 0 },
    { count: 0, decidedAt: 0 },
  ];
  strategy.begin(0);
  const got: number[] = [];
  for (let i = 0; i < 20; i++) {
    const cpu = strategy.next(0b11, 0, positions);
    if (cpu === 0) positions[0]!.count += strategy.fuel;
    got.push(cpu);
  }
  t.deepEqual(got.slice(0, 14), [0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1]);
});

test('a strategy that has to be told of every step cannot be overruled', (t) => {
  t.throws(() => new BoundedWait({ ...starving(1), observes: true }, 20), { message: /observes/ });
});
