import test from 'ava';
import * as fc from 'fast-check';
import { withTotals } from '../../src/campaign/stress/outcomes.js';
import {
  inReadingOrder,
  isFinding,
  renderOutcomes,
  totalsOf,
  type Outcome,
  type OutcomeTable,
} from '../../src/report/outcomes.js';

const outcomes: readonly Outcome[] = [
  { name: '1, 1', grade: 'acceptable', count: 7, reason: 'both stores first' },
  { name: '0, 1', grade: 'acceptable', count: 12_000, reason: 'P0 ran first' },
  { name: '0, 0', grade: 'forbidden', count: 0, reason: 'a load passed its fence' },
  { name: '1, 0', grade: 'interesting', count: 2, reason: 'rare' },
];
const calm: OutcomeTable = { title: 'SB', outcomes, settings: { seed: 1, cpus: 2 }, seconds: 1.5 };
const found: OutcomeTable = {
  ...calm,
  outcomes: outcomes.map((outcome) =>
    outcome.name === '0, 0' ? { ...outcome, count: 3, trace: ['CPU 0: load'] } : outcome,
  ),
};

test('a calm table shows every outcome, those never seen on request', (t) => {
  t.notRegex(renderOutcomes(calm), /a load passed/);
  t.regex(renderOutcomes(calm), /^1 outcomes never occurred \(--all\)$/m);
  t.is(
    renderOutcomes(calm, { all: true }),
    [
      'SB',
      'seed 1, cpus 2',
      'outcome   count  grade        why',
      '-------  ------  -----------  -----------------------',
      '0, 0          0  forbidden    a load passed its fence',
      '1, 0          2  interesting  rare',
      '0, 1     12,000  acceptable   P0 ran first',
      '1, 1          7  acceptable   both stores first',
      'No forbidden outcome: 12,009 observed, 2 of interest.',
    ].join('\n'),
  );
});

test('a finding is written large, with what led to it', (t) => {
  const text = renderOutcomes(found);
  t.regex(text, /0, 0 +3 {2}FORBIDDEN/);
  t.regex(text, /FORBIDDEN outcome seen 3 times: 0, 0 \(12,012 observed, 2 of interest\)\./);
  t.regex(text, /What led to: 0, 0\n {2}CPU 0: load$/);
});

test('of thousands of findings the first are printed, and how many more there are', (t) => {
  const many = Array.from({ length: 3000 }, (_, i) => ({
    ...{ name: `result ${i}`, grade: 'forbidden', count: 1, reason: 'none allows it' },
    trace: ['CPU 0: load'],
  })) satisfies Outcome[];
  const text = renderOutcomes({ ...calm, outcomes: [...outcomes, ...many] });
  t.true(text.split('\n').length < 90);
  t.regex(text, /^and 2943 more outcomes: see --json$/m);
  t.regex(text, /seen 3,000 times: result 0; .*; result 4; and 2995 more \(/);
  t.is([...text.matchAll(/What led to/g)].length, 5);
});

test('JSON carries the same in the same order, with totals', (t) => {
  const json = withTotals(found);
  t.deepEqual(
    json.outcomes.map(({ name }) => name),
    ['0, 0', '1, 0', '0, 1', '1, 1'],
  );
  t.deepEqual(json.totals, {
    observed: 12_012,
    byGrade: { forbidden: 3, interesting: 2, acceptable: 12_007 },
  });
  t.deepEqual(JSON.parse(JSON.stringify(json)), json);
});

const anyOutcome = fc.record({
  name: fc.string(),
  grade: fc.constantFrom('acceptable', 'interesting', 'forbidden'),
  count: fc.nat(),
  reason: fc.string(),
}) as fc.Arbitrary<Outcome>;

test('the order loses nothing and puts every finding before everything else', (t) => {
  const property = fc.property(fc.array(anyOutcome), (some) => {
    const ordered = inReadingOrder(some);
    t.true(some.every((outcome) => ordered.includes(outcome)));
    t.is(ordered.length, some.length);
    const findings = some.filter(isFinding).length;
    t.true(ordered.slice(0, findings).every(isFinding));
    const { byGrade, observed } = totalsOf({ title: '', outcomes: some });
    t.is(byGrade.acceptable + byGrade.interesting + byGrade.forbidden, observed);
  });
  fc.assert(property, { seed: 1 });
});

test('counters are a table, and grades have colours that do not change its columns', (t) => {
  const counted = { ...calm, counters: { 'tasks created': 1234, stale: 7 } };
  const [on, off] = ['\u001b[31m', '\u001b[0m'];
  const paint = (_: string, text: string): string => `${on}${text}${off}`;
  const text = renderOutcomes(counted, { paint });
  t.regex(text, /^tasks created +1,234\nstale +7$/m);
  t.true(text.includes(`${on}acceptable${off}   P0 ran first`));
});
