/** What `klp-smp explore` prints. */

import type { ExploredOutcome, ExploreResult } from '../campaign/explored.js';
import { padded, paint } from './paint.js';

const GRADES = ['forbidden', 'interesting', 'acceptable'] as const;
/** Outcomes of one grade or data races, and findings, that are printed; JSON has all of them. */
const MOST_OUTCOMES = 20;
const MOST_FINDINGS = 10;

function strategyLine({ strategy, pct }: ExploreResult): string {
  if (strategy.kind === 'pct') {
    const bound =
      pct === undefined
        ? ''
        : `: n = ${pct.n}, k = ${pct.k}, d = ${pct.d}, each execution finds a bug of that depth with p ≥ ${pct.bound.toExponential(2)} (schedules; memory answers are drawn besides)`;
    return `pct, seed ${strategy.seed}${bound}`;
  }
  if (strategy.kind === 'dfs') return `dfs${dfsBounds(strategy)}`;
  const { kind, seed } = strategy;
  const depth = kind === 'pctwm' ? `, depth ${strategy.depth}, history ${strategy.history}` : '';
  return `${kind}, seed ${seed}${depth}`;
}

function dfsBounds({ preemptions, choices }: { preemptions?: number; choices?: number }): string {
  const bounds = [
    preemptions === undefined ? '' : `at most ${preemptions} preemptions`,
    choices === undefined ? '' : `at most ${choices} weak answers of the memory`,
  ].filter((b) => b !== '');
  return bounds.length === 0 ? '' : `, ${bounds.join(', ')}`;
}

function exhaustionLine(result: ExploreResult): string | undefined {
  if (result.strategy.kind !== 'dfs') return undefined;
  const { memory, exhausted, bounded, executions, redundant, overlong } = result;
  const cut = redundant === 0 ? '' : ` and ${redundant} cut short as redundant`;
  if (overlong > 0) {
    return `not exhausted: ${overlong} of ${executions} executions${cut} went beyond the bound on operations (--steps), where one schedule stands for all`;
  }
  if (!exhausted) return `not exhausted: ${executions} executions${cut} so far`;
  const what =
    memory === 'sc'
      ? 'all interleavings'
      : 'all interleavings and all answers of the memory machine (no load buffering)';
  const { fixed } = result;
  const given = fixed.length === 0 ? '' : `, for one value of ${fixed.join(' and ')}`;
  const within = `${bounded ? ' within the bounds given' : ''}${given}`;
  return `exhausted: ${what}${within}, up to reordering of independent steps, in ${executions} executions${cut}`;
}

/** The report as text. */
export function exploreLines(result: ExploreResult): string {
  const { scenario, memory, ablated, steps, seconds } = result;
  const without = ablated.length === 0 ? '' : `, without ${ablated.join(', ')}`;
  const rate = steps / Math.max(seconds, 1e-9);
  const exhaustion = exhaustionLine(result);
  return [
    `${scenario}: ${strategyLine(result)}, memory ${memory}${without}`,
    `${result.executions} executions, ${steps} operations, ${result.switches} switches in ${seconds.toFixed(1)} s (${(rate / 1e6).toFixed(2)} M operations/s), trace hash ${result.digest}`,
    ...(exhaustion === undefined ? [] : [exhaustion]),
    ...GRADES.flatMap((grade) => gradeLines(result, grade)),
    ...allFindings(result),
    ...askedLine(result),
    ...raceLines(result),
  ].join('\n');
}

function raceLines({ races }: ExploreResult): string[] {
  const lines = races.slice(0, MOST_OUTCOMES).map((race) => `data race: ${race}`);
  const more = races.length - lines.length;
  return more === 0 ? lines : [...lines, `and ${more} more data races: see --json`];
}

/** How randomness and time were handled. */
function askedLine({ asked, fixed }: ExploreResult): string[] {
  const drawn = asked.filter((name) => !fixed.includes(name));
  return [
    ...(drawn.length === 0
      ? []
      : [`${drawn.join(' and ')}: drawn from the seed for each execution`]),
    ...(fixed.length === 0 ? [] : [`${fixed.join(' and ')}: fixed, the same in all executions`]),
  ];
}

function gradeLines({ outcomes }: ExploreResult, wanted: ExploredOutcome['grade']): string[] {
  const all = outcomes.filter(({ grade }) => grade === wanted).sort((a, b) => b.count - a.count);
  const lines = all
    .slice(0, MOST_OUTCOMES)
    .map(
      ({ key, count, detail }) =>
        `  ${padded(paint(wanted, wanted), 11)} ${key.padEnd(20)} ${String(count).padStart(10)}  ${detail}`,
    );
  const more = all.length - lines.length;
  return more === 0 ? lines : [...lines, `  ${wanted.padEnd(11)} and ${more} more: see --json`];
}

function allFindings(result: ExploreResult): string[] {
  const found = result.outcomes.filter(({ grade }) => grade === 'forbidden');
  const lines = found.slice(0, MOST_FINDINGS).flatMap((outcome) => findingLines(result, outcome));
  const more = found.length - MOST_FINDINGS;
  return more <= 0 ? lines : [...lines, '', `and ${more} more findings: see --json`];
}

function findingLines({ findings }: ExploreResult, outcome: ExploredOutcome): string[] {
  const shrunk = findings.find((f) => f.verdict.key === outcome.key);
  const by = outcome.by === undefined ? '' : `, by ${outcome.by}`;
  const lines = ['', `${outcome.key}: first in execution ${outcome.firstRun}${by}`];
  if (shrunk) {
    const { before, after } = shrunk;
    lines.push(
      `  ${shrunk.isMinimal ? 'shrunk' : 'partly shrunk'} from ${before.switches} context switches and ${before.choices} weak answers of the memory to ${after.switches} and ${after.choices}`,
    );
    if (shrunk.needed.length > 0) {
      lines.push(`  needs the absence of ${shrunk.needed.join(', ')}`);
    }
  }
  lines.push(`  replay: ${shrunk?.replay ?? outcome.replay}`);
  return lines;
}
