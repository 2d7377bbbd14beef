/** A run as it happens: one JSON document a line. */

import type { Progress, SeenOutcome } from '../../campaign/options/progress.js';
import { statusOf, type Report, type ReportOutcome } from '../report.js';

/** Version of the events; it changes when a member is taken away or means something else. */
const EVENTS_VERSION = 1;

/** The first event. */
export interface BeginEvent {
  readonly event: 'begin';
  readonly version: typeof EVENTS_VERSION;
  readonly command: string;
  /** The whole command line. */
  readonly again: string;
  readonly versions: Readonly<Record<string, string>>;
}

/** Now and then. */
export interface ProgressEvent extends Omit<Progress, 'outcomes' | 'row'> {
  readonly event: 'progress';
  /** Since the beginning. */
  readonly seconds: number;
}

/** An outcome was seen for the first time. */
export interface OutcomeEvent extends SeenOutcome {
  readonly event: 'outcome';
  readonly seconds: number;
}

/** One of the rows of a command that looks at several things is done; as in its JSON document. */
export interface RowEvent {
  readonly event: 'row';
  readonly seconds: number;
  readonly row: object;
}

/** A finding, as it is told in the end. */
export interface FindingEvent extends ReportOutcome {
  readonly event: 'finding';
  /** Scenario, test or run. */
  readonly of: string;
}

/** The last event. */
export interface EndEvent {
  readonly event: 'end';
  readonly seconds: number;
  readonly interrupted: boolean;
  readonly failure: string | null;
  /** The command's JSON document; null: it has none. */
  readonly result: unknown;
}

/** Any of them. */
export type RunEvent =
  BeginEvent | ProgressEvent | OutcomeEvent | RowEvent | FindingEvent | EndEvent;

/** Makes events of what a use case tells. */
export class RunEvents {
  readonly #write: (event: RunEvent) => void;
  readonly #seen = new Set<string>();

  constructor(write: (event: RunEvent) => void) {
    this.#write = write;
  }

  begin({ command, again, versions }: Pick<Report, 'command' | 'again' | 'versions'>): void {
    this.#write({ event: 'begin', version: EVENTS_VERSION, command, again, versions });
  }

  progress({ outcomes, row, ...progress }: Progress, seconds: number): void {
    for (const outcome of outcomes ?? []) {
      const name = JSON.stringify([outcome.of, outcome.name]);
      if (this.#seen.has(name)) continue;
      this.#seen.add(name);
      this.#write({ event: 'outcome', seconds, ...outcome });
    }
    if (row !== undefined) this.#write({ event: 'row', seconds, row });
    this.#write({ event: 'progress', seconds, ...progress });
  }

  /** Tell the findings, and the end. */
  end(report: Report, result: unknown): void {
    for (const { title, outcomes } of report.tables) {
      const found = outcomes.filter((outcome) => statusOf(outcome) !== 'passed');
      for (const outcome of found) this.#write({ event: 'finding', of: title, ...outcome });
    }
    const { seconds, interrupted, failure = null } = report;
    this.#write({ event: 'end', seconds, interrupted, failure, result });
  }
}
