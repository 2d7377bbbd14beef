/** How a latent issue of the subsystem is declared: the suspicion, and the attempts to show it. */

import type { KernelVersion } from '../kernel/versions.js';
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
  readonly run: (seed: number, version: KernelVersion) => LatentScriptResult;
}

export type LatentAttempt = LatentRace | LatentScript;

/** Lines of one kernel file, by release; a release left out: its source was not at hand. */
export type Lines = Readonly<Partial<Record<KernelVersion, number>>>;

/** One step of the interleaving that shows an issue, for readers of the kernel's source. */
export interface LatentStep {
  /** Whose step it is. */
  readonly who: string;
  /** Kernel function, its file, and the line of what happens there. */
  readonly fn: string;
  readonly file: string;
  readonly lines: Lines;
  readonly does: string;
  /** Releases that take this step. Default all that have the issue. */
  readonly only?: readonly KernelVersion[];
}

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
  /** Releases that the issue cannot be in, and why. */
  readonly absent?: Readonly<Partial<Record<KernelVersion, string>>>;
  readonly steps: readonly LatentStep[];
  /** What we would change. */
  readonly fix: string;
  /** What makes it likely in a real kernel; by release where they differ. */
  readonly likely: string | ((version: KernelVersion) => string);
}

/** What makes an issue likely in a release. */
export const likelyIn = ({ likely }: LatentIssue, version: KernelVersion): string =>
  typeof likely === 'string' ? likely : likely(version);

/** The interleaving of an issue in a release, a line a step, with the lines of that release's source where they are known. */
export function stepsIn({ steps }: LatentIssue, version: KernelVersion): string[] {
  return steps
    .filter(({ only }) => only === undefined || only.includes(version))
    .map(({ who, fn, file, lines, does }, i) => {
      const line = lines[version];
      const where = line === undefined ? file : `${file}:${line}`;
      return `${i + 1}. ${who}: ${fn}() (${where}): ${does}`;
    });
}
