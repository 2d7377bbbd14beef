/** Compiles a litmus thread to a list of steps with jumps, for the view machine. */

import type {
  Expression,
  IfStatement,
  Instruction,
  LitmusThread,
  SourceSpan,
  Statement,
} from '../syntax/ast.js';
import { applyOperator } from '../axioms/arithmetic.js';

/** An instruction, or one of the marks a branch becomes. */
export type Step =
  | { readonly kind: 'instruction'; readonly instruction: Instruction }
  /** Go on at `target` if the condition is 0; until the matching `join`, writes depend on the condition. */
  | {
      readonly kind: 'branch';
      readonly condition: Expression;
      readonly target: number;
      readonly at: SourceSpan;
    }
  | { readonly kind: 'jump'; readonly target: number }
  | { readonly kind: 'join' };

/** The steps of one thread, in program order. */
export function compileThread(thread: LitmusThread): Step[] {
  const steps: Step[] = [];
  compileAll(thread.body, steps);
  return steps;
}

function compileAll(body: readonly Statement[], steps: Step[]): void {
  for (const statement of body) {
    if (statement.kind === 'if') compileIf(statement, steps);
    else steps.push({ kind: 'instruction', instruction: statement });
  }
}

function compileIf(statement: IfStatement, steps: Step[]): void {
  const { condition, at } = statement;
  const branch = steps.length;
  steps.push({ kind: 'join' });
  compileAll(statement.then, steps);
  const jump = steps.length;
  steps.push({ kind: 'join' });
  steps[branch] = { kind: 'branch', condition, target: steps.length, at };
  compileAll(statement.otherwise, steps);
  steps[jump] = { kind: 'jump', target: steps.length };
  steps.push({ kind: 'join' });
}

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
