/** The short form of `npm run differential`: axioms engine, view machine and literal model agree on generated tests. */
import test from 'ava';
import { MODEL_VERSIONS } from '../../src/litmus/model.js';
import { PRIMITIVES } from '../../src/litmus/syntax/primitives.js';
import { RULES, type Rule } from '../../src/view-machine/options.js';
import { differential } from './differential.js';
import { differentialSource } from './differential-source.js';

const TESTS = 350;

test(`axioms, machine and literal model agree on ${TESTS} generated tests`, (t) => {
  const sum = differential(0, TESTS);
  const { disagreements, ...numbers } = sum;
  t.log(JSON.stringify(numbers));
  t.deepEqual(disagreements, []);
  t.is(sum.tests, TESTS);
  t.true(sum.cut < TESTS / 50);
  t.true(sum.allowed > 2 * TESTS);
  t.true(sum.forbidden > TESTS / 4);
  t.true(sum.shown > sum.states / 2);
});

/** Primitives that came with a later model than 6.1, which the machine does not have. */
const LATER = ['smp_mb__after_srcu_read_unlock', 'srcu_down_read', 'srcu_up_read'];

test('the generator writes every primitive of the dialect', (t) => {
  t.is(MODEL_VERSIONS[0], '6.1');
  const text = Array.from({ length: 5000 }, (_, seed) => differentialSource(seed)).join('');
  const written = new Set(text.match(/\w+(?=\()/g));
  t.deepEqual([...PRIMITIVES.keys()].filter((name) => !written.has(name)).sort(), LATER.sort());
});

test('a machine without its rules disagrees', (t) => {
  const { disagreements } = differential(0, 200, { without: Object.keys(RULES) as Rule[] });
  t.true(disagreements.some(({ what }) => what.includes('outside')));
  t.true(disagreements.some(({ what }) => what.startsWith('the machine breaks')));
});

test('axioms that see a fence that is not there forbid what the machine shows', (t) => {
  const rewrite = (source: string): string =>
    source.replace(/smp_[rw]mb\(\)|barrier\(\)/g, 'smp_mb()');
  const { disagreements } = differential(0, 1000, { rewrite });
  t.true(disagreements.length > 0);
});
