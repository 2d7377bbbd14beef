/** The state of a thread that is part of the way through its code: what its registers hold and came from, what it did. */
import type { Expression, Instruction } from '../syntax/ast.js';
import { NO_ROUNDS, type Branch, type Rounds } from '../syntax/steps.js';
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

/** Branches that are not over: their sides meet at the step `join`, and until then writes depend on `ctrl`. */
interface Scope {
  readonly join: number;
  readonly ctrl: Dependencies;
  readonly outer: Scope | null;
}

/** Where a run stands: the next step, the branches around it, and how often its loops have gone back. */
export interface Position {
  readonly at: number;
  readonly scope: Scope | null;
  /** The reads that decided the branches around it. */
  readonly ctrl: Dependencies;
  readonly rounds: Rounds;
}

/** The first step. */
export const START: Position = { at: 0, scope: null, ctrl: NONE, rounds: NO_ROUNDS };

/** The position at step `at`, where some branches may be over. */
export function moved(from: Position, at: number, rounds: Rounds = from.rounds): Position {
  let { scope } = from;
  while (scope?.join === at) scope = scope.outer;
  return { at, scope, ctrl: scope?.ctrl ?? NONE, rounds };
}

/** The position after the step at `from`. */
export function after(from: Position): Position {
  return moved(from, from.at + 1);
}

/** The position behind a branch that reads `from` decided, at its first or at its second side. */
export function decided(
  here: Position,
  { target, join: end }: Branch,
  isTrue: boolean,
  from: Dependencies,
): Position {
  const scope = { join: end, ctrl: join(here.ctrl, from), outer: here.scope };
  return moved({ ...here, scope }, isTrue ? here.at + 1 : target);
}

/** What a value came from. */
export interface Origin {
  /** The reads that it depends on. */
  readonly from: Dependencies;
  /** Those of them without which it is not known: `r ^ r` depends on a read, and needs none. */
  readonly needs: Dependencies;
  /** The read that it is a copy of; -1 for none. */
  readonly copyOf: number;
}

/** Of a constant. */
export const FIXED: Origin = { from: NONE, needs: NONE, copyOf: -1 };

/** Of the value that a read returned. */
export function originOfRead(read: number): Origin {
  const from = [read];
  return { from, needs: from, copyOf: read };
}

/** Of what is computed from both. */
export function joinOrigins(a: Origin, b: Origin): Origin {
  const from = join(a.from, b.from);
  const isAll = a.needs === a.from && b.needs === b.from;
  return { from, needs: isAll ? from : join(a.needs, b.needs), copyOf: -1 };
}

/** A value and what it came from. */
export interface Evaluated extends Origin {
  readonly value: number;
}

/** What holds for a value and itself, whatever it is. */
const SELF_EVIDENT: ReadonlySet<string> = new Set(['^', '==', '!=']);

/** Is the result of an operation known without all of its operands? */
function isKnown(operator: string, left: Evaluated, right: Evaluated): boolean {
  if (SELF_EVIDENT.has(operator)) return left.copyOf >= 0 && left.copyOf === right.copyOf;
  if (left.needs.length > 0 || (operator !== '&&' && operator !== '||')) return false;
  return (left.value === 0) === (operator === '&&');
}

/** The state of one partial run of a thread. */
export class PartialRun {
  readonly values: number[];
  readonly origins: Origin[];
  readonly events: TraceEvent[];
  readonly fences: TraceFence[];

  constructor(values: number[], origins: Origin[], events: TraceEvent[], fences: TraceFence[]) {
    this.values = values;
    this.origins = origins;
    this.events = events;
    this.fences = fences;
  }

  fork(): PartialRun {
    return new PartialRun(
      this.values.slice(),
      this.origins.slice(),
      this.events.slice(),
      this.fences.slice(),
    );
  }

  evaluate(expression: Expression): Evaluated {
    if (expression.kind === 'constant') {
      return { value: expression.value, from: NONE, needs: NONE, copyOf: -1 };
    }
    if (expression.kind === 'register') {
      const { register } = expression;
      const { from, needs, copyOf } = this.origins[register] ?? FIXED;
      return { value: this.values[register] ?? 0, from, needs, copyOf };
    }
    const { operator } = expression;
    const left = this.evaluate(expression.left);
    const right = this.evaluate(expression.right);
    const { from, needs } = joinOrigins(left, right);
    const value = applyOperator(operator, left.value, right.value);
    return { value, from, needs: isKnown(operator, left, right) ? NONE : needs, copyOf: -1 };
  }

  /** How often `writer` has written so far. */
  writesOf(writer: Instruction): number {
    return this.events.reduce((n, event) => (event.writer === writer ? n + 1 : n), 0);
  }

  set(register: number, value: number, origin: Origin): void {
    if (register < 0) return;
    this.values[register] = value;
    this.origins[register] = origin;
  }
}
