/** Compares the `js` memory with the axioms on generated programs; as a program: `node model-run.js [programs] [operations]`. */

import { fileURLToPath } from 'node:url';
import { RandomSource } from '../../src/explorer/engine/random-source.js';
import { MEMORIES } from '../../src/javascript/engine/session.js';
import {
  allowedOutcomes,
  generate,
  sourceOf,
  type GeneratedProgram,
} from '../../src/javascript/memory/generated.js';
import { JsMemory } from '../../src/javascript/memory/js-memory.js';
import type { Rules } from '../../src/javascript/memory/rules.js';
import { explored, sessionOf, written } from './programs.js';

/** What a comparison counts. */
export interface Comparison {
  programs: number;
  /** Outcomes that the axioms allow. */
  allowed: number;
  /** Of these, outcomes that the machine shows. */
  shown: number;
  /** Of those missed: no execution without a cycle of agent order and reads-from has them (load buffering). */
  missedCyclic: number;
  missedOthers: number;
  /** Shown and not allowed: must stay 0. */
  forbidden: number;
  firstForbidden: string | undefined;
}

function outcomesOf(program: GeneratedProgram, rules: Rules): Set<string> {
  const usual = MEMORIES.js;
  MEMORIES.js = () => new JsMemory(rules);
  try {
    const session = sessionOf(written(sourceOf(program)));
    const { tally, exhausted } = explored(session);
    if (!exhausted) throw new RangeError('the space of a generated program was not exhausted');
    return new Set(tally.outcomes.map(({ key }) => key));
  } finally {
    if (usual !== undefined) MEMORIES.js = usual;
  }
}

/** Compare so many programs of so many operations each. */
export function compare(
  programs: number,
  operations: number,
  rules: Rules = {},
  stopsAtForbidden = false,
): Comparison {
  const random = new RandomSource();
  random.seed(1, operations);
  const sum: Comparison = {
    ...{ programs: 0, allowed: 0, shown: 0, missedCyclic: 0, missedOthers: 0, forbidden: 0 },
    firstForbidden: undefined,
  };
  for (; sum.programs < programs; sum.programs++) {
    if (stopsAtForbidden && sum.forbidden > 0) break;
    const program = generate(random, operations);
    const shown = outcomesOf(program, rules);
    const { outcomes, causal } = allowedOutcomes(program);
    sum.allowed += outcomes.size;
    for (const outcome of outcomes) {
      if (shown.has(outcome)) sum.shown++;
      else if (causal.has(outcome)) sum.missedOthers++;
      else sum.missedCyclic++;
    }
    for (const outcome of shown) {
      if (outcomes.has(outcome)) continue;
      sum.forbidden++;
      sum.firstForbidden ??= `${outcome}\n${sourceOf(program)}`;
    }
  }
  return sum;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [programs = '20000', operations = '4'] = process.argv.slice(2);
  const result = compare(Number(programs), Number(operations));
  console.log(JSON.stringify(result, null, 2));
  process.exitCode = result.forbidden > 0 ? 1 : 0;
}
