/** What a benchmark found, as plain data: medians over rounds, ratios to the baseline of the same round, and their spread. */

import { cpus } from 'node:os';
import { interquartileRange, linearRegression, median } from 'simple-statistics';
import { formatNumber, renderTable } from '../src/report/table.js';

/** Where and how the figures were taken. */
export interface Environment {
  readonly node: string;
  readonly cpuCount: number;
  readonly cpuModel: string;
  readonly platform: string;
  readonly seed: number;
  readonly rounds: number;
  /** Time given to each task in each round, in ms. */
  readonly timeMs: number;
}

/** The environment of this process. */
export function environmentOf(seed: number, rounds: number, timeMs: number): Environment {
  const models = cpus();
  return {
    node: process.version,
    cpuCount: models.length,
    cpuModel: models[0]?.model ?? 'unknown',
    platform: `${process.platform} ${process.arch}`,
    seed,
    rounds,
    timeMs,
  };
}

/** Figures of one task. */
export interface Row {
  readonly task: string;
  /** Median over the rounds, in the benchmark's unit. */
  readonly value: number;
  /** Interquartile range of the value over its median: 0.1 is 10 %. */
  readonly spread: number;
  /** Median over the rounds of value / baseline's value in the same round. */
  readonly ratio: number;
  /** Interquartile range of the ratio over its median. */
  readonly ratioSpread: number;
  /** Smallest and largest ratio of a round; absent in reports of earlier versions. */
  readonly ratioRange?: readonly [least: number, most: number];
  /** Median ratio of the first half of the rounds, and of the second; absent with fewer than four rounds. */
  readonly halves?: readonly [first: number, second: number];
  /** How large what was measured is, for rows that differ in nothing else. */
  readonly size?: number;
  /** Value asked for, where there is one. */
  readonly aim?: number;
  /** Ratio asked for, where there is one. */
  readonly aimRatio?: number;
  /** Whether the ratio asked for is the least, not the most; default what `better` says. */
  readonly aimAtLeast?: boolean;
}

/** Figures of one benchmark; its first row is the baseline. */
export interface Result {
  readonly name: string;
  readonly unit: string;
  /** Which values are the good ones. */
  readonly better: 'lower' | 'higher';
  readonly rows: readonly Row[];
}

/** What is printed, saved and compared. */
export interface Report {
  readonly environment: Environment;
  readonly results: readonly Result[];
  /** Present if the run was interrupted: some results rest on fewer rounds, others are missing. */
  readonly isInterrupted?: true;
}

const isRow = (value: unknown): value is Row => {
  const { task, ratio, ratioSpread } = (value ?? {}) as Partial<Row>;
  return typeof task === 'string' && typeof ratio === 'number' && typeof ratioSpread === 'number';
};

/** Whether something is a report, as read from a file. */
export function isReport(value: unknown): value is Report {
  const { results } = (value ?? {}) as { readonly results?: unknown };
  return (
    Array.isArray(results) &&
    results.every((result: Partial<Result> | null) => {
      const { name, rows } = result ?? {};
      return typeof name === 'string' && Array.isArray(rows) && rows.every(isRow);
    })
  );
}

/** Values of one task: one per round, in the order of the rounds. */
export interface Sampled {
  readonly task: string;
  readonly values: readonly number[];
  readonly size?: number;
  readonly aim?: number;
  readonly aimRatio?: number;
  readonly aimAtLeast?: boolean;
}

/** Interquartile range over median; Infinity when the median is 0 and the values are not all equal. */
export function relativeSpread(values: readonly number[]): number {
  const range = interquartileRange([...values]);
  return range === 0 ? 0 : range / Math.abs(median([...values]));
}

/** Fewest rounds whose halves are compared. */
const FEWEST_FOR_HALVES = 4;

function halvesOf(ratios: readonly number[]): { halves?: readonly [number, number] } {
  if (ratios.length < FEWEST_FOR_HALVES) return {};
  const middle = ratios.length >> 1;
  return { halves: [median(ratios.slice(0, middle)), median(ratios.slice(-middle))] };
}

