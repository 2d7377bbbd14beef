/** Results of `verify`, row by row, and reading its saved reports. */

import { UsageError } from '../../errors.js';
import { readJsonFile } from '../options/files.js';
import type { Rows } from '../options/sets.js';
import type { AxiomsCount, OutcomeCount } from '../work/tally.js';

/** One outcome of a scenario, its first token, and the command line that shows it again. */
export interface VerifiedOutcome extends Pick<
  OutcomeCount,
  'key' | 'grade' | 'count' | 'token' | 'isUnended'
> {
  readonly replay: string;
}

/** One scenario, verified. */
export interface VerifiedScenario {
  readonly scenario: string;
  /** `fails`: the code of an older kernel, or a latent issue; what it shows is no finding. */
  readonly expected: 'clean' | 'fails';
  readonly fingerprint: string;
  readonly seed: number;
  readonly executions: number;
  readonly operations: number;
  readonly seconds: number;
  /** Hash over the traces of all executions, eight hexadecimal digits. */
  readonly digest: string;
  /** The same hash of a second run; null: there was one run only. */
  readonly again: string | null;
  /** What the axioms said of the executions; null: they were not asked. */
  readonly axioms: AxiomsCount | null;
  readonly outcomes: readonly VerifiedOutcome[];
}

/** What verifying showed; plain data. */
export type VerifyResult = Rows<VerifiedScenario>;

/** The forbidden outcomes of a row. */
export function forbiddenIn({ outcomes }: VerifiedScenario): VerifiedScenario['outcomes'] {
  return outcomes.filter(({ grade }) => grade === 'forbidden');
}

/** Forbidden outcomes of scenarios that must have none. */
export function findingsOf(rows: readonly VerifiedScenario[]): VerifiedScenario['outcomes'] {
  return rows.filter(({ expected }) => expected === 'clean').flatMap(forbiddenIn);
}

const isRow = (row: unknown): row is VerifiedScenario => {
  const {
    scenario,
    fingerprint,
    digest,
    seed: from,
    executions,
  } = (row ?? {}) as Partial<VerifiedScenario>;
  return (
    [scenario, fingerprint, digest].every((text) => typeof text === 'string') &&
    [from, executions].every((number) => Number.isSafeInteger(number))
  );
};

/** Rows of a saved report. @throws UsageError when the file is none */
export function savedRows(path: string): readonly VerifiedScenario[] {
  const report = readJsonFile('report', path);
  // --save writes the rows alone; --json prints an object that contains them.
  const rows: unknown = Array.isArray(report) ? report : (report as Partial<VerifyResult>).rows;
  if (Array.isArray(rows) && rows.every(isRow)) return rows;
  throw new UsageError(`'${path}' is not what verify --save writes`);
}

type Parameters = Pick<VerifiedScenario, 'scenario' | 'fingerprint' | 'seed' | 'executions'>;

/** The saved row of the same executions. @throws UsageError when there is none */
export function comparable(row: Parameters, saved: readonly VerifiedScenario[]): VerifiedScenario {
  const other = saved.find(({ scenario }) => scenario === row.scenario);
  if (other === undefined) throw new UsageError(`the saved report has no ${row.scenario}`);
  for (const what of ['fingerprint', 'seed', 'executions'] as const) {
    if (other[what] === row[what]) continue;
    throw new UsageError(
      `${row.scenario}: the saved report has ${what} ${other[what]}, this run ${row[what]}`,
    );
  }
  return other;
}

/**
 * Compare reports of the same executions.
 *
 * @returns one line for each scenario whose traces differ
 * @throws UsageError when they are not of the same executions
 */
export function differences(
  rows: readonly VerifiedScenario[],
  saved: readonly VerifiedScenario[],
): string[] {
  return rows.flatMap((row) => {
    const other = comparable(row, saved);
    return other.digest === row.digest
      ? []
      : [`${row.scenario}: trace hash ${row.digest}, saved ${other.digest}`];
  });
}
