/** Ordering sites: the numbers by which kernel code names the places its correctness rests on. */

import { inspect } from 'node:util';
import { UsageError } from '../errors.js';

/** Number of an ordering site: n of O-n in the ordering catalogue, from 1. */
export type SiteId = number & { readonly __brand: 'SiteId' };

const site = (n: number): SiteId => n as SiteId;

/** How many sites there are; ids run from 1 to this. */
export const SITE_COUNT = 38;

/** `klp_init_transition` smp_wmb, job 1 (patch_state before func->transition) and job 2 (O-02): one fence. */
export const O_01 = site(1);
/** The same fence as {@link O_01}: klp_target_state before a later TIF_PATCH_PENDING. */
export const O_02 = site(2);
export const O_03 = site(3);
export const O_04 = site(4);
export const O_05 = site(5);
export const O_06 = site(6);
export const O_07 = site(7);
export const O_08 = site(8);
export const O_09 = site(9);
export const O_10 = site(10);
export const O_11 = site(11);
export const O_12 = site(12);
export const O_13 = site(13);
export const O_14 = site(14);
export const O_15 = site(15);
export const O_16 = site(16);
export const O_17 = site(17);
export const O_18 = site(18);
export const O_19 = site(19);
export const O_20 = site(20);
export const O_21 = site(21);
export const O_22 = site(22);
export const O_23 = site(23);
export const O_24 = site(24);
export const O_25 = site(25);
export const O_26 = site(26);
export const O_27 = site(27);
export const O_28 = site(28);
export const O_29 = site(29);
export const O_30 = site(30);
export const O_31 = site(31);
export const O_32 = site(32);
export const O_33 = site(33);
export const O_34 = site(34);
export const O_35 = site(35);
export const O_36 = site(36);
export const O_37 = site(37);
export const O_38 = site(38);

/** In a table of sites: there is none of this number. */
const NONE = 2;

/** A table for {@link isRemoved}, of all sites. */
export function tableOf(ablation: Ablation): Uint8Array {
  const table = new Uint8Array(SITE_COUNT + 1);
  table[0] = NONE;
  for (const site of ablation.sites) table[site] = 1;
  return table;
}

/** Whether a site is removed. @throws UsageError for what is no site */
export function isRemoved(table: Uint8Array, site: SiteId | undefined): site is SiteId {
  if (site === undefined) return false;
  const found = table[site];
  if (found === 1) return true;
  if (found !== 0) badSite(site);
  return false;
}

function badSite(site: unknown): never {
  const last = SITE_COUNT;
  throw new UsageError(
    `${inspect(site)} is no ordering site: operations take its number, 1 (O-01) to ${last} (O-${last})`,
  );
}

/** A set of ablated sites, indexed by site id. O-01 and O-02 are one fence, so each stands for both. */
export class Ablation {
  readonly #removed = new Uint8Array(SITE_COUNT + 1);

  constructor(sites: Iterable<SiteId> = []) {
    for (const id of sites) this.#removed[id] = 1;
    if (this.has(O_01) || this.has(O_02)) this.#removed[O_01] = this.#removed[O_02] = 1;
  }

  /** Whether `id` is removed. */
  has(id: SiteId | undefined): boolean {
    return id !== undefined && this.#removed[id] === 1;
  }

  /** Removed sites in ascending order. */
  get sites(): SiteId[] {
    return Array.from(this.#removed.keys()).filter((i) => this.#removed[i] === 1) as SiteId[];
  }
}
