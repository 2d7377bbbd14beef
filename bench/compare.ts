/** Judges a report: is its spread small enough to be trusted, and are its ratios those of an earlier report. */

import { readFileSync } from 'node:fs';
import { formatNumber } from '../src/report/table.js';
import type { Report, Result, Row } from './results.js';

/**
 * How far a ratio may move from one report to another, as a fraction of it: 0.25 is a quarter. By benchmark and task, with `*` for
 * the tasks and benchmarks that are not named.
 */
export type Tolerances = Readonly<Record<string, Readonly<Record<string, number>>>>;

/** `bench/tolerances.json`. */
interface Committed {
  /** Node versions whose spread between rounds the tolerances of the dispatch benchmarks cover. */
  readonly measuredOn: readonly string[];
  readonly tolerances: Tolerances;
}

function committed(): Committed {
  const file = new URL('../../bench/tolerances.json', import.meta.url);
  return JSON.parse(readFileSync(file, 'utf8')) as Committed;
}

/** The committed tolerances: `bench/tolerances.json`. */
export const committedTolerances = (): Tolerances => committed().tolerances;

/** On which Node versions the committed tolerances were measured, as a sentence; says so when `node` is of another release line. */
export function tolerancesOrigin(node: string): string {
  const { measuredOn } = committed();
  const [major] = node.replace(/^v/, '').split('.');
  const isKnown = measuredOn.some((version) => version.split('.')[0] === major);
  const known = `tolerances measured on Node ${measuredOn.join(', ')}`;
  return isKnown ? known : `${known}; not on ${node}: they may be too narrow here`;
}

/** Tolerance of one task; the nearest `*` when it is not named. Throws RangeError when there is none at all. */
export function toleranceOf(tolerances: Tolerances, benchmark: string, task: string): number {
  const ofBenchmark = tolerances[benchmark] ?? {};
  const tolerance = ofBenchmark[task] ?? ofBenchmark['*'] ?? tolerances['*']?.['*'];
  if (tolerance === undefined) throw new RangeError(`no tolerance for ${benchmark}, ${task}`);
  return tolerance;
}

/** What a comparison says of one ratio; `unsure` when a spread exceeds the tolerance. */
export type Verdict = 'same' | 'better' | 'worse' | 'unsure' | 'new';

/** One ratio, then and now. */
export interface Change {
  readonly benchmark: string;
  readonly task: string;
  readonly verdict: Verdict;
  readonly before?: number;
  readonly now: number;
  readonly tolerance: number;
}

/** Smallest and largest ratio of a round, or what the spread says of them. */
function rangeOf({ ratio, ratioSpread, ratioRange }: Row): readonly [number, number] {
  const [least = NaN, most = NaN] = ratioRange ?? [];
  if (least <= ratio && ratio <= most) return [least, most];
  return [ratio * (1 - ratioSpread / 2), ratio * (1 + ratioSpread / 2)];
}

function verdictOf(result: Result, before: Row | undefined, now: Row, tolerance: number): Verdict {
  if (before === undefined) return 'new';
  const change = now.ratio / before.ratio - 1;
  if (Math.max(before.ratioSpread, now.ratioSpread) > tolerance) return 'unsure';
  if (Math.abs(change) <= tolerance) return 'same';
  // Where the rounds of the two builds overlap, they do not tell which build is better.
  const [[leastBefore, mostBefore], [least, most]] = [rangeOf(before), rangeOf(now)];
  if (least <= mostBefore && leastBefore <= most) return 'unsure';
  return change < 0 === (result.better === 'lower') ? 'better' : 'worse';
}

/** Compare the ratios of two reports; baselines, whose ratio is always 1, are left out. */
export function compareReports(before: Report, now: Report, tolerances: Tolerances): Change[] {
  return now.results.flatMap((result) => {
    const earlier = before.results.find(({ name }) => name === result.name);
    return result.rows.slice(1).map((row): Change => {
      const old = earlier?.rows.find(({ task }) => task === row.task);
      const tolerance = toleranceOf(tolerances, result.name, row.task);
      return {
        benchmark: result.name,
        task: row.task,
        verdict: verdictOf(result, old, row, tolerance),
        ...(old === undefined ? {} : { before: old.ratio }),
        now: row.ratio,
        tolerance,
      };
    });
  });
}

/** One line per ratio. */
export function renderChanges(changes: readonly Change[]): string {
  return changes
    .map(({ benchmark, task, verdict, before, now, tolerance }) => {
      const from = before === undefined ? 'nothing' : formatNumber(before);
      const allowed = `±${formatNumber(tolerance * 100)} %`;
      return `${verdict}: ${benchmark}, ${task}: ratio ${from} → ${formatNumber(now)} (${allowed})`;
    })
    .join('\n');
}

/** By how much the median ratio moved from the first half of the rounds to the second, as a fraction of the smaller. */
function drift({ halves }: Row): number {
  if (halves === undefined) return 0;
  return Math.max(...halves) / Math.min(...halves) - 1;
}

/** A warning for each ratio that spreads over more than its tolerance, or moved by more: such a figure says little. */
export function untrustworthy({ results }: Report, tolerances: Tolerances): string[] {
  return results.flatMap((result) =>
    result.rows.slice(1).flatMap((row) => {
      const { task, ratioSpread, halves = [] } = row;
      const tolerance = toleranceOf(tolerances, result.name, task);
      const name = `${result.name}, ${task}`;
      if (ratioSpread > tolerance) {
        const seen = `${formatNumber(ratioSpread * 100)} %`;
        return [`${name}: the ratio spreads over ${seen}; do not trust it`];
      }
      if (drift(row) <= tolerance) return [];
      const [first, second] = halves.map(formatNumber);
      const allowed = `${formatNumber(tolerance * 100)} %`;
      return [
        `${name}: the ratio moved from ${first} in the first half to ${second} in the second, by more than ${allowed}; do not trust it`,
      ];
    }),
  );
}
