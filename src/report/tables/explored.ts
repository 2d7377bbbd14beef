/** Results of explorations as tables for reports. */

import type { Explored } from '../../campaign/coverage.js';
import type { ExploreResult } from '../../campaign/explored.js';
import { replacing } from '../../campaign/scenarios/replace.js';
import type { ReplayResult } from '../../campaign/replay.js';
import type { WeakenResult } from '../../campaign/weaken.js';
import { placeOfNamed, placeOfScenario } from '../place.js';
import type { ReportOutcome, ReportTable } from '../report.js';
import { given } from './given.js';

/** Tables of `explore`. */
export function exploredTables(result: ExploreResult): ReportTable[] {
  const { scenario, file, replace, memory, strategy, ablated, executions, digest } = result;
  const seed = strategy.kind === 'dfs' ? undefined : strategy.seed;
  const outcomes = result.outcomes.map((outcome): ReportOutcome => {
    const { key, grade, detail, count, token } = outcome;
    const shrunk = result.findings.find((finding) => finding.verdict.key === key);
    const shown = shrunk?.token ?? token;
    const replay = shrunk?.replay ?? outcome.replay;
    return { name: key, grade, count, reason: detail, token: shown, replay };
  });
  return [
    {
      title: scenario,
      file,
      ...(replace === null ? {} : { replace }),
      place: placeOfScenario(file, scenario),
      seconds: result.seconds,
      settings: {
        memory,
        strategy: strategy.kind,
        ...given({ seed }),
        ...(ablated.length === 0 ? {} : { without: ablated.join(', ') }),
        executions,
        'trace hash': digest,
        ...(strategy.kind === 'dfs' ? { exhausted: result.exhausted } : {}),
        ...(result.fixed.length === 0 ? {} : { 'for one value of': result.fixed.join(', ') }),
        ...(result.races.length === 0 ? {} : { 'data races': result.races.length }),
      },
      outcomes,
    },
  ];
}

const siteNumbers = (names: readonly string[]): number[] =>
  names.map((name) => Number(name.replace(/^O-/, '')));

/** What `explore` executed. */
export function sessionsOf(result: ExploreResult): Explored[] {
  const { scenario: name, file, replace, memory, ablated, strategy } = result;
  const scenario = { file, name, ...replacing(replace ?? undefined) };
  return [{ session: { scenario, memory, ablated: siteNumbers(ablated) }, strategy }];
}

/** The table of `replay`. */
export function replayedTables(
  { scenario, verdict, lines }: ReplayResult,
  replay: string,
  file?: string,
): ReportTable[] {
  const { key, grade, detail } = verdict;
  const outcome = { name: key, grade, count: 1, reason: detail, replay, trace: lines };
  const place = file === undefined ? placeOfNamed(scenario) : placeOfScenario(file, scenario);
  return [{ title: scenario, ...given({ place }), outcomes: [outcome] }];
}

/** The table of `weaken`: what a program needs is of interest, and no finding. */
export function weakenedTables({ scenario, operations, executions }: WeakenResult): ReportTable[] {
  const outcomes = operations.map(({ place, text, standing, finds, replay }): ReportOutcome => {
    const [, file, line] = /^(.*):(\d+)$/.exec(place) ?? [];
    const why = finds === null ? standing : `${standing}: without it ${finds}`;
    return {
      ...{ name: `${text} (${place})`, count: 1, reason: why },
      grade: standing === 'needed' ? 'interesting' : 'acceptable',
      ...given({ replay: replay ?? undefined }),
      ...(file === undefined ? {} : { place: { file, line: Number(line) } }),
    };
  });
  return [{ title: scenario, settings: { executions }, outcomes }];
}
