/** Tables of graded outcomes as plain data: what was seen, how often, and what that means. */

import type { Grade } from '../../scenario/declare.js';

/** One outcome, declared with its reason before the run, counted in it. */
export interface Outcome {
  /** What was observed, for instance `0, 1` or `transition reversed`. */
  readonly name: string;
  readonly grade: Grade;
  /** How often it was seen; 0 if never. */
  readonly count: number;
  /** One sentence: why it is graded so. */
  readonly reason: string;
  /** What led to it, line by line: shown where it is a finding. */
  readonly trace?: readonly string[];
}

/** The outcomes of one scenario or run. */
export interface OutcomeTable {
  readonly title: string;
  readonly outcomes: readonly Outcome[];
  /** What the run was: seed, CPUs, duration; shown under the title and kept in JSON and JUnit. */
  readonly settings?: Readonly<Record<string, string | number | boolean>>;
  /** What was counted besides: shown as a table. */
  readonly counters?: Readonly<Record<string, number>>;
  /** How long it took, in seconds. */
  readonly seconds?: number;
}

const RANK: Readonly<Record<Grade, number>> = { forbidden: 0, interesting: 1, acceptable: 2 };

/** A finding: a forbidden outcome that was seen. */
export const isFinding = ({ grade, count }: Outcome): boolean => grade === 'forbidden' && count > 0;

/** Findings first, then by grade, then the frequent before the rare; equal ones keep their order. */
export function inReadingOrder(outcomes: readonly Outcome[]): Outcome[] {
  const compare = (a: Outcome, b: Outcome): number =>
    Number(isFinding(b)) - Number(isFinding(a)) ||
    RANK[a.grade] - RANK[b.grade] ||
    b.count - a.count;
  return [...outcomes].sort(compare);
}

/** Sums over a table. */
export interface OutcomeTotals {
  /** Everything that was observed. */
  readonly observed: number;
  /** Observations by grade. */
  readonly byGrade: Readonly<Record<Grade, number>>;
}

/** Count the observations of a table. */
export function totalsOf({ outcomes }: OutcomeTable): OutcomeTotals {
  const byGrade = { forbidden: 0, interesting: 0, acceptable: 0 };
  for (const { grade, count } of outcomes) byGrade[grade] += count;
  return { observed: byGrade.forbidden + byGrade.interesting + byGrade.acceptable, byGrade };
}

/** The table in reading order, with its totals. */
export function withTotals<T extends OutcomeTable>(table: T): T & { totals: OutcomeTotals } {
  return { ...table, outcomes: inReadingOrder(table.outcomes), totals: totalsOf(table) };
}
