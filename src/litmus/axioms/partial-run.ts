/** The state of a thread that is part of the way through its code: what its registers hold and came from, what it did. */
import type { Expression, Statement } from '../syntax/ast.js';
import { applyOperator } from './arithmetic.js';
import type { TraceEvent, TraceFence } from './event.js';

/** Reads that a value came from: event indices, ascending. */
export type Dependencies = readonly number[];

/** Of no read. */
export const NONE: Dependencies = [];

/** The reads of both. */
export function join(a: Dependencies, b: Dependencies): Dependencies {
  if (a.length === 0) return b;
  if (b.length === 0) return a;
  return [...new Set([...a, ...b])].sort((x, y) => x - y);
}

/** What is left to run: statements from `index` on under the branches that `ctrl` decided, then `next`. */
export interface Frame {
  readonly statements: readonly Statement[];
  readonly index: number;
  readonly ctrl: Dependencies;
  readonly next: Frame | null;
}

/** A value and what it came from. */
export interface Evaluated {
  readonly value: number;
  readonly from: Dependencies;
}

/** The state of one partial run of a thread. */
export class PartialRun {
  readonly values: number[];
  readonly from: Dependencies[];
  readonly events: TraceEvent[];
  readonly fences: TraceFence[];

  constructor(values: number[], from: Dependencies[], events: TraceEvent[], fences: TraceFence[]) {
    this.values = values;
    this.from = from;
    this.events = events;
    this.fences = fences;
  }

  fork(): PartialRun {
    return new PartialRun([...this.values], [...this.from], [...this.events], [...this.fences]);
  }

  evaluate(expression: Expression): Evaluated {
    if (expression.kind === 'constant') return { value: expression.value, from: NONE };
    if (expression.kind === 'register') {
      const { register } = expression;
      return { value: this.values[register] ?? 0, from: this.from[register] ?? NONE };
    }
    const left = this.evaluate(expression.left);
    const right = this.evaluate(expression.right);
    return {
      value: applyOperator(expression.operator, left.value, right.value),
      from: join(left.from, right.from),
    };
  }

  set(register: number, value: number, from: Dependencies): void {
    if (register < 0) return;
    this.values[register] = value;
    this.from[register] = from;
  }
}
