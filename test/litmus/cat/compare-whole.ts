/** A litmus test on the axioms engine and before a whole model: states, numbers of executions and flags must be equal. */
import { checkLitmus } from '../../../src/litmus/axioms/checker.js';
import type { MemoryModel } from '../../../src/litmus/model.js';
import type { LitmusTest } from '../../../src/litmus/syntax/ast.js';
import { judgeWhole, type JudgeLimits, type Model } from './judge-cat.js';

/** Tests with more executions than this are left out. */
const MOST_EXECUTIONS = 2_000;

/** Where the engine and a model differ: nothing if they agree, null if the test is too large for the model. */
export function differences(
  test: LitmusTest,
  model: MemoryModel,
  judge: Model,
  limits?: JudgeLimits,
): string[] | null {
  const found = checkLitmus(test, { model, timeLimitMs: 10_000 });
  if (!found.complete || found.candidates > MOST_EXECUTIONS) return null;
  const wanted = judgeWhole(test, model, judge, limits);
  if (wanted === null) return null;
  const states = new Map(found.states.map(({ state, count }) => [state.join(), count]));
  const all = new Set([...states.keys(), ...wanted.states.keys()]);
  const different = [...all]
    .filter((state) => states.get(state) !== wanted.states.get(state))
    .map((state) => `${state}: ${states.get(state) ?? 0}, model ${wanted.states.get(state) ?? 0}`);
  const [flags, named] = [found.flags.join(), wanted.flags.join()];
  return flags === named ? different : [...different, `flags ${flags}, model ${named}`];
}
