import test from 'ava';
import { SpotChecks } from '../../src/explorer/engine/spot-checks.js';

const repeated = (executions: number, operations: number, outcomeOf: (run: number) => string) => {
  const checks = new SpotChecks();
  return Array.from({ length: executions }, (_, run) =>
    checks.count(outcomeOf(run), operations, true) ? run : -1,
  ).filter((run) => run >= 0);
};

test('executions of a race are repeated as long as they take little', (t) => {
  const runs = repeated(100, 1000, () => 'clean');
  t.deepEqual(runs.slice(0, 21), [...Array(21).keys()]);
  t.true(runs.length < 30, `${runs.length}`);
});

test('of a whole machine only the first, and one for each other outcome', (t) => {
  const runs = repeated(60, 30_000, (run) => (run === 7 ? 'rare' : 'clean'));
  t.deepEqual(runs, [0, 7]);
  t.deepEqual(
    repeated(200, 30_000, () => 'clean'),
    [0, 31, 63, 95, 127, 159, 191],
  );
});

test('what is no candidate is never repeated', (t) => {
  const checks = new SpotChecks();
  t.false(checks.count('new', 10, false));
  t.true(checks.count('new', 10, true));
});
