/** The directed search on the view machine: it finds what random executions rarely show, and nothing that LKMM forbids. */

import test from 'ava';
import { checkLitmus } from '../../src/litmus/axioms/checker.js';
import { machineEngine } from '../../src/litmus/on-machine/machine-engine.js';
import { seekOnMachine } from '../../src/litmus/on-machine/machine-seek.js';
import { lackingStates, withSought } from '../../src/litmus/missing.js';
import { formatState } from '../../src/litmus/syntax/format.js';
import { parseLitmus } from '../../src/litmus/syntax/parse.js';
import { runOnMachine } from '../../src/litmus/on-machine/run-machine.js';

const SEED = 5;

/** Threads in a ring: each stores 2 to its own word and then, after a grace period or in a section, 1 to the next. */
function ring(...kinds: ('G' | 'R')[]): string {
  const n = kinds.length;
  const threads = kinds.map((kind, i) => {
    const [own, next] = [`x${i}`, `x${(i + 1) % n}`];
    const stores = [`WRITE_ONCE(*${own}, 2);`, `WRITE_ONCE(*${next}, 1);`];
    const body =
      kind === 'G'
        ? stores.join(' synchronize_rcu(); ')
        : `rcu_read_lock(); ${stores.join(' ')} rcu_read_unlock();`;
    return `P${i}(int *${own}, int *${next}) { ${body} }`;
  });
  const all = kinds.map((_, i) => `x${i}=2`);
  return `C ring\n{}\n${threads.join('\n')}\nexists (${all.join(' /\\ ')})`;
}

const wide = parseLitmus(ring('G', 'G', 'G', 'G', 'R', 'R'));

test(`directed runs reach most of the states that as many random runs missed (seed ${SEED})`, (t) => {
  const runs = 1000;
  const random = runOnMachine(wide, { runs, seed: SEED }).states;
  const expected = checkLitmus(wide).states.map(({ state }) => formatState(wide, state));
  const lacking = lackingStates(wide, random, expected, 60_000);
  t.true(lacking.length > 0, 'random runs found everything: the test shows nothing');
  const goals = lacking.map(({ values }) => values!);
  const found = seekOnMachine(wide, goals, { runs, seed: SEED }).states;
  const reached = goals.filter((goal) => found.some(({ state }) => state.join() === goal.join()));
  t.log(
    `${random.length} of ${expected.length} at random, ${reached.length} of ${goals.length} more`,
  );
  t.true(reached.length > goals.length / 2);
});

test(`what the search meets is allowed by the axioms (seed ${SEED})`, (t) => {
  const allowed = new Set(checkLitmus(wide).states.map(({ state }) => state.join()));
  const goals = [
    [2, 2, 2, 2, 2, 2],
    [1, 1, 1, 1, 1, 1],
  ];
  const { states } = seekOnMachine(wide, goals, { runs: 300, seed: SEED });
  t.true(states.length > 0);
  t.true(states.every(({ state }) => allowed.has(state.join())));
});

test(`a search for a forbidden outcome does not find it, without the fence it does (seed ${SEED})`, (t) => {
  const sb = (fence: string) =>
    parseLitmus(`C SB
{}
P0(int *x, int *y) { WRITE_ONCE(*x, 1); ${fence} int r0 = READ_ONCE(*y); }
P1(int *x, int *y) { WRITE_ONCE(*y, 1); ${fence} int r0 = READ_ONCE(*x); }
exists (0:r0=0 /\\ 1:r0=0)`);
  const finds = (fence: string): boolean =>
    seekOnMachine(sb(fence), [[0, 0]], { runs: 2000, seed: SEED }).states.some(
      ({ state }) => state.join() === '0,0',
    );
  t.true(finds(''));
  t.false(finds('smp_mb();'));
});

test('states out of reach by design are not looked for', (t) => {
  const lb = parseLitmus(`C LB
{}
P0(int *x, int *y) { int r0 = READ_ONCE(*x); WRITE_ONCE(*y, 1); }
P1(int *x, int *y) { int r0 = READ_ONCE(*y); WRITE_ONCE(*x, 1); }
exists (0:r0=1 /\\ 1:r0=1)`);
  const shown = runOnMachine(lb, { runs: 500, seed: SEED }).states;
  const expected = checkLitmus(lb).states.map(({ state }) => formatState(lb, state));
  const lacking = lackingStates(lb, shown, expected, 10_000);
  t.deepEqual(
    lacking.map(({ state, reach }) => [state, reach]),
    [['0:r0=1; 1:r0=1;', 'po-rf-cycle']],
  );
  const result = { states: shown, flags: [], complete: true, runs: 500 };
  const options = { runs: 100, timeLimitMs: 10_000 };
  t.is(withSought(machineEngine, lb, result, lacking, options), result);
});
