import test from 'ava';
import * as fc from 'fast-check';
import { renderJunit } from '../../src/report/formats/junit.js';
import type { Outcome, OutcomeTable } from '../../src/report/outcomes.js';
import { reportOf } from './report-of.js';
import { parseXml } from './well-formed.js';

const table: OutcomeTable = {
  title: 'disable <protocol>',
  settings: { seed: 7 },
  seconds: 2,
  outcomes: [
    { name: 'fine', grade: 'acceptable', count: 5, reason: 'as it should' },
    { name: 'never', grade: 'forbidden', count: 0, reason: 'I-8' },
    { name: 'bad', grade: 'forbidden', count: 2, reason: 'I-8 "broken"', trace: ['a < b', 'c'] },
  ],
};

test('a finding is a failed case with what led to it, everything else passes', (t) => {
  const root = parseXml(renderJunit(reportOf([table, { title: 'empty', outcomes: [] }])));
  t.is(root.name, 'testsuites');
  t.deepEqual(root.attributes, {
    ...{ name: 'klp-smp explore', tests: '3', failures: '1', errors: '0', time: '1.500' },
  });
  const [suite, empty] = root.children;
  t.like(suite?.attributes, {
    name: 'disable <protocol>',
    tests: '3',
    failures: '1',
    time: '2.000',
  });
  t.deepEqual(empty?.children, []);
  const [properties, bad, never, fine] = suite!.children;
  t.deepEqual(properties?.children[0]?.attributes, { name: 'seed', value: '7' });
  t.deepEqual(bad?.attributes, { classname: 'disable <protocol>', name: 'bad' });
  t.deepEqual(bad?.children[0]?.attributes, {
    type: 'forbidden',
    message: 'seen 2 times: I-8 "broken"',
  });
  t.is(bad?.children[0]?.text, 'a < b\nc');
  for (const passed of [never, fine]) t.is(passed?.children[0]?.name, 'system-out');
});

/** What XML cannot hold, replaced. */
const clean = (raw: string): string =>
  // eslint-disable-next-line no-control-regex
  raw.replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|\p{Cs}/gu, '\ufffd');

test('any text survives as XML: what it cannot hold is replaced', (t) => {
  const text = fc.oneof(fc.string({ unit: 'binary' }), fc.constant('\ud800 \r\n\t\u0001'));
  const property = fc.property(text, text, text, (name, reason, line) => {
    const outcome: Outcome = { name, grade: 'forbidden', count: 1, reason, trace: [line] };
    const root = parseXml(
      renderJunit({ ...reportOf([{ title: name, outcomes: [outcome] }]), command: name }),
    );
    const failure = root.children[0]?.children[0]?.children[0];
    t.is(root.attributes['name'], clean(name));
    t.is(failure?.attributes['message'], clean(`seen 1 times: ${reason}`));
    t.is(failure?.text, clean(line));
  });
  fc.assert(property, { seed: 1, numRuns: 500 });
});
