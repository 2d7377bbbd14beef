/** The axioms engine before whole models that try every combination: locks, plain accesses, RCU and SRCU of all versions. */
import { readFileSync } from 'node:fs';
import test from 'ava';
import { checkLitmus } from '../../src/litmus/axioms/checker.js';
import { MODEL_VERSIONS, modelOf, type MemoryModel, type Rules } from '../../src/litmus/model.js';
import { runOnMachine } from '../../src/litmus/on-machine/run-machine.js';
import { parseLitmus } from '../../src/litmus/syntax/parse.js';
import { LitmusSyntaxError } from '../../src/litmus/syntax/syntax-error.js';
import { differences } from './cat/compare-whole.js';
import { catModel, judgeWhole, type Model } from './cat/judge-cat.js';
import { literalExecutions } from './cat/literal-model.js';
import { parseCat } from './cat/parse-cat.js';
import { pointerSource } from './pointer-source.js';
import {
  differentialSource,
  FLAVOURS,
  FURTHER_FLAVOURS,
  type Flavour,
} from './differential-source.js';

/** Small tests are enough: there are many. */
const LIMITS = { mostChoices: 60 };

/** Where a generated test and a literal model differ; null if it is too large, or newer than the model. */
function differ(flavour: Flavour, seed: number, model: MemoryModel, rules: Rules): string[] | null {
  try {
    const litmus = parseLitmus(differentialSource(seed, [flavour]));
    return differences(litmus, model, (world) => literalExecutions(world, rules), LIMITS);
  } catch (error) {
    // What came with a later version is refused.
    if (error instanceof LitmusSyntaxError) return null;
    throw error;
  }
}

for (const [kind, flavour] of [...FLAVOURS, ...FURTHER_FLAVOURS].entries()) {
  test(`generated tests of ${flavour} have the states, counts and flags of the literal models`, (t) => {
    let compared = 0;
    for (let seed = 1000 * kind; compared < 15 && seed < 1000 * kind + 100; seed++) {
      const model = modelOf(MODEL_VERSIONS[seed % MODEL_VERSIONS.length]);
      const found = differ(flavour, seed, model, model.rules);
      if (found !== null) compared++;
      t.deepEqual(found ?? [], [], `seed ${seed}, ${model.name}`);
    }
    t.true(compared >= 10, `only ${compared} compared`);
  });
}

test('tests full of pointers have the states, counts and flags of the literal models', (t) => {
  let states = 0;
  for (let seed = 0; seed < 24; seed++) {
    const model = modelOf(MODEL_VERSIONS[seed % MODEL_VERSIONS.length]);
    const litmus = parseLitmus(pointerSource(seed));
    const judge: Model = (world) => literalExecutions(world, model.rules);
    t.deepEqual(differences(litmus, model, judge, LIMITS) ?? [], [], `seed ${seed}, ${model.name}`);
    const [shown, allowed] = [runOnMachine(litmus, { runs: 60, seed: 1 }), checkLitmus(litmus)];
    const all = new Set(allowed.states.map(({ state }) => state.join()));
    states += shown.states.length;
    for (const { state } of shown.states) t.true(all.has(state.join()), `${seed}: ${state.join()}`);
  }
  t.true(states > 30, `only ${states} states`);
});

const UNLOCKED = `C unlocked
{}
P0(int *x, int *y, struct srcu_struct *s)
{ WRITE_ONCE(*x, 1); int i = srcu_read_lock(s); srcu_read_unlock(s, i); smp_mb__after_srcu_read_unlock(); int r0 = READ_ONCE(*y); }
P1(int *x, int *y) { WRITE_ONCE(*y, 1); smp_mb(); int r0 = READ_ONCE(*x); }
exists (0:r0=0 /\\ 1:r0=0)`;
const CHAIN = readFileSync('examples/litmus/relseq.litmus', 'utf8');
const HANDED = `C handed
{}
P0(int *x, int *y, spinlock_t *l) { spin_lock(l); WRITE_ONCE(*x, 1); spin_unlock(l); }
P1(int *x, int *y, spinlock_t *l)
{ spin_lock(l); smp_mb__after_unlock_lock(); int r0 = READ_ONCE(*x); int r1 = READ_ONCE(*y); spin_unlock(l); }
P2(int *x, int *y) { WRITE_ONCE(*y, 1); smp_mb(); int r0 = READ_ONCE(*x); }
exists (1:r0=1 /\\ 1:r1=0 /\\ 2:r0=0)`;

