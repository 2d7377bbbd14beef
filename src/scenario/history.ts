/** How a bug of the past is declared: the old code that fails, and the code of today that does not. */

import type { SiteId } from '../memory/sites.js';

/** The algorithm with the bug, or without it. */
export type HistoryVariant = 'before' | 'after';

/** Something that a check saw and that must never be. */
export interface HistoryFinding {
  /** An invariant such as `I-7`, `WARN n`, `oops`, or what the bug's own check calls it. */
  readonly key: string;
  readonly detail: string;
}

/** What is known of a bug of the past. */
export interface HistoryRecord {
  /** For instance `R-26`; `R-28b` is the second bug of one change. */
  readonly id: string;
  /** The upstream commit that fixed it, abbreviated; empty when it is open, or not known to us. */
  readonly commit: string;
  /** Title of that commit, or of the report. */
  readonly title: string;
  /** Release and year of the fix. */
  readonly release: string;
  /** How it goes wrong, in a sentence or two. */
  readonly mechanism: string;
  /** What stands for the old code here, and what is replayed. */
  readonly replayed: string;
  /** Key of the finding, or of the outcome, that the old code has to show. */
  readonly shows: string;
}

/** A bug that a sequence of events on one CPU shows: nothing depends on chance. */
export interface HistoryScript extends HistoryRecord {
  readonly kind: 'script';
  /** Run the sequence over one variant; what the checks found. */
  readonly run: (variant: HistoryVariant) => readonly HistoryFinding[];
}

/** A race scenario of the catalogue, with ordering sites removed or not. */
export interface HistoryExploration {
  readonly scenario: string;
  readonly removed?: readonly SiteId[];
}

/** A bug that needs two CPUs: explored. */
export interface HistoryRace extends HistoryRecord {
  readonly kind: 'race';
  readonly before: HistoryExploration;
  readonly after: HistoryExploration;
}

export type HistoryScenario = HistoryScript | HistoryRace;

/** Declare a bug that a script shows. */
export function historyScript(scenario: Omit<HistoryScript, 'kind'>): HistoryScript {
  return { kind: 'script', ...scenario };
}

/** Declare a bug that a race shows. */
export function historyRace(scenario: Omit<HistoryRace, 'kind'>): HistoryRace {
  return { kind: 'race', ...scenario };
}

/** What replaying a script showed. */
export interface HistoryVerdict {
  readonly before: readonly HistoryFinding[];
  readonly after: readonly HistoryFinding[];
  /** The old code showed what it has to show. */
  readonly reproduced: boolean;
  /** The code of today showed nothing. */
  readonly clean: boolean;
}

/** Run both variants of a script. */
export function replayScript(scenario: HistoryScript): HistoryVerdict {
  const before = scenario.run('before');
  const after = scenario.run('after');
  return {
    before,
    after,
    reproduced: before.some(({ key }) => key === scenario.shows),
    clean: after.length === 0,
  };
}