/**
 * How values grow with the size: the exponent b of a·sizeᵇ, fitted by least squares to the logarithms.
 * @returns undefined with fewer than three sizes, or where a value is not positive
 */
export function growthExponent(rows: readonly Row[]): number | undefined {
  const points = rows.flatMap(({ size, value }) =>
    size === undefined || value <= 0 ? [] : [[Math.log(size), Math.log(value)]],
  );
  if (points.length < 3 || points.length < rows.length) return undefined;
  return linearRegression(points).m;
}

function rowOf(
  { task, values, size, aim, aimRatio, aimAtLeast }: Sampled,
  baseline: readonly number[],
): Row {
  const ratios = values.map((value, round) => value / (baseline[round] ?? NaN));
  return {
    task,
    value: median([...values]),
    spread: relativeSpread(values),
    ratio: median(ratios),
    ratioSpread: relativeSpread(ratios),
    ratioRange: [Math.min(...ratios), Math.max(...ratios)],
    ...halvesOf(ratios),
    ...(size === undefined ? {} : { size }),
    ...(aim === undefined ? {} : { aim }),
    ...(aimRatio === undefined ? {} : { aimRatio }),
    ...(aimAtLeast === undefined ? {} : { aimAtLeast }),
  };
}

/** Turn samples into rows; the baseline comes first, the others keep their order. */
export function rowsOf(samples: readonly Sampled[], baseline: string): Row[] {
  const base = samples.find(({ task }) => task === baseline);
  if (base === undefined) throw new RangeError(`no task is named '${baseline}'`);
  const others = samples.filter((sampled) => sampled !== base);
  return [base, ...others].map((sampled) => rowOf(sampled, base.values));
}

const percent = (fraction: number): string => `±${formatNumber((fraction * 100) / 2)} %`;

function aimText(isAtLeast: boolean, asked: number, value: number, sign: string): string {
  const isMet = isAtLeast ? value >= asked : value <= asked;
  return `${isAtLeast ? '≥' : '≤'} ${formatNumber(asked)}${sign} ${isMet ? 'met' : 'missed'}`;
}

function aimCell({ better }: Result, { aim, value, aimRatio, aimAtLeast, ratio }: Row): string {
  const isHigher = better === 'higher';
  if (aim !== undefined) return aimText(isHigher, aim, value, '');
  return aimRatio === undefined ? '' : aimText(aimAtLeast ?? isHigher, aimRatio, ratio, ' ×');
}

function renderResult(result: Result): string {
  const columns = [
    { title: 'task' },
    { title: 'ratio', align: 'right' },
    { title: 'spread', align: 'right' },
    { title: result.unit, align: 'right' },
    { title: 'spread', align: 'right' },
    { title: 'aim' },
  ] as const;
  const rows = result.rows.map((row, i) => [
    i === 0 ? `${row.task} (baseline)` : row.task,
    formatNumber(row.ratio),
    i === 0 ? '' : percent(row.ratioSpread),
    formatNumber(row.value),
    percent(row.spread),
    aimCell(result, row),
  ]);
  const hasAim = result.rows.some((row) => aimCell(result, row) !== '');
  const shown = hasAim ? columns : columns.slice(0, -1);
  const cells = rows.map((row) => row.slice(0, shown.length));
  const exponent = growthExponent(result.rows);
  const growth =
    exponent === undefined ? '' : `\ngrows with the size to the power ${exponent.toFixed(2)}`;
  return `${result.name} (${result.better} is better)\n${renderTable(shown, cells)}${growth}`;
}

/** The report for people: a table per benchmark, then where it was measured. */
export function renderReport({ environment, results, isInterrupted }: Report): string {
  const { node, cpuCount, cpuModel, platform, seed, rounds, timeMs } = environment;
  const where =
    `Node ${node}, ${cpuCount} × ${cpuModel}, ${platform}, seed ${seed}, ` +
    `${rounds} rounds of ${formatNumber(timeMs)} ms a task`;
  const end = isInterrupted === true ? [`${where}, interrupted before the end`] : [where];
  return [...results.map(renderResult), ...end].join('\n\n');
}
