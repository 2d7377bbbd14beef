/** Refuses tests whose primitives a model's version does not have. */
import { MODEL_RULES, type MemoryModel, type ModelRule } from './model.js';
import type { LitmusTest, Statement } from './syntax/ast.js';
import { LitmusSyntaxError } from './syntax/syntax-error.js';

/** The rule without which a statement means nothing. */
function needs(statement: Statement): ModelRule | null {
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

function check(test: LitmusTest, statements: readonly Statement[], model: MemoryModel): void {
  for (const statement of statements) {
    if (statement.kind === 'if') {
      check(test, statement.then, model);
      check(test, statement.otherwise, model);
      continue;
    }
    const rule = needs(statement);
    if (rule === null || model.rules[rule]) continue;
    const { text } = statement.at;
    const problem = `"${text}" is not in the model of Linux ${model.name}: it came with that of ${MODEL_RULES[rule].since}`;
    throw new LitmusSyntaxError(test.file, statement.at, problem);
  }
}

/** Make sure that `model` gives all of a test a meaning.
 * @throws LitmusSyntaxError at the first primitive that came with a later version */
export function requireModel(test: LitmusTest, model: MemoryModel): void {
  for (const { body } of test.threads) check(test, body, model);
}
