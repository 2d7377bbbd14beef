/** Values of constant expressions: what a case may be. */
import { applyOperator, IllegalOperation } from '../axioms/arithmetic.js';
import type { Lexer } from './lexer.js';
import type { Node } from './parse-expression.js';

/** Value of an expression of numbers alone. @throws LitmusSyntaxError where it is none, or has no value */
export function constantOf(node: Node, lexer: Lexer): number {
  const value = (operand: Node): number => constantOf(operand, lexer);
  const refuse = (problem: string): Error => lexer.errorAt(node.token.start, problem);
  try {
    switch (node.kind) {
      case 'number':
        return node.value;
      case 'binary':
        return applyOperator(node.operator, value(node.left), value(node.right));
      case 'conditional':
        return value(value(node.condition) !== 0 ? node.then : node.otherwise);
      case 'unary':
        if (node.operator === '-') return applyOperator('-', 0, value(node.operand));
        if (node.operator === '~') return applyOperator('^', -1, value(node.operand));
        if (node.operator === '!') return applyOperator('==', 0, value(node.operand));
        break;
    }
  } catch (error) {
    if (error instanceof IllegalOperation) throw refuse(error.message);
    throw error;
  }
  throw refuse('expected a constant: only numbers and operators');
}
