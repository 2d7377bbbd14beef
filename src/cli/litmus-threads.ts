/** `litmus --on threads` without a file: the classic shapes on real threads, as histograms with grades. */

import { availableParallelism, loadavg } from 'node:os';
import { InvariantViolated, SimulatorBug } from '../errors.js';
import type { MemoryKind } from '../memory/backend.js';
import { formatNumber, renderTable } from '../report/table.js';
import { reachOf, type Reach } from '../litmus/on-threads/reach.js';
import type { LitmusGrade, LitmusShape } from '../litmus/on-threads/shape.js';
import { LITMUS_SHAPES } from '../litmus/on-threads/shapes.js';
import { LitmusThreads, type LitmusRun } from '../litmus/on-threads/litmus-threads.js';
import { emit } from './output.js';
import { interruptible } from './interrupt.js';
import { startProgress } from './progress.js';

/** What the command was asked for. */
export interface ThreadsLitmusOptions {
  readonly memory: MemoryKind;
  /** Names of shapes, or parts of them; all shapes when absent. */
  readonly shapes?: readonly string[];
  /** Trials of each shape. */
  readonly trials: number;
  readonly seed: number;
  /** Probability of the weak backend's reorderings; its default when absent. */
  readonly reorder?: number;
  readonly json: boolean;
}

/** One final state of a shape. */
export interface OutcomeReport {
  readonly values: string;
  readonly count: number;
  readonly grade: LitmusGrade;
  readonly reason: string;
}

/** What one shape showed. */
export interface ShapeReport {
  readonly shape: string;
  readonly observed: readonly string[];
  readonly trials: number;
  readonly seconds: number;
  readonly trialsPerSecond: number;
  readonly outcomes: readonly OutcomeReport[];
  readonly reach: Reach;
  readonly statistics: Readonly<Record<string, number>>;
  readonly failure?: string;
}

/** What a whole run showed. */
export interface ThreadsLitmusReport {
  readonly memory: MemoryKind;
  readonly seed: number;
  readonly processor: string;
  readonly processors: number;
  /** Load average of the machine over the last minute, at the end. */
  readonly load: number;
  readonly shapes: readonly ShapeReport[];
}

/** The shapes whose names contain one of the given texts. */
export function chooseShapes(names: readonly string[] | undefined): LitmusShape[] {
  return LITMUS_SHAPES.filter(({ name }) => names?.some((part) => name.includes(part)) ?? true);
}

function shapeReport(shape: LitmusShape, memory: MemoryKind, run: LitmusRun): ShapeReport {
  const { trials, seconds, statistics, failure } = run;
  const outcomes = run.states.map(({ values, count }) => ({
    values: shape.format(values),
    count,
    ...shape.grade(values),
  }));
  return {
    shape: shape.name,
    observed: shape.observed,
    trials,
    seconds,
    trialsPerSecond: seconds > 0 ? trials / seconds : 0,
    outcomes,
    reach: reachOf(shape, memory, process.arch),
    statistics,
    ...(failure === undefined ? {} : { failure }),
  };
}

async function runShapes(
  shapes: readonly LitmusShape[],
  options: ThreadsLitmusOptions,
  signal: AbortSignal,
): Promise<ShapeReport[]> {
  const widest = Math.max(...shapes.map(({ program }) => program.threads.length));
  const threads = new LitmusThreads(widest, availableParallelism());
  const total = shapes.length * options.trials;
  const progress = startProgress({ label: 'litmus', total, unit: 'trials' });
  const reports: ShapeReport[] = [];
  const { memory, trials, seed, reorder } = options;
  const weak = reorder === undefined ? {} : { reorder };
  try {
    for (const [i, shape] of shapes.entries()) {
      const onProgress = (done: number): void => progress.update(i * trials + done, shape.name);
      const run = await threads.run(shape.program, {
        ...{ memory, trials, seed, weak, signal, onProgress },
      });
      reports.push(shapeReport(shape, memory, run));
      if (run.failure !== undefined) break;
    }
  } finally {
    progress.stop();
    await threads.close();
  }
  return reports;
}

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
function renderLimits({ shapes, memory, processor }: ThreadsLitmusReport): string {
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

function render(report: ThreadsLitmusReport): string {
  const { memory, processor, processors, seed, load } = report;
  const tables = report.shapes.map((shape) => renderShape(shape, memory));
  const machine = `${processors} × ${processor}, load ${load.toFixed(1)}, Node ${process.version}`;
  return [...tables, renderLimits(report), `${machine}, seed ${seed}`].join('\n\n');
}

/**
 * Run the shapes, print what they showed.
 *
 * @throws InvariantViolated after printing, when an outcome was seen that the memory model forbids
 * @throws SimulatorBug after printing, when a worker failed
 */
export async function litmusThreads(options: ThreadsLitmusOptions): Promise<void> {
  const shapes = chooseShapes(options.shapes);
  const found = await interruptible((signal) => runShapes(shapes, options, signal));
  const report: ThreadsLitmusReport = {
    memory: options.memory,
    seed: options.seed,
    processor: process.arch,
    processors: availableParallelism(),
    load: loadavg()[0] ?? 0,
    shapes: found,
  };
  emit(options, report, render);
  const failed = found.find(({ failure }) => failure !== undefined && failure !== 'interrupted');
  if (failed) throw new SimulatorBug(`${failed.shape}: ${failed.failure ?? ''}`);
  const wrong = found.filter(({ outcomes }) => outcomes.some((o) => o.grade === 'forbidden'));
  if (wrong.length > 0) throw new InvariantViolated(findingOf(wrong, options));
}

function findingOf(wrong: readonly ShapeReport[], { memory, trials, seed }: ThreadsLitmusOptions) {
  const names = wrong.map(({ shape }) => shape);
  const run = `--memory ${memory} --shapes ${names.join()} --trials ${trials} --seed ${seed}`;
  return {
    invariant: 'LKMM',
    detail: `${memory} showed an outcome that the memory model forbids: ${names.join(', ')}`,
    replay: `klp-smp litmus --on threads ${run}`,
  };
}
