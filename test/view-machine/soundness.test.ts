/** The machine shows no execution that LKMM forbids, on random programs and with random bounds. */

import test from 'ava';
import fc from 'fast-check';
import { MixedChoices, Random } from '../../src/litmus/on-machine/machine-schedule.js';
import { MachineLitmus } from '../../src/litmus/on-machine/run-machine.js';
import type { EventLog } from '../../src/view-machine/log.js';
import { RULES, type Rule, type ViewMachineOptions } from '../../src/view-machine/options.js';
import { type Axiom, violatedAxiom } from '../../src/view-machine/validate/literal.js';
import { validate } from '../../src/view-machine/validate/sparse.js';
import { MIXES, randomLitmus } from './random-litmus.js';

const SEED = 20_261_122;
const PROGRAMS = Number(process.env['KLP_MACHINE_PROGRAMS'] ?? 60);
const RUNS = 20;

type Judge = (log: EventLog) => void;

const ALL_RULES = Object.keys(RULES) as Rule[];

/** Execute random programs of a mix; returns how many executions were judged. */
function execute(
  mix: keyof typeof MIXES,
  options: (random: Random) => Partial<ViewMachineOptions>,
  judge: Judge,
): number {
  const random = new Random(SEED);
  let judged = 0;
  const programs = fc.sample(randomLitmus(MIXES[mix]), { numRuns: PROGRAMS, seed: SEED });
  for (const [i, program] of programs.entries()) {
    const machine = new MachineLitmus(program, { ...options(random), log: true });
    const choices = new MixedChoices(SEED + i);
    for (let run = 0; run < RUNS; run++) {
      if (!machine.execute(choices)) continue;
      judge(machine.machine.log!);
      judged++;
    }
  }
  return judged;
}

function bounds(random: Random): Partial<ViewMachineOptions> {
  return {
    windowCap: [1, 2, 4, 16][random.below(4)]!,
    viewCap: [1, 2, 4, 16][random.below(4)]!,
    maxHistory: [1, 2, 16][random.below(3)]!,
  };
}

for (const mix of Object.keys(MIXES) as (keyof typeof MIXES)[]) {
  test(`no run of random "${mix}" programs is rejected, whatever the bounds (seed ${SEED})`, (t) => {
    const judged = execute(mix, bounds, (log) => t.is(validate(log), null));
    t.true(judged > PROGRAMS);
  });

  test(`no conservative run of "${mix}" programs is rejected (seed ${SEED})`, (t) => {
    const options = () => ({ dependencies: 'conservative', pointerSpan: 0 }) as const;
    const judged = execute(mix, options, (log) => {
      t.is(validate(log, { conservative: true }), null);
    });
    t.true(judged > PROGRAMS);
  });

  test(`on "${mix}" programs, what the validator accepts is what the axioms allow (seed ${SEED})`, (t) => {
    // Half of the programs run without some rules, so that there is something to reject.
    const without = (random: Random): Partial<ViewMachineOptions> => ({
      without: random.chance(0.5) ? [] : ALL_RULES.filter(() => random.chance(0.3)),
    });
    const verdicts = new Map<string, number>();
    execute(mix, without, (log) => {
      const literal = violatedAxiom(log);
      const sparse = validate(log);
      if (literal !== null) t.not(sparse, null);
      else if (sparse !== null)
        t.is<Axiom, Axiom>(sparse, 'rcu', 'only the law of RCU is stricter');
      const key = literal ?? 'allowed';
      verdicts.set(key, (verdicts.get(key) ?? 0) + 1);
    });
    t.true(verdicts.size > 1, `nothing was rejected: ${JSON.stringify([...verdicts])}`);
  });
}
