/** Every rule of the machine is necessary: without it, the machine shows an outcome that LKMM forbids. */

import { readFileSync } from 'node:fs';
import test from 'ava';
import { parseLitmus } from '../../src/litmus/syntax/parse.js';
import { holds } from '../../src/litmus/syntax/proposition.js';
import { MixedChoices } from '../../src/litmus/on-machine/machine-schedule.js';
import { MachineLitmus } from '../../src/litmus/on-machine/run-machine.js';
import { RULES, type Rule } from '../../src/view-machine/options.js';
import { violatedAxiom } from '../../src/view-machine/validate/literal.js';
import { validate } from '../../src/view-machine/validate/sparse.js';
import { KILLERS } from './rules.js';

const RUNS = 20_000;
const SEED = 1;

interface Shown {
  /** Executions that end in the outcome asked for. */
  readonly outcomes: number;
  /** Of these, rejected by the axioms as they are written, and by the trace validator. */
  readonly forbidden: number;
  readonly rejected: number;
}

/** Execute until the outcome was met a few times. */
function search(source: string, without: readonly Rule[]): Shown {
  const litmus = parseLitmus(source);
  const machine = new MachineLitmus(litmus, { log: true, without });
  const choices = new MixedChoices(SEED);
  let [outcomes, forbidden, rejected] = [0, 0, 0];
  for (let run = 0; run < RUNS && outcomes < 5; run++) {
    if (!machine.execute(choices)) continue;
    const { log } = machine.machine;
    if (!holds(litmus.condition.proposition, (place) => machine.valueOf(place))) continue;
    outcomes++;
    if (violatedAxiom(log!) !== null) forbidden++;
    if (validate(log!) !== null) rejected++;
  }
  return { outcomes, forbidden, rejected };
}

for (const [rule, source] of Object.entries(KILLERS)) {
  test(`without the rule ${rule}, a forbidden outcome is shown, and rejected (seed ${SEED})`, (t) => {
    const shown = search(source, [rule as Rule]);
    t.true(shown.outcomes > 0, 'the mutant survived');
    t.is(shown.forbidden, shown.outcomes);
    t.is(shown.rejected, shown.outcomes);
  });

  test(`with all rules, the outcome of ${rule} is not shown (seed ${SEED})`, (t) => {
    t.is(search(source, []).outcomes, 0);
  });
}

test('every rule has such an outcome', (t) => {
  t.deepEqual(Object.keys(RULES).sort(), Object.keys(KILLERS).sort());
});

test('the page on the memory machine names the same rules', (t) => {
  const page = readFileSync(new URL('../../../docs/memory-machine.md', import.meta.url), 'utf8');
  const rows = [...page.matchAll(/^\| (V-\d+) +\| (.*?) +\|$/gm)].map(([, id, text]) => [id, text]);
  t.deepEqual(rows, Object.entries(RULES));
});
