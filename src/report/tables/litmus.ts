/** Results of litmus tests as tables for reports. */

import type { ConformanceResult, EngineConformance } from '../../campaign/litmus/conformance.js';
import type { CheckLitmusResult } from '../../campaign/litmus/litmus.js';
import type { LitmusShapesResult } from '../../campaign/litmus/litmus-shapes.js';
import { divide } from '../../litmus/batch.js';
import type { ReportOutcome, ReportTable } from '../report.js';

const failed = (name: string, file: string, error: string): ReportOutcome => ({
  ...{ name, grade: 'acceptable', count: 0, reason: '', error },
  place: { file, line: Number(/^[^\n]*?:(\d+)[:.]/.exec(error)?.[1] ?? 1) },
});

/** The table of `litmus`: what a test shows is no finding; a test that could not be run is an error. */
export function litmusTables({ results }: CheckLitmusResult): ReportTable[] {
  const { reports, failures } = divide(results);
  const outcomes = reports.map(({ name, observation, positive, negative, flags, complete }) => ({
    name,
    grade: flags.length > 0 || !complete ? ('interesting' as const) : ('acceptable' as const),
    count: positive + negative,
    reason: [
      `${observation} ${positive} ${negative}`,
      ...flags,
      ...(complete ? [] : ['cut short']),
    ].join(', '),
  }));
  const errors = failures.filter(({ kind }) => kind !== 'skipped');
  return [
    {
      title: 'litmus',
      settings: { tests: results.length, skipped: failures.length - errors.length },
      outcomes: [...outcomes, ...errors.map(({ file, reason }) => failed(file, file, reason))],
    },
  ];
}

function engineTable(engine: EngineConformance): ReportTable {
  const { differences, failures, conforms, equal, run, seconds } = engine;
  const whole: ReportOutcome = {
    name: 'all tests',
    grade: conforms ? 'acceptable' : 'forbidden',
    count: run,
    reason: `${equal} of ${run} with equal state sets, ${engine.outside} states outside`,
  };
  const wrong = differences.map(({ test, outside, missing, counts, flags }): ReportOutcome => ({
    name: test,
    count: 1,
    grade:
      outside.length > 0 || counts !== undefined || flags !== undefined
        ? 'forbidden'
        : 'interesting',
    reason: `${outside.length} states outside, ${missing.length} missing`,
  }));
  return {
    title: `${engine.engine}, model ${engine.model}`,
    seconds,
    settings: { tests: engine.tests, run },
    outcomes: [whole, ...wrong, ...failures.map(({ file, reason }) => failed(file, file, reason))],
  };
}

/** Tables of `conformance`: one of each engine. */
export const conformanceTables = ({ engines }: ConformanceResult): ReportTable[] =>
  engines.map(engineTable);

/** Tables of `litmus --on threads` without a path: one of each shape. */
export function shapesTables({ shapes, memory, seed }: LitmusShapesResult): ReportTable[] {
  return shapes.map(({ shape, outcomes, trials, seconds, failure }) => ({
    title: shape,
    seconds,
    settings: { memory, trials, seed },
    outcomes: [
      ...outcomes.map(({ values, grade, count, reason }) => ({
        name: values,
        grade,
        count,
        reason,
      })),
      ...(failure === undefined || failure === 'interrupted'
        ? []
        : [failed(shape, shape, failure)]),
    ],
  }));
}
