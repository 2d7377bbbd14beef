/** How a latent issue of the subsystem is declared: the suspicion, and the attempts to show it. */

import type { HistoryFinding } from './history.js';

/** An attempt by exploring a race of the catalogue, in the kernel as it is. */
export interface LatentRace {
  readonly kind: 'race';
  readonly scenario: string;
  /** Key of the outcome that shows the issue. */
  readonly shows: string;
  /** The same race where the issue cannot be: with a candidate fix, or with the circumstance missing. */
  readonly control?: { readonly scenario: string; readonly what: string };
}

/** What a script saw. */
export interface LatentScriptResult {
  /** What shows the issue; none: it was looked for and not seen. */
  readonly findings: readonly HistoryFinding[];
  /** How much was looked at, for instance how many sequences of operations. */
  readonly searched: number;
}

/** An attempt by sequences of events on one CPU. */
export interface LatentScript {
  readonly kind: 'script';
  /** What the sequences are, in one sentence. */
  readonly what: string;
  /** Unit of {@link LatentScriptResult.searched}. */
  readonly unit: string;
  readonly run: (seed: number) => LatentScriptResult;
}

export type LatentAttempt = LatentRace | LatentScript;

/** A latent issue: nobody has confirmed it; it may be harmless. */
export interface LatentIssue {
  /** For instance `L-1`. */
  readonly id: string;
  readonly title: string;
  /** What could go wrong and why, in a sentence or two. */
  readonly claim: string;
  /** What the attempts show, and what that means for a real kernel. */
  readonly meaning: string;
  /** Whether the attempts are expected to show it. */
  readonly expected: 'found' | 'not found';
  readonly attempts: readonly LatentAttempt[];
}
