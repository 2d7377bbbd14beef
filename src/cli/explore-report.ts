/** What `klp-smp explore` prints. */

import type { CampaignState } from '../campaign/campaign.js';
import type { ExploreConfig } from '../explorer/engine/config.js';
import { catalogModule } from '../explorer/build/modules.js';
import type { MinimisedFinding } from '../campaign/worker-task.js';
import { dirname } from 'node:path';

/** A campaign that has ended, or was stopped. */
export interface ExploreReport {
  readonly config: ExploreConfig;
  readonly state: CampaignState;
  readonly seconds: number;
  readonly findings: readonly MinimisedFinding[];
}

const GRADES = ['forbidden', 'interesting', 'acceptable'] as const;

const siteName = (site: number): string => `O-${String(site).padStart(2, '0')}`;
const hex = (n: number): string => n.toString(16).padStart(8, '0');

function strategyLine({ config, state }: ExploreReport): string {
  const { strategy } = config;
  if (strategy.kind === 'random') return `random, seed ${strategy.seed}`;
  if (strategy.kind === 'pct') {
    const { pct } = state;
    const bound =
      pct === undefined
        ? ''
        : `: n = ${pct.n}, k = ${pct.k}, d = ${pct.d}, each execution finds a bug of that depth with p ≥ ${pct.bound.toExponential(2)} (schedules; memory answers are drawn besides)`;
    return `pct, seed ${strategy.seed}${bound}`;
  }
  return `dfs${dfsBounds(strategy)}`;
}

function dfsBounds({ preemptions, choices }: { preemptions?: number; choices?: number }): string {
  const bounds = [
    preemptions === undefined ? '' : `at most ${preemptions} preemptions`,
    choices === undefined ? '' : `at most ${choices} weak answers of the memory`,
  ].filter((b) => b !== '');
  return bounds.length === 0 ? '' : `, ${bounds.join(', ')}`;
}

function exhaustionLine({ config, state }: ExploreReport): string | undefined {
  if (config.strategy.kind !== 'dfs') return undefined;
  const { tally, exhausted, bounded } = state;
  const cut = tally.redundant === 0 ? '' : ` and ${tally.redundant} cut short as redundant`;
  if (!exhausted) return `not exhausted: ${tally.executions} executions${cut} so far`;
  const what =
    config.memory === 'sc'
      ? 'all interleavings'
      : 'all interleavings and all answers of the memory machine (no load buffering)';
  const within = bounded ? ' within the bounds given' : '';
  const overlong =
    tally.overlong === 0 ? '' : `; ${tally.overlong} went beyond the bound on operations`;
  return `exhausted: ${what}${within}, up to reordering of independent steps, in ${tally.executions} executions${cut}${overlong}`;
}

/** The report as text. */
export function exploreLines(report: ExploreReport): string[] {
  const { config, state, seconds } = report;
  const { tally } = state;
  const ablated = config.ablated.map(siteName).join(', ');
  const rate = tally.steps / Math.max(seconds, 1e-9);
  const lines = [
    `${config.scenario.name}: ${strategyLine(report)}, memory ${config.memory}${ablated === '' ? '' : `, without ${ablated}`}`,
    `${tally.executions} executions, ${tally.steps} operations, ${tally.switches} switches in ${seconds.toFixed(1)} s (${(rate / 1e6).toFixed(2)} M operations/s), trace hash ${hex(tally.digest)}`,
  ];
  const exhaustion = exhaustionLine(report);
  if (exhaustion !== undefined) lines.push(exhaustion);
  for (const grade of GRADES) {
    const outcomes = tally.outcomes.filter((o) => o.grade === grade);
    for (const { key, count, detail } of outcomes.sort((a, b) => b.count - a.count)) {
      lines.push(
        `  ${grade.padEnd(11)} ${key.padEnd(20)} ${String(count).padStart(10)}  ${detail}`,
      );
    }
  }
  for (const outcome of tally.outcomes) {
    if (outcome.grade === 'forbidden') lines.push(...findingLines(report, outcome));
  }
  return lines;
}

function findingLines(
  { config, findings }: ExploreReport,
  outcome: { key: string; firstRun: number; token: string },
): string[] {
  const shrunk = findings.find((f) => f.verdict.key === outcome.key);
  const lines = ['', `${outcome.key}: first in execution ${outcome.firstRun}`];
  if (shrunk) {
    const { before, after } = shrunk;
    lines.push(
      `  ${shrunk.isMinimal ? 'shrunk' : 'partly shrunk'} from ${before.switches} context switches and ${before.choices} weak answers of the memory to ${after.switches} and ${after.choices}`,
    );
    if (shrunk.needed.length > 0) {
      lines.push(`  needs the absence of ${shrunk.needed.map(siteName).join(', ')}`);
    }
  }
  const token = shrunk?.token ?? outcome.token;
  const own = config.scenario.file.startsWith(dirname(catalogModule('x')));
  lines.push(`  replay: klp-smp replay ${token}${own ? '' : ` --file ${config.scenario.file}`}`);
  return lines;
}

/** The report as plain data. */
export function exploreJson({ config, state, seconds, findings }: ExploreReport): object {
  const { tally, exhausted, bounded, pct, next, failure } = state;
  return {
    scenario: config.scenario.name,
    memory: config.memory,
    strategy: config.strategy,
    ablated: config.ablated.map(siteName),
    seconds,
    ...tally,
    digest: hex(tally.digest),
    nextRun: next,
    exhausted,
    bounded,
    pct,
    findings: findings.map((f) => ({ ...f, needed: f.needed.map(siteName) })),
    ...(failure === undefined ? {} : { failure: failure.message }),
  };
}
