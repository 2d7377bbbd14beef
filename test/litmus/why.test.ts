/** Explanations: cycles that close, in the program's own lines, and herd's format. */
import test from 'ava';
import { checkLitmus } from '../../src/litmus/axioms/checker.js';
import { formatHerd } from '../../src/litmus/syntax/format.js';
import { parseLitmus } from '../../src/litmus/syntax/parse.js';
import { explain, formatWhy } from '../../src/litmus/why/why.js';
import { shape, SHAPES } from './shapes.js';

function whyOf(source: string): { why: ReturnType<typeof explain>; text: string } {
  const parsed = parseLitmus(source, 'f');
  const why = explain(parsed, checkLitmus(parsed), 60_000);
  return { why, text: formatWhy(parsed, why) };
}

/** Shapes whose outcome no assignment of values gives, in whatever order. */
const impossible = new Set(['DEC+and-test']);

for (const { name, source } of SHAPES.filter((s) => s.result === 'Never')) {
  test(`${name}: what forbids it is a closed cycle, if its values are possible at all`, (t) => {
    const { why } = whyOf(source);
    const explanation = why.kind === 'forbidden' ? why.explanation : undefined;
    t.is(explanation === null, impossible.has(name));
    if (explanation === null) return;
    const cycle = explanation?.cycle ?? [];
    t.true(cycle.length >= 2, `${cycle.length} edges`);
    cycle.forEach(({ from }, i) => t.is(from, cycle.at(i - 1)!.to));
  });
}

const axioms: readonly (readonly [name: string, axiom: string])[] = [
  ['CoRR', 'coherence'],
  ['RMW+atomic', 'atomicity'],
  ['MP+wmb+rmb', 'happens-before'],
  ['SB+mbs', 'propagation'],
  ['RCU+MP', 'rcu'],
  ['PLAIN+published', 'plain-coherence'],
];

for (const [name, axiom] of axioms) {
  test(`${name} is forbidden by the axiom ${axiom}`, (t) => {
    const { why } = whyOf(shape(name).source);
    t.is(why.kind === 'forbidden' ? why.explanation?.axiom : why.kind, axiom as never);
  });
}

test('the cycle of MP names both fences and all four accesses by line', (t) => {
  const { text } = whyOf(shape('MP+wmb+rmb').source);
  const source = shape('MP+wmb+rmb').source.split('\n');
  for (const call of ['smp_wmb()', 'smp_rmb()', 'WRITE_ONCE(*x, 1)', 'int r1 = READ_ONCE(*x)']) {
    const line = source.findIndex((l) => l.includes(call)) + 1;
    t.regex(text, new RegExp(`line ${line}`), call);
    t.true(text.includes(call), call);
  }
  t.true(text.includes('without smp_wmb()'));
});

test('an allowed outcome is shown by an execution that has it', (t) => {
  const { why, text } = whyOf(shape('SB+onces').source);
  t.is(why.kind, 'allowed');
  t.regex(text, /reads y=0 from the initial state/);
  t.regex(text, /reads x=0 from the initial state/);
});

test('the text of a verdict is herd7’s, line by line', (t) => {
  const parsed = parseLitmus(shape('MP+onces').source);
  const verdict = checkLitmus(parsed);
  const states = verdict.states.map(({ state }) => state);
  t.is(
    formatHerd(parsed, { ...verdict, states }),
    [
      'Test MP+onces Allowed',
      'States 4',
      '1:r0=0; 1:r1=0;',
      '1:r0=0; 1:r1=1;',
      '1:r0=1; 1:r1=0;',
      '1:r0=1; 1:r1=1;',
      'Ok',
      'Witnesses',
      'Positive: 1 Negative: 3',
      'Condition exists (1:r0=1 /\\ 1:r1=0)',
      'Observation MP+onces Sometimes 1 3',
    ].join('\n'),
  );
});
