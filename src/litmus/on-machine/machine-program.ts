/** Values of expressions on the view machine, and the reads that they came from. */

import type { Expression } from '../syntax/ast.js';
import { applyOperator } from '../axioms/arithmetic.js';

/** Value of a pure expression.
 * @throws IllegalOperation if it has none */
export function evaluate(expression: Expression, registers: readonly number[]): number {
  switch (expression.kind) {
    case 'constant':
      return expression.value;
    case 'register':
      return registers[expression.register] as number;
    case 'binary': {
      const left = evaluate(expression.left, registers);
      return applyOperator(expression.operator, left, evaluate(expression.right, registers));
    }
  }
}

/** Reads that made the value of an expression: the union over its registers. */
export function sourcesOf(
  expression: Expression,
  sources: readonly (readonly number[])[],
): readonly number[] {
  switch (expression.kind) {
    case 'constant':
      return NONE;
    case 'register':
      return sources[expression.register] as readonly number[];
    case 'binary': {
      const left = sourcesOf(expression.left, sources);
      return union(left, sourcesOf(expression.right, sources));
    }
  }
}

const NONE: readonly number[] = [];

/** Union of two sets of reads; returns an argument when that is the union. */
export function union(a: readonly number[], b: readonly number[]): readonly number[] {
  if (a.length === 0 || a === b) return b;
  if (b.length === 0) return a;
  return [...new Set([...a, ...b])];
}
