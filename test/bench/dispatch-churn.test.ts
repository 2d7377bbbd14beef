import test from 'ava';
import { DispatchMachine } from '../../bench/dispatch-threads.js';
import { REAL } from '../../bench/dispatch-workload.js';
import { HISTOGRAM_WORDS, count, quantiles } from '../../bench/histogram.js';

const CHURN = { active: 1, case: REAL, churn: true } as const;

test.serial(
  'while patches come and go, every version that runs is one the oracle accepts',
  async (t) => {
    const machine = await DispatchMachine.start({ callers: 1 });
    const { steps, perSecond } = await machine.measure({ ...CHURN, isTimed: true }, 50);
    const { findings, ends } = await machine.stop();
    t.true(steps >= 12);
    t.true(perSecond > 0);
    t.deepEqual(findings, []);
    t.deepEqual(
      ends.map(({ status }) => status),
      ['stopped', 'stopped'],
    );
  },
);

test.serial('a handler that ignores the patch state is caught', async (t) => {
  const machine = await DispatchMachine.start({ callers: 1, isBlind: true });
  await t.throwsAsync(machine.measure(CHURN, 50), {
    code: 'ERR_INVARIANT_VIOLATED',
    message: /the machine stopped: \{"kind":"I-8/,
  });
  await machine.stop();
});

test('a quantile lies within a 32nd of the value', (t) => {
  const words = new Int32Array(HISTOGRAM_WORDS);
  for (let value = 1; value <= 100_000; value++) count(words, 0, value);
  const [p50 = 0, p999 = 0] = quantiles(words, [0], [0.5, 0.999]);
  t.true(p50 <= 50_001 && p50 >= 50_000 * (31 / 32));
  t.true(p999 <= 99_901 && p999 >= 99_900 * (31 / 32));
  t.deepEqual(quantiles(new Int32Array(HISTOGRAM_WORDS), [0], [0.5]), [NaN]);
});
