/** Medians of `bench:find`: how soon each strategy finds each bug, and how one build compares with another. */

import { formatNumber, renderTable } from '../src/report/table.js';
import type { FindRun } from './find-rows.js';

/** A quantile of executions or seconds; where it falls among runs that were given up, only a least value is known. */
export interface Quantile {
  readonly value: number;
  readonly isLeast: boolean;
}

/** How soon a strategy finds a bug. */
export interface FindFigures {
  readonly row: string;
  readonly strategy: string;
  readonly seeds: number;
  /** Runs that were given up. */
  readonly censored: number;
  readonly executions: { readonly median: Quantile; readonly p90: Quantile };
  readonly seconds: { readonly median: Quantile; readonly p90: Quantile };
}

/** One bug in two builds. */
export interface FindComparison {
  readonly row: string;
  readonly before: FindFigures;
  readonly now: FindFigures;
  /** Median of executions now over the one before: 0.5 is half as many. */
  readonly ratio: number;
}

/** Two builds over all bugs that were compared. */
export interface FindSummary {
  /** The bugs that took the most executions before, at most ten. */
  readonly rarest: readonly string[];
  /** Geometric mean of their ratios. */
  readonly ratio: number;
  /** The bug that got worse most, and by how much. */
  readonly worst: { readonly row: string; readonly ratio: number };
}

/** Bugs that count as the rarest. */
const RAREST = 10;

/** Quantile of runs, those that were given up being longer than all others of the same length. */
export function quantileOf(
  runs: readonly FindRun[],
  share: number,
  value: (run: FindRun) => number,
): Quantile {
  const sorted = [...runs].sort(
    (a, b) => Number(a.isCensored) - Number(b.isCensored) || value(a) - value(b),
  );
  const at = sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
  return at === undefined
    ? { value: NaN, isLeast: true }
    : { value: value(at), isLeast: at.isCensored };
}

/** Figures of one bug and one strategy. */
export function figuresOf(row: string, strategy: string, runs: readonly FindRun[]): FindFigures {
  const both = (value: (run: FindRun) => number) => ({
    median: quantileOf(runs, 0.5, value),
    p90: quantileOf(runs, 0.9, value),
  });
  return {
    ...{ row, strategy, seeds: runs.length },
    censored: runs.filter(({ isCensored }) => isCensored).length,
    executions: both(({ executions }) => executions),
    seconds: both(({ seconds }) => seconds),
  };
}

/** Compare the same bug in two builds. */
export function compareFigures(before: FindFigures, now: FindFigures): FindComparison {
  const ratio = now.executions.median.value / before.executions.median.value;
  return { row: now.row, before, now, ratio };
}

/** Sum up comparisons; undefined when there is none. */
export function summarise(all: readonly FindComparison[]): FindSummary | undefined {
  const [worst] = [...all].sort((a, b) => b.ratio - a.ratio);
  if (worst === undefined) return undefined;
  const rarest = [...all]
    .sort((a, b) => b.before.executions.median.value - a.before.executions.median.value)
    .slice(0, RAREST);
  const logs = rarest.reduce((sum, { ratio }) => sum + Math.log(ratio), 0);
  return {
    rarest: rarest.map(({ row }) => row),
    ratio: Math.exp(logs / rarest.length),
    worst: { row: worst.row, ratio: worst.ratio },
  };
}

const cell = ({ value, isLeast }: Quantile): string =>
  `${isLeast ? '> ' : ''}${formatNumber(value)}`;

/** The figures as a table. */
export function renderFigures(all: readonly FindFigures[]): string {
  const columns = [
    { title: 'bug' },
    { title: 'strategy' },
    { title: 'found', align: 'right' },
    { title: 'executions', align: 'right' },
    { title: '90 %', align: 'right' },
    { title: 'seconds', align: 'right' },
    { title: '90 %', align: 'right' },
  ] as const;
  const rows = all.map(({ row, strategy, seeds, censored, executions, seconds }) => [
    ...[row, strategy, `${seeds - censored}/${seeds}`],
    ...[executions, seconds].flatMap(({ median, p90 }) => [cell(median), cell(p90)]),
  ]);
  return renderTable(columns, rows);
}

/** Two builds as a table, with their summary. */
export function renderComparisons(all: readonly FindComparison[]): string {
  const columns = [
    { title: 'bug' },
    { title: 'executions before', align: 'right' },
    { title: 'now', align: 'right' },
    { title: 'ratio', align: 'right' },
  ] as const;
  const rows = all.map(({ row, before, now, ratio }) => [
    row,
    cell(before.executions.median),
    cell(now.executions.median),
    formatNumber(ratio),
  ]);
  const summary = summarise(all);
  const lines =
    summary === undefined
      ? []
      : [
          `the ${summary.rarest.length} rarest: ${formatNumber(summary.ratio)} of the executions before (geometric mean of medians)`,
          `worst: ${summary.worst.row}, ${formatNumber(summary.worst.ratio)} of before`,
        ];
  return [renderTable(columns, rows), ...lines].join('\n');
}
