/** Results of `verify` as tables for reports. */

import type { Explored } from '../../campaign/coverage.js';
import type { ExhaustResult } from '../../campaign/verify/exhaust.js';
import { findScenario } from '../../campaign/scenarios/find-scenario.js';
import { replacing } from '../../campaign/scenarios/replace.js';
import {
  forbiddenIn,
  type VerifiedScenario,
  type VerifyResult,
} from '../../campaign/verify/verified.js';
import { placeOfNamed } from '../place.js';
import type { ReportOutcome, ReportTable } from '../report.js';
import { given } from './given.js';

/** What `verify` executed. */
export const verifiedSessions =
  (replace?: string) =>
  ({ rows }: VerifyResult): Explored[] =>
    rows.flatMap(({ scenario: name, seed }) => {
      const { file } = findScenario(name);
      const session = { scenario: { file, name, ...replacing(replace) }, memory: 'lkmm' } as const;
      return [
        { session: { ...session, ablated: [] }, strategy: { kind: 'random', seed } as const },
      ];
    });

function verifiedTable(row: VerifiedScenario): ReportTable {
  const { scenario, expected, executions, seconds, seed, digest, again, axioms } = row;
  const outcomes = row.outcomes.map(({ key, count, grade, token, replay }): ReportOutcome => {
    const isExpected = expected === 'fails' && grade === 'forbidden';
    const reason = isExpected ? 'forbidden, as this scenario is there to show' : grade;
    return { name: key, count, reason, token, replay, grade: isExpected ? 'interesting' : grade };
  });
  const differs = again !== null && again !== digest;
  const rejected = axioms?.rejected ?? null;
  const broken = [
    ...(differs ? [{ name: 'twice', error: `trace hash ${digest}, then ${again}` }] : []),
    ...(rejected === null ? [] : [{ name: 'axioms', error: `rejected by ${rejected.axiom}` }]),
  ].map((it) => ({ ...it, grade: 'acceptable' as const, count: 0, reason: '' }));
  return {
    title: scenario,
    ...given({ place: placeOfNamed(scenario) }),
    seconds,
    settings: { executions, seed, 'trace hash': digest, forbidden: forbiddenIn(row).length },
    outcomes: [...outcomes, ...broken],
  };
}

/** Tables of `verify`: one of each scenario. */
export const verifiedTables = ({ rows }: VerifyResult): ReportTable[] => rows.map(verifiedTable);

/** Tables of `verify --exhaust`. */
export function exhaustedTables({ rows }: ExhaustResult): ReportTable[] {
  return rows.map(({ scenario, memory, says, states, steps, seconds, outcomes }) => ({
    title: scenario,
    ...given({ place: placeOfNamed(scenario) }),
    seconds,
    settings: { memory, verdict: says, states, steps },
    outcomes: outcomes.map(({ key, grade, token, replay }) => ({
      name: key,
      grade,
      count: 1,
      reason: 'reached by the search of all states',
      ...given({ token, replay }),
    })),
  }));
}
