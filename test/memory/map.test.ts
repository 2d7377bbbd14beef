import test from 'ava';
import { MemoryMap } from '../../src/memory/map.js';
import { struct } from '../../src/memory/struct.js';

const POINT = struct('point', { x: 1, y: 1, history: 4 });

test('fields get consecutive offsets in declaration order', (t) => {
  t.deepEqual({ ...POINT }, { x: 0, y: 1, history: 2, size: 6 });
});

test('an address is named by region, element and field', (t) => {
  const map = new MemoryMap();
  const base = map.claim('points', POINT, 3);
  t.is(map.nameOf(base + POINT.y), 'points[0].y');
  t.is(map.nameOf(base + 2 * POINT.size + POINT.history + 3), 'points[2].history[3]');
  t.is(map.nameOf(0), '0x0');
});

test('regions do not overlap and start on a cache line', (t) => {
  const map = new MemoryMap();
  const a = map.claim('a', POINT, 3);
  const b = map.claimWords('b', 5);
  t.true(b >= a + 3 * POINT.size);
  t.is(b % 16, 0);
  t.true(map.words >= b + 5);
});
