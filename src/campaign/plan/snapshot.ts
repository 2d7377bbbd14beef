/** What is known of a campaign, while it runs and in the end; plain data. */

import type { OutcomeCount } from '../work/tally.js';
import type { FindingStatus } from './corpus.js';

/** What is known of a campaign while it runs; plain data. */
export interface CampaignSnapshot {
  readonly name: string;
  readonly done: number;
  readonly total: number;
  readonly seconds: number;
  readonly jobs: readonly JobSummary[];
  readonly findings: readonly CampaignFinding[];
  /** What the workers say. */
  readonly notes: readonly string[];
}

/** Counts of one combination. */
export interface JobSummary {
  readonly id: string;
  readonly scenario: string;
  /** File of the scenario, where it is not of the catalogue. */
  readonly file?: string;
  /** File that replaces kernel functions. */
  readonly with?: string;
  readonly memory: string;
  readonly strategy: string;
  readonly ablated: readonly string[];
  /** Planned number of executions; for an exhaustive search, the number of prefixes. */
  readonly executions: number;
  /** Of those, how many are counted. */
  readonly done: number;
  /** What {@link executions} and {@link done} count. */
  readonly unit: 'executions' | 'prefixes';
  /** Executions that reached their end. */
  readonly executed: number;
  readonly steps: number;
  /** Hash over all traces, eight hexadecimal digits: equal for equal work, whoever did it. */
  readonly digest: string;
  readonly outcomes: readonly OutcomeCount[];
}

/** A finding of a campaign. */
export interface CampaignFinding {
  /** Id of its combination. */
  readonly job: string;
  readonly scenario: string;
  readonly outcome: string;
  readonly detail: string;
  /** Command line that shows it. */
  readonly replay: string;
  /** Not in the corpus before; undefined: no corpus is kept. */
  readonly isNew?: boolean;
}

/** What a replay of the corpus saw of one finding. */
export interface ReplayedFinding {
  readonly file: string;
  readonly scenario: string;
  readonly outcome: string;
  readonly status: FindingStatus;
  readonly now: string;
}

/** What a campaign showed; plain data. */
export interface CampaignResult extends CampaignSnapshot {
  /** Findings of earlier runs, replayed first. */
  readonly replayed: readonly ReplayedFinding[];
  /** Every execution that was asked for is counted. */
  readonly isComplete: boolean;
  /** Why the campaign is not complete: stopped, out of time, enough was counted, drained, cancelled, failed with an error. */
  readonly ended:
    | 'complete'
    | 'interrupted'
    | 'out of time'
    | 'target reached'
    | 'drained'
    | 'cancelled'
    | 'failed';
  readonly interrupted: boolean;
}
