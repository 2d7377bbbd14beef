/** What a command found, as plain data: every format of report is written from this. */

import { isFinding, type Outcome, type OutcomeTable } from './outcomes.js';

/** A place in a file of the user's. */
export interface Place {
  /** Relative to the working folder where it is below it. */
  readonly file: string;
  /** From 1. */
  readonly line: number;
}

/** One outcome, and how it is seen again. */
export interface ReportOutcome extends Outcome {
  /** Command line that shows it again. */
  readonly replay?: string;
  /** What {@link replay} executes. */
  readonly token?: string;
  /** The reason why it could not be decided. */
  readonly error?: string;
  /** Where it is declared or happened, if not where its table is. */
  readonly place?: Place;
}

/** The outcomes of one scenario, test or run. */
export interface ReportTable extends OutcomeTable {
  readonly outcomes: readonly ReportOutcome[];
  readonly place?: Place;
  /** Files that its tokens need. */
  readonly file?: string;
  readonly replace?: string;
}

/** How far a run was at some time. */
export interface Sample {
  /** Since it began. */
  readonly seconds: number;
  /** Executions, or whatever `unit` counts. */
  readonly done: number;
}

/** What the executions of a sample reached. */
export interface Coverage {
  readonly scenario: string;
  /** Executions that were looked at. */
  readonly executions: number;
  /** Pairs of places: a read on one CPU, and the store on another that it read from. */
  readonly readsFrom: readonly { readonly pair: string; readonly count: number }[];
  /** Ordering sites of the scenario's code, and how often each was reached. */
  readonly sites: readonly { readonly site: string; readonly count: number }[];
  /** Source files, with the lines that were reached. */
  readonly lines: readonly { readonly file: string; readonly reached: readonly number[] }[];
}

/** What a command found. */
export interface Report {
  /** `klp-smp explore`. */
  readonly command: string;
  /** The whole command line, to run it again. */
  readonly again: string;
  /** Of this package, Node and the platform. */
  readonly versions: Readonly<Record<string, string>>;
  readonly tables: readonly ReportTable[];
  readonly seconds: number;
  /** It was stopped before its end. */
  readonly interrupted: boolean;
  /** What ended it half-way. */
  readonly failure?: string;
  /** Its progress, and what it is counted in. */
  readonly samples: readonly Sample[];
  readonly unit: string;
  readonly coverage: readonly Coverage[];
}

/** Stands for the page of the last events among links to the pages of findings. */
export const EVENTS = 'events';

/** Whether a case passes, fails because of what was found, or could not be decided. */
export function statusOf(outcome: ReportOutcome): 'passed' | 'failed' | 'error' {
  if (outcome.error !== undefined) return 'error';
  return isFinding(outcome) ? 'failed' : 'passed';
}

/** What ended a run before its end, in words; undefined: it is whole. */
export function endedEarly({ interrupted, failure }: Report): string | undefined {
  return failure ?? (interrupted ? 'interrupted: what follows was not looked at' : undefined);
}

/** One sentence: how often it was seen, and what that means. */
export function sentenceOf({ count, reason, error }: ReportOutcome): string {
  return error ?? `seen ${count} times: ${reason}`;
}
