/** Refuses tests whose primitives a model's version does not have. */
import { MODEL_RULES, type MemoryModel, type ModelRule } from './model.js';
import type { Instruction, LitmusTest } from './syntax/ast.js';
import { LitmusSyntaxError } from './syntax/syntax-error.js';
import { instructionsOf } from './syntax/walk.js';

/** The rule without which a statement means nothing. */
function needs(statement: Instruction): ModelRule | null {
  switch (statement.kind) {
    case 'fence':
      return statement.fence === 'after-srcu-read-unlock' ? 'srcuUnlockFence' : null;
    case 'srcu-lock':
    case 'srcu-unlock':
      return statement.acrossThreads === true ? 'srcuByValue' : null;
    default:
      return null;
  }
}

/** Make sure that `model` gives all of a test a meaning.
 * @throws LitmusSyntaxError at the first primitive that came with a later version */
export function requireModel(test: LitmusTest, model: MemoryModel): void {
  for (const { body } of test.threads) {
    for (const instruction of instructionsOf(body)) {
      const rule = needs(instruction);
      if (rule !== null && !model.rules[rule]) throw refusal(test, instruction, rule, model);
    }
  }
}

function refusal(
  { file }: LitmusTest,
  { at }: Instruction,
  rule: ModelRule,
  model: MemoryModel,
): LitmusSyntaxError {
  const problem = `"${at.text}" is not in the model of Linux ${model.name}: it came with that of ${MODEL_RULES[rule].since}`;
  return new LitmusSyntaxError(file, at, problem);
}
