/** Text of `klp-smp litmus --on threads` without a file: the classic shapes on real threads, as histograms with grades. */

import type { LitmusShapesResult, ShapeReport } from '../campaign/litmus/litmus-shapes.js';
import { InvariantViolated, SimulatorBug } from '../errors.js';
import type { MemoryKind } from '../memory/backend.js';
import { formatNumber, renderTable } from '../report/table.js';

function renderShape(report: ShapeReport, memory: MemoryKind): string {
  const { shape, observed, trials, trialsPerSecond, outcomes, statistics } = report;
  const rate = `${formatNumber(trialsPerSecond / 1e6)} M trials/s`;
  const title = `${shape} on ${memory}: ${trials.toLocaleString('en-US')} trials, ${rate}`;
  const columns = [
    { title: observed.join(', ') },
    { title: 'seen', align: 'right' as const },
    { title: 'grade' },
    { title: 'why' },
  ];
  const rows = outcomes.map(({ values, count, grade, reason }) => [
    values,
    count.toLocaleString('en-US'),
    grade,
    reason,
  ]);
  const reordered = Object.entries(statistics)
    .map(([name, count]) => `${name} ${count.toLocaleString('en-US')}`)
    .join(', ');
  const failure = report.failure === undefined ? [] : [`ended early: ${report.failure}`];
  const notes = reordered === '' ? failure : [...failure, `reordered: ${reordered}`];
  return [title, renderTable(columns, rows), ...notes].join('\n');
}

/** Names of the shapes whose weak outcome this memory cannot show, by the reason. */
function renderLimits({ shapes, memory, processor }: LitmusShapesResult): string {
  const reasons = new Map<string, string[]>();
  for (const { shape, reach } of shapes) {
    if (reach.reachable) continue;
    reasons.set(reach.why, [...(reasons.get(reach.why) ?? []), shape]);
  }
  const lines = [...reasons].map(([why, names]) => `  ${names.join(', ')}: ${why}`);
  return [`${memory} on ${processor} never shows the outcome that no interleaving gives of`]
    .concat(lines)
    .join('\n');
}

/** The tables of all shapes. */
export function shapesText(report: LitmusShapesResult): string {
  const { memory, processor, processors, seed, load } = report;
  const tables = report.shapes.map((shape) => renderShape(shape, memory));
  const machine = `${processors} × ${processor}, load ${load.toFixed(1)}, Node ${process.version}`;
  const end = report.interrupted ? ['interrupted'] : [];
  return [...tables, renderLimits(report), `${machine}, seed ${seed}`, ...end].join('\n\n');
}

/**
 * Say by the exit status what was found.
 *
 * @throws InvariantViolated when an outcome was seen that the memory model forbids
 * @throws SimulatorBug when a worker failed
 */
export function checkShapes({ shapes, memory, seed }: LitmusShapesResult, trials: number): void {
  const failed = shapes.find(({ failure }) => failure !== undefined && failure !== 'interrupted');
  if (failed) throw new SimulatorBug(`${failed.shape}: ${failed.failure ?? ''}`);
  const wrong = shapes.filter(({ outcomes }) => outcomes.some((o) => o.grade === 'forbidden'));
  if (wrong.length === 0) return;
  const names = wrong.map(({ shape }) => shape);
  const run = `--memory ${memory} --shapes ${names.join()} --trials ${trials} --seed ${seed}`;
  throw new InvariantViolated({
    invariant: 'LKMM',
    detail: `${memory} showed an outcome that the memory model forbids: ${names.join(', ')}`,
    replay: `klp-smp litmus --on threads ${run}`,
  });
}
