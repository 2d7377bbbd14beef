import test from 'ava';
import * as fc from 'fast-check';
import {
  compareReports,
  toleranceOf,
  tolerancesOrigin,
  untrustworthy,
  type Tolerances,
} from '../../bench/compare.js';
import {
  environmentOf,
  growthExponent,
  relativeSpread,
  renderReport,
  rowsOf,
} from '../../bench/results.js';
import type { Report, Result, Row } from '../../bench/results.js';

const tolerances: Tolerances = { '*': { '*': 0.25 }, dispatch: { wasm: 0.1 } };

const row = (task: string, ratio: number, ratioSpread = 0): Row => ({
  task,
  value: ratio * 10,
  spread: 0,
  ratio,
  ratioSpread,
});

function report(rows: readonly Row[], better: Result['better'] = 'lower'): Report {
  const result = { name: 'dispatch', unit: 'ns/op', better, rows: [row('atomics', 1), ...rows] };
  return { environment: environmentOf(1, 3, 200), results: [result] };
}

test('the baseline comes first and ratios are taken within a round', (t) => {
  const samples = [
    { task: 'fast', values: [1, 3, 2] },
    { task: 'slow', values: [10, 30, 20], aim: 25 },
  ];
  const [base, fast] = rowsOf(samples, 'slow');
  t.deepEqual([base?.task, base?.ratio, base?.value, base?.aim], ['slow', 1, 20, 25]);
  // The values spread, the machine having changed its pace, and the ratio does not.
  t.deepEqual([fast?.task, fast?.ratio, fast?.ratioSpread], ['fast', 0.1, 0]);
  t.true(fast!.spread > 0.3);
});

test('a baseline that is no task is an error that names it', (t) => {
  t.throws(() => rowsOf([], 'none'), {
    instanceOf: RangeError,
    message: "no task is named 'none'",
  });
});

test('the spread does not depend on the scale of the values', (t) => {
  const values = fc.array(fc.integer({ min: 1, max: 1000 }), { minLength: 3, maxLength: 20 });
  fc.assert(
    fc.property(values, fc.integer({ min: 1, max: 1000 }), (some, scale) => {
      const scaled = some.map((value) => value * scale);
      return Math.abs(relativeSpread(some) - relativeSpread(scaled)) < 1e-9;
    }),
    { seed: 1 },
  );
  t.is(relativeSpread([7, 7, 7]), 0);
});

test('the tolerance is that of the task, else of the benchmark, else of all', (t) => {
  t.is(toleranceOf(tolerances, 'dispatch', 'wasm'), 0.1);
  t.is(toleranceOf(tolerances, 'dispatch', 'other'), 0.25);
  t.is(toleranceOf({ x: { '*': 0.5 } }, 'x', 'y'), 0.5);
  t.throws(() => toleranceOf({}, 'x', 'y'), { instanceOf: RangeError, message: /x, y/ });
});

const cases = [
  { title: 'within its tolerance', before: 0.5, now: 0.54, lower: 'same', higher: 'same' },
  { title: 'above its tolerance', before: 0.5, now: 0.56, lower: 'worse', higher: 'better' },
  { title: 'below its tolerance', before: 0.5, now: 0.44, lower: 'better', higher: 'worse' },
] as const;

for (const { title, before, now, lower, higher } of cases) {
  test(`a ratio that moved ${title} is ${lower}, or ${higher} where higher is better`, (t) => {
    for (const [better, verdict] of [
      ['lower', lower],
      ['higher', higher],
    ] as const) {
      const then = report([row('wasm', before)], better);
      const [change] = compareReports(then, report([row('wasm', now)], better), tolerances);
      t.is(change?.verdict, verdict);
    }
  });
}

test('a ratio whose spread exceeds its tolerance is not judged, and is warned about', (t) => {
  const noisy = report([row('wasm', 0.9, 0.11)]);
  const [change] = compareReports(report([row('wasm', 0.5)]), noisy, tolerances);
  t.is(change?.verdict, 'unsure');
  t.deepEqual(untrustworthy(noisy, tolerances), [
    'dispatch, wasm: the ratio spreads over 11.0 %; do not trust it',
  ]);
  t.deepEqual(untrustworthy(report([row('wasm', 0.9, 0.09)]), tolerances), []);
});

test('a ratio that moves from one half of the rounds to the other by more than its tolerance is warned about', (t) => {
  const base = { task: 'atomics', values: [10, 10, 10, 10, 10, 10] };
  const wasm = (values: readonly number[]): Report => {
    const rows = rowsOf([base, { task: 'wasm', values }], 'atomics');
    return { ...report([]), results: [{ ...report([]).results[0]!, rows }] };
  };
  // The spread alone is within the tolerance in both.
  t.deepEqual(untrustworthy(wasm([8, 8, 8, 8.6, 8.6, 8.6]), tolerances), []);
  const [result] = wasm([8, 8, 8, 9, 9, 9]).results;
  const rows = result!.rows.map((each) => ({ ...each, ratioSpread: 0.05 }));
  const moved = { ...report([]), results: [{ ...result!, rows }] };
  t.deepEqual(untrustworthy(moved, tolerances), [
    'dispatch, wasm: the ratio moved from 0.800 in the first half to 0.900 in the second, by more than 10.0 %; do not trust it',
  ]);
  t.is(rowsOf([base], 'atomics')[0]?.halves?.length, 2);
  t.is(rowsOf([{ task: 'atomics', values: [1, 2, 3] }], 'atomics')[0]?.halves, undefined);
});

test('the exponent of growth is that of the power law the values follow, and needs three positive sizes', (t) => {
  const of = (values: readonly (readonly [size: number, value: number])[]): Row[] =>
    values.map(([size, value]) => ({ ...row(`${size} CPUs`, 1), size, value }));
  const square = of([1, 2, 4, 8].map((size) => [size, 5 / size ** 2]));
  t.true(Math.abs(growthExponent(square)! + 2) < 1e-9);
  t.is(growthExponent(square.slice(0, 2)), undefined);
  t.is(
    growthExponent(
      of([
        [1, 3],
        [2, 0],
        [4, 1],
        [8, 1],
      ]),
    ),
    undefined,
  );
  t.is(growthExponent([...square, row('other', 1)]), undefined);
  const result = { ...report([]).results[0]!, rows: square };
  t.regex(
    renderReport({ ...report([]), results: [result] }),
    /grows with the size to the power -2\.00$/m,
  );
});

test('a task that the earlier report lacks is new', (t) => {
  const [change] = compareReports(report([]), report([row('wasm', 0.9)]), tolerances);
  t.is(change?.verdict, 'new');
});

test('the text says where it was measured, and whether an aim is met', (t) => {
  const text = renderReport(report([{ ...row('wasm', 0.5), aim: 4 }]));
  t.regex(text, /atomics \(baseline\) +1\.00/);
  t.regex(text, /wasm .*0\.500 .*≤ 4\.00 missed/);
  t.regex(text, /Node v\d+.*seed 1, 3 rounds of 200 ms/);
  t.notRegex(text, /interrupted/);
  t.regex(renderReport({ ...report([]), isInterrupted: true }), /, interrupted before the end$/);
});

test('the tolerances name the Node versions that they were measured on, and say when this is another', (t) => {
  t.regex(tolerancesOrigin('v20.19.0'), /^tolerances measured on Node 20\.[\d., ]+$/);
  t.regex(tolerancesOrigin('v23.1.0'), /; not on v23\.1\.0: they may be too narrow here$/);
});
