/** The instructions of a thread, wherever they are nested. */
import type { Instruction, Statement } from './ast.js';

/** All instructions of `statements`, branches included, in the order of the text. */
export function* instructionsOf(statements: readonly Statement[]): Generator<Instruction> {
  for (const statement of statements) {
    if (statement.kind === 'if') {
      yield* instructionsOf(statement.then);
      yield* instructionsOf(statement.otherwise);
    } else if (statement.kind !== 'goto' && statement.kind !== 'label') yield statement;
  }
}

/** Does some jump lead anywhere in `statements`? */
export function hasJumps(statements: readonly Statement[]): boolean {
  return statements.some(
    (s) => s.kind === 'goto' || (s.kind === 'if' && (hasJumps(s.then) || hasJumps(s.otherwise))),
  );
}
