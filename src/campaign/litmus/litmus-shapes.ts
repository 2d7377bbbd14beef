/** Use case: the classic shapes of litmus tests on real threads, as histograms with grades. */

import { availableParallelism, loadavg } from 'node:os';
import {
  BATCH_TRIALS,
  LitmusThreads,
  type LitmusRun,
} from '../../litmus/on-threads/litmus-threads.js';
import { reachOf, type Reach } from '../../litmus/on-threads/reach.js';
import type { LitmusGrade, LitmusShape } from '../../litmus/on-threads/shape.js';
import { LITMUS_SHAPES } from '../../litmus/on-threads/shapes.js';
import { MEMORY_KINDS, type MemoryKind } from '../../memory/backend.js';
import { checkOptions, type Filled, type OptionTable } from '../options/option-table.js';
import { WATCHING, type Watching } from '../options/progress.js';
import { choiceOf, integerIn, listOf, numberIn, type Rule, seed } from '../options/rules.js';

/** What {@link litmusShapes} is asked to do. */
export interface LitmusShapesOptions extends Watching {
  /** Memory of the threads. Default `wasm`. */
  readonly memory?: MemoryKind;
  /** Names of shapes, or parts of them. Default all shapes. */
  readonly shapes?: readonly string[];
  /** Trials of each shape. Default 100,000. */
  readonly trials?: number;
  /** Seed of every random choice. Default 1. */
  readonly seed?: number;
  /** Probability of the weak backend's reorderings. Default its own. */
  readonly reorder?: number;
}

/** The shapes whose names contain one of the given texts. */
function chooseShapes(names: readonly string[] | undefined): LitmusShape[] {
  return LITMUS_SHAPES.filter(({ name }) => names?.some((part) => name.includes(part)) ?? true);
}

const namesShape = (name: unknown): name is string =>
  typeof name === 'string' && chooseShapes([name]).length > 0;

const shapeName: Rule<string> = {
  accepts: 'the name of a shape or a part of it, such as SB',
  parse: (text) => (namesShape(text) ? text : undefined),
  check: (value) => (namesShape(value) ? value : undefined),
};

const shapeNames = listOf(
  shapeName,
  'names of shapes or parts of them with commas, such as SB,MP+poonceonces',
);

/** The options of {@link litmusShapes}. */
export const LITMUS_SHAPES_OPTIONS = {
  ...WATCHING,
  memory: {
    rule: choiceOf(MEMORY_KINDS),
    about: 'memory of the threads',
    fallback: 'wasm',
    flags: '--memory <kind>',
  },
  shapes: {
    rule: shapeNames,
    about: 'classic shapes to run instead of all',
    flags: '--shapes <names>',
  },
  trials: {
    rule: integerIn({ min: 1, max: 1e10 }),
    about: 'trials of each shape',
    fallback: BATCH_TRIALS,
    flags: '--trials <n>',
  },
  seed: { rule: seed, about: 'seed of every random choice', fallback: 1, flags: '--seed <n>' },
  reorder: {
    rule: numberIn({ min: 0, max: 1 }),
    about: "probability of the weak backend's reorderings",
    needs: { memory: ['weak'] },
    inProgram: true,
  },
} as const satisfies OptionTable<LitmusShapesOptions>;

type Checked = Filled<LitmusShapesOptions, typeof LITMUS_SHAPES_OPTIONS>;

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

/** What a whole run showed; plain data. */
export interface LitmusShapesResult {
  readonly memory: MemoryKind;
  readonly seed: number;
  readonly processor: string;
  readonly processors: number;
  /** Load average of the machine over the last minute, at the end. */
  readonly load: number;
  readonly shapes: readonly ShapeReport[];
  /** Stopped by its signal. */
  readonly interrupted: boolean;
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

async function runShapes(shapes: readonly LitmusShape[], options: Checked): Promise<ShapeReport[]> {
  const widest = Math.max(...shapes.map(({ program }) => program.threads.length));
  const threads = new LitmusThreads(widest, availableParallelism());
  const { memory, trials, seed: from, reorder, signal } = options;
  const total = shapes.length * trials;
  const reports: ShapeReport[] = [];
  const weak = reorder === undefined ? {} : { reorder };
  try {
    for (const [i, shape] of shapes.entries()) {
      const onProgress = (done: number): void =>
        options.onProgress?.({ done: i * trials + done, total, unit: 'trials', note: shape.name });
      const run = await threads.run(shape.program, {
        ...{ memory, trials, seed: from, weak, onProgress },
        ...(signal && { signal }),
      });
      reports.push(shapeReport(shape, memory, run));
      if (run.failure !== undefined) break;
    }
  } finally {
    await threads.close();
  }
  return reports;
}

/**
 * Run the classic shapes on real threads. A state graded `forbidden` is a finding.
 *
 * @throws UsageError for options that are not accepted
 */
export async function litmusShapes(options: LitmusShapesOptions = {}): Promise<LitmusShapesResult> {
  const checked = checkOptions('litmusShapes', options, LITMUS_SHAPES_OPTIONS);
  const shapes = await runShapes(chooseShapes(checked.shapes), checked);
  return {
    memory: checked.memory,
    seed: checked.seed,
    processor: process.arch,
    processors: availableParallelism(),
    load: loadavg()[0] ?? 0,
    shapes,
    interrupted: checked.signal?.aborted === true,
  };
}
