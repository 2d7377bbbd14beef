/** Litmus forms: small C programs in which ordering sites are marked, so that any set of them can be removed. */

import type { SiteId } from '../../memory/sites.js';

/** What the kernel memory model says about the bad outcome of a litmus form. */
export type LitmusVerdict = 'Never' | 'Sometimes';

/** What becomes of the bad outcome when a set of sites is removed. */
export interface LitmusClaim {
  /** Removed sites; none: the protocol as it is. */
  readonly removed: readonly SiteId[];
  readonly verdict: LitmusVerdict;
}

/** Claim: without these sites the bad outcome is still impossible. */
export const never = (...removed: SiteId[]): LitmusClaim => ({ removed, verdict: 'Never' });

/** Claim: without these sites the bad outcome is possible. */
export const sometimes = (...removed: SiteId[]): LitmusClaim => ({ removed, verdict: 'Sometimes' });

/** A protocol as a litmus test. */
export interface LitmusForm {
  /** Name after the `C` of the test. */
  readonly name: string;
  /** What the `exists` clause means, in one sentence. */
  readonly bad: string;
  /**
   * The test. `«O-04: intact | removed»` stands for a site: the first text as long as the site is there, the second once it
   * is removed. Accesses that are plain in C are marked here, so that the question is one of order alone.
   */
  readonly source: string;
  readonly claims: readonly LitmusClaim[];
}

const SITE = /«O-(\d\d):([^|»]*)\|([^»]*)»/g;

/** Numbers of the sites that a form marks, ascending. */
export function sitesOfForm(form: LitmusForm): number[] {
  const found = [...form.source.matchAll(SITE)].map(([, n]) => Number(n));
  return [...new Set(found)].sort((a, b) => a - b);
}

/** The litmus test that is left when `removed` is removed; the source of a test in the kernel's C dialect. */
export function litmusSource(form: LitmusForm, removed: readonly SiteId[] = []): string {
  const numbers = removed.map(Number);
  return form.source.replace(SITE, (_all, n: string, intact: string, without: string) =>
    (numbers.includes(Number(n)) ? without : intact).trim(),
  );
}
