/** Results of commands over the catalogue as tables for reports: what differs from the catalogue is the finding. */

import type { AblateResult } from '../../campaign/ablate/ablate.js';
import type { CompareResult } from '../../campaign/compare/compare.js';
import type { HistoryResult } from '../../campaign/history.js';
import type { LatentResult } from '../../campaign/latent.js';
import { placeOfNamed } from '../place.js';
import type { ReportOutcome, ReportTable } from '../report.js';

const graded = (isRight: boolean): Pick<ReportOutcome, 'grade' | 'count'> => ({
  grade: isRight ? 'acceptable' : 'forbidden',
  count: 1,
});

const replayed = (token: string | null | undefined): Partial<ReportOutcome> =>
  token === null || token === undefined ? {} : { token, replay: `klp-smp replay ${token}` };

/** The table of `ablate`: a row that does not show what the catalogue says is a finding. */
export function ablatedTables({ rows, threadRows }: AblateResult): ReportTable[] {
  const outcomes = rows.map((row): ReportOutcome => {
    const { removed, scenario, expected, found, token, replays, asExpected } = row;
    const place = placeOfNamed(scenario);
    const shown = [...new Set(found.map((key) => key ?? 'nothing'))].join(', ');
    return {
      name: `${scenario} without ${removed.join('+') || 'nothing'}`,
      ...graded(asExpected),
      reason: `expected ${expected ?? 'nothing'}, found ${shown}${replays ? '' : '; does not replay'}`,
      ...replayed(token),
      ...(place === undefined ? {} : { place }),
    };
  });
  const onThreads = threadRows.map(({ removed, inExplorer, key }) => ({
    name: `without ${removed.join('+')}`,
    ...graded(true),
    reason: `on weak threads ${key ?? 'not found in this time'}, in the explorer ${inExplorer}`,
  }));
  return [{ title: 'ablate', outcomes: [...outcomes, ...onThreads] }];
}

/** The table of `history`. */
export function historyTables({ rows }: HistoryResult): ReportTable[] {
  const outcomes = rows.map(({ id, title, shows, before, after, reproduced, clean, token }) => {
    const keys = (all: typeof before): string => all.map(({ key }) => key).join(', ') || 'nothing';
    return {
      name: `${id} ${title}`,
      ...graded(reproduced && clean),
      reason: `the old code is to show ${shows} and shows ${keys(before)}; that of today shows ${keys(after)}`,
      ...replayed(token),
    };
  });
  return [{ title: 'history', outcomes }];
}

/** The table of `latent`. */
export function latentTables({ rows }: LatentResult): ReportTable[] {
  const outcomes = rows.map(({ id, title, expected, result, attempts, asExpected }) => ({
    name: `${id} ${title}`,
    ...graded(asExpected),
    reason: `expected ${expected}, ${result} in ${attempts.map((a) => `${a.searched} ${a.unit} of ${a.what}`).join('; ')}`,
    ...replayed(attempts.find(({ token }) => token !== undefined)?.token),
  }));
  return [{ title: 'latent', outcomes }];
}

/** The table of `compare`: outcomes that an exhausted search cannot reach are an error of ours. */
export function comparedTables(result: CompareResult): ReportTable[] {
  const { scenario, backend, rows, exhausted, explored, threadRuns, unreachable } = result;
  const place = placeOfNamed(scenario);
  return [
    {
      title: scenario,
      ...(place === undefined ? {} : { place }),
      settings: { backend, explored, exhausted, 'on threads': threadRuns },
      outcomes: rows.map(({ outcome, grade, explorer, threads }) => ({
        name: outcome,
        grade,
        count: explorer + threads,
        reason: `explorer ${explorer}, threads ${threads}`,
        ...(unreachable.includes(outcome)
          ? { error: 'threads show what an exhausted search cannot reach: our error' }
          : {}),
      })),
    },
  ];
}
