/** Reads what herd7 has said of litmus tests. */

import { dirname, join } from 'node:path';
import { UsageError } from '../../errors.js';
import { DEFAULT_MODEL, type ModelVersion } from '../../litmus/model.js';
import { lookAt, readTextFile } from '../options/files.js';

/** A line of `verdicts.jsonl`. */
export interface RecordedVerdict {
  /** Path under the folder of tests. */
  readonly test: string;
  /** herd7 does not take the test. */
  readonly refused: boolean;
  readonly states: readonly string[];
  readonly flags: readonly string[];
  /** Executions that satisfy the condition, and those that do not. */
  readonly positive: number;
  readonly negative: number;
  readonly herdSeconds: number;
}

/** All verdicts of a folder. */
export interface Recorded {
  readonly verdicts: readonly RecordedVerdict[];
  /** The folder that their paths start from. */
  readonly tests: string;
}

const isFile = (path: string): boolean => lookAt(path)?.isFile() === true;

/** Where verdicts are. */
export interface VerdictsOf {
  /** The folder of the tests, or the one around it. */
  readonly dir: string;
  readonly model: ModelVersion;
  /** Verdicts of another place. */
  readonly verdicts?: string;
}

/** Read the verdicts of a folder. @throws UsageError if there are none, or with the line that is no verdict */
export function readVerdicts({ dir, model, verdicts: file }: VerdictsOf): Recorded {
  const name = model === DEFAULT_MODEL ? 'verdicts.jsonl' : `verdicts-${model}.jsonl`;
  const home = [dir, dirname(join(dir, '.'))].find((d) => file ?? isFile(join(d, name)));
  if (home === undefined) {
    throw new UsageError(
      `'${dir}' has no ${name}: give a folder of tests with recorded verdicts${model === DEFAULT_MODEL ? '' : ', or --verdicts'}`,
    );
  }
  const path = file ?? join(home, name);
  const lines = readTextFile('recorded verdicts', path).split('\n');
  const verdicts = lines.flatMap((line, i) =>
    line.trim() === '' ? [] : [parseVerdict(path, line, i + 1)],
  );
  if (verdicts.length === 0) throw new UsageError(`${path} records no verdict`);
  const nested = lookAt(join(home, 'tests'))?.isDirectory() === true;
  return { verdicts, tests: nested ? join(home, 'tests') : home };
}

function parseVerdict(file: string, line: string, number: number): RecordedVerdict {
  const bad = (problem: string): UsageError => new UsageError(`${file}:${number}: ${problem}`);
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    throw bad('not a line of JSON');
  }
  const record = value as (Partial<RecordedVerdict> & { verdict?: unknown }) | null;
  const refused = record?.verdict === 'REFUSED';
  if (typeof record?.test !== 'string' || (!refused && !Array.isArray(record.states))) {
    throw bad('expected an object with "test" and "states"');
  }
  return {
    test: record.test,
    refused,
    states: record.states ?? [],
    flags: record.flags ?? [],
    positive: record.positive ?? 0,
    negative: record.negative ?? 0,
    herdSeconds: record.herdSeconds ?? 0,
  };
}