/** Where the axioms engine on `source` differs from a literal model on `judged`. */
function differAs(source: string, judged: string, version: string, rules: Rules): boolean {
  const model = modelOf(version);
  const judge: Model = (world) => literalExecutions(world, rules);
  const wanted = judgeWhole(parseLitmus(judged), model, judge);
  const found = checkLitmus(parseLitmus(source), { model });
  const states = new Map(found.states.map(({ state, count }) => [state.join(), count]));
  return JSON.stringify([...states].sort()) !== JSON.stringify([...(wanted?.states ?? [])].sort());
}

for (const [source, version, rule] of [
  [UNLOCKED, '6.12', 'srcuUnlockFence'],
  [CHAIN, '6.12', 'rmwSequences'],
] as const) {
  test(`a literal model of ${version} that is wrong about ${rule} disagrees, a right one agrees`, (t) => {
    const { rules } = modelOf(version);
    t.false(differAs(source, source, version, rules));
    t.true(differAs(source, source, version, { ...rules, [rule]: false }));
  });
}

test('without smp_mb__after_unlock_lock() both models say something else', (t) => {
  const { rules } = modelOf('6.1');
  const without = HANDED.replace('smp_mb__after_unlock_lock();', '');
  t.false(differAs(HANDED, HANDED, '6.1', rules));
  t.false(differAs(without, without, '6.1', rules));
  t.true(differAs(without, HANDED, '6.1', rules));
});

const TSO = `"Total store order, for a test"
include "lock.cat"
let mb = po ; [F] ; po | po ; [RMW] ; po? | po? ; [RMW] ; po
let rec reach = step | (step ; reach)
and step = (po \\ (W * R)) | mb | rfe | co | fr
let back(r) = r^-1
empty back(reach) & id as causality
flag ~empty [Plain & W] as has-plain-writes
`;
const LOCKS = `let rfe = rf & ext
include "cos-opt.cat"
let fr = (rf^-1 ; co) \\ id
acyclic po-loc | rf | co | fr as coherence
`;

test('a model in the cat language is read as it says: total store order', (t) => {
  const files = new Map([
    ['linux-kernel.bell', parseCat('let Plain = M \\ (Once | IW | RMW)')],
    ['linux-kernel.cat', parseCat(TSO)],
    ['lock.cat', parseCat(LOCKS)],
  ]);
  const judge: Model = catModel(files);
  const buffering = (fence: string): string => `C SB
{}
P0(int *x, int *y) { WRITE_ONCE(*x, 1); ${fence} int r0 = READ_ONCE(*y); }
P1(int *x, int *y) { *y = 1; ${fence} int r0 = READ_ONCE(*x); }
exists (0:r0=0 /\\ 1:r0=0)`;
  const loads = `C LB
{}
P0(int *x, int *y) { int r0 = READ_ONCE(*x); WRITE_ONCE(*y, 1); }
P1(int *x, int *y) { int r0 = READ_ONCE(*y); WRITE_ONCE(*x, 1); }
exists (0:r0=1 /\\ 1:r0=1)`;
  const model = modelOf('6.1');
  // The kernel's model has a race in the plain test, and load buffering, which total store order has not.
  t.deepEqual(differences(parseLitmus(buffering('')), model, judge), [
    'flags data-race, model has-plain-writes',
  ]);
  t.deepEqual(differences(parseLitmus(buffering('smp_mb();')), model, judge), [
    'flags data-race, model has-plain-writes',
  ]);
  t.deepEqual(differences(parseLitmus(loads), model, judge), ['1,1: 1, model 0']);
});
