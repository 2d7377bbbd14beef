/** Loops that call; loaded once for each row under a query of its own, so that no row sees the types of another. */

import type { Dispatcher, Site } from '../src/live/dispatch.js';
import type { Decide } from '../src/livepatch/wasm-handler.js';

/** A function of the benchmark. */
export type Fn = (x: number) => number;
/** Its site. */
export type FnSite = Site<[number], number>;

/** Functions that a loop calls in turn. */
export const FUNCTIONS = 8;

/** Call through a function table. */
export function direct(table: readonly Fn[], calls: number, x: number): number {
  for (let i = 0; i < calls; i++) x = (table[i & (FUNCTIONS - 1)] as Fn)(x);
  return x;
}

/** Call through the sites. */
export function patchable(
  dispatcher: Dispatcher,
  sites: readonly FnSite[],
  calls: number,
  x: number,
): number {
  for (let i = 0; i < calls; i++) {
    x = dispatcher.call(sites[i & (FUNCTIONS - 1)] as FnSite, x);
  }
  return x;
}

/** The handler alone. */
export function decisions(
  decide: Decide,
  sites: readonly FnSite[],
  current: number,
  calls: number,
): number {
  let sum = 0;
  for (let i = 0; i < calls; i++) {
    sum = (sum + decide((sites[i & (FUNCTIONS - 1)] as FnSite).ops, current)) | 0;
  }
  return sum;
}
