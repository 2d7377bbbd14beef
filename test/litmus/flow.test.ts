/** Running each thread once, after those that its reads depend on, finds what running all threads until nothing is new finds. */
import test from 'ava';
import { allTraces, type TraceSets } from '../../src/litmus/axioms/domain.js';
import { flowOf } from '../../src/litmus/axioms/flow.js';
import { Places } from '../../src/litmus/axioms/places.js';
import { modelOf } from '../../src/litmus/model.js';
import type { LitmusTest } from '../../src/litmus/syntax/ast.js';
import { parseLitmus } from '../../src/litmus/syntax/parse.js';
import { differentialSource } from './differential-source.js';

const { rules } = modelOf();

function program(...bodies: readonly string[]): LitmusTest {
  const threads = bodies.map((body, t) => `P${t}(int *x, int *y, int *z) { ${body} }`);
  return parseLitmus(`C flow\n{}\n${threads.join('\n')}\nlocations [x; y; z]\n`);
}

/** What each thread's traces read and write, in any order. */
function shown({ traces, faults }: TraceSets): string[] {
  const paths = [...traces.flat(), ...faults].map(({ thread, events }) => {
    const steps = events.map(({ classes, location, value }) =>
      [classes, location, value].join(':'),
    );
    return `P${thread} ${steps.join(' ')}`;
  });
  return paths.sort();
}

const always = (): boolean => true;

function both(litmus: LitmusTest): [inOrder: string[], inRounds: string[]] {
  return [
    shown(allTraces(litmus, new Places(litmus), always, rules)),
    shown(allTraces(litmus, new Places(litmus), always, rules, null)),
  ];
}

const orders: readonly (readonly [what: string, bodies: readonly string[], order: string])[] = [
  ['constants', ['WRITE_ONCE(*x, 1);', 'int r0 = READ_ONCE(*x);'], '0,1'],
  ['a copy', ['int r0 = READ_ONCE(*y);', 'int r0 = READ_ONCE(*x); WRITE_ONCE(*y, r0);'], '1,0'],
  [
    'a constant beside a copy',
    ['WRITE_ONCE(*x, 2); int r0 = READ_ONCE(*z);', 'WRITE_ONCE(*z, 1); int r0 = xchg(x, 3);'],
    '0,1',
  ],
  [
    'a branch',
    ['int r0 = READ_ONCE(*y);', 'int r0 = READ_ONCE(*x); if (r0) WRITE_ONCE(*y, 1);'],
    '1,0',
  ],
];

for (const [what, bodies, order] of orders) {
  test(`${what}: threads are run in the order of their values`, (t) => {
    const litmus = program(...bodies);
    t.is(flowOf(litmus, rules)?.order.join(), order);
    const [inOrder, inRounds] = both(litmus);
    t.deepEqual(inOrder, inRounds);
  });
}

test('values that may go round have no order', (t) => {
  const copy = (from: string, to: string): string =>
    `int r0 = READ_ONCE(*${from}); WRITE_ONCE(*${to}, r0);`;
  t.is(flowOf(program(copy('x', 'y'), copy('y', 'x')), rules), null);
  t.is(flowOf(program('int r0 = xchg(x, 1);', 'int r0 = xchg(x, 2);'), rules), null);
});

test('a path that ends early does not write what follows', (t) => {
  const litmus = program(
    'int r0 = READ_ONCE(*x); int r1 = 1 / r0; WRITE_ONCE(*y, 1);',
    'int r0 = READ_ONCE(*y);',
  );
  t.not(flowOf(litmus, rules), null);
  const [inOrder, inRounds] = both(litmus);
  t.deepEqual(inOrder, inRounds);
  t.false(inOrder.some((path) => path.startsWith('P1') && path.endsWith(':1')));
});

test('300 generated tests have the same traces either way', (t) => {
  let ordered = 0;
  for (let seed = 0; seed < 300; seed++) {
    const litmus = parseLitmus(differentialSource(seed), `differential-${seed}`);
    if (flowOf(litmus, rules) === null) continue;
    ordered++;
    const [inOrder, inRounds] = both(litmus);
    t.deepEqual(inOrder, inRounds, `seed ${seed}`);
  }
  t.true(ordered > 30, `${ordered} have an order`);
});
