/** What the ordering catalogue says about one place where live patching relies on order. */

import type { SiteId } from '../../memory/sites.js';
import type { LitmusForm } from './litmus-form.js';

/** How a site creates order. */
export type OrderingKind =
  | 'fence'
  | 'acquire/release'
  | 'read-modify-write'
  | 'preemption'
  | 'synchronisation'
  | 'lock'
  | 'order of statements';

/** What comes of it when a site is missing, from mild to severe. */
export type Consequence =
  'none by itself' | 'WARN' | 'stall' | 'consistency violation' | 'use after free' | 'deadlock';

/** A scenario in which the removal of sites is shown. */
export interface Demonstration {
  /** Name of a scenario of the catalogue. */
  readonly scenario: string;
  /** Sites that are removed together. */
  readonly sites: readonly SiteId[];
  /** Key of the forbidden outcome that is then found; undefined: the removal is harmless there. */
  readonly finds?: string;
}

/** One place where order matters. */
export interface Ordering {
  readonly id: SiteId;
  /** The kernel function that contains the site. */
  readonly kernel: string;
  /** Our port of it: file below `src`, and function. */
  readonly file: string;
  readonly fn: string;
  readonly kind: OrderingKind;
  /** What is ordered before what, in one sentence. */
  readonly claim: string;
  /** Sites on the other side of the argument. */
  readonly partners: readonly SiteId[];
  /** The worst that its removal, with whatever masks it, leads to. */
  readonly consequence: Consequence;
  /** Sets of sites each of which still gives the order when this one is gone; empty: nothing does. */
  readonly maskedBy: readonly (readonly SiteId[])[];
  /** What happens without it, step by step. */
  readonly story: string;
  /** The argument as litmus tests; empty when it is no question of memory order. */
  readonly litmus: readonly LitmusForm[];
  /** Where our result differs from what is usually said about the site. */
  readonly remark?: string;
}

/** Name of a site as it is written everywhere. */
export function siteName(id: SiteId): string {
  return `O-${String(id).padStart(2, '0')}`;
}

/** Names of ordering sites, as they stand in reports. */
export function siteNames(sites: readonly number[]): string[] {
  return sites.map((site) => siteName(site as SiteId));
}
