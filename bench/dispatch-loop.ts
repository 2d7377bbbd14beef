/** Loops that call; loaded once for each row under a query of its own, so that no row sees the types of another. */

import type { Site } from '../src/live/dispatch.js';
import type { Decide } from '../src/livepatch/wasm-handler.js';

/** A function of the benchmark. */
export type Fn = (x: number) => number;
/** Its site. */
export type FnSite = Site<[number], number>;

/** Functions that a loop calls. */
export const FUNCTIONS = 8;

/** Calls of one function before the next has its turn, as a power of two. */
const RUN_BITS = 6;

/**
 * Whose turn it is: each function is called several times in a row. If the functions were called one after the other,
 * each call would end in the same indirect jump of the engine with another target. The measurement would then depend
 * on whether the processor happens to predict that jump: a direct call takes 5 or 13 ns, and every row may double,
 * depending on addresses.
 */
const turn = (i: number): number => (i >> RUN_BITS) & (FUNCTIONS - 1);

/** Call through a function table. */
export function direct(table: readonly Fn[], calls: number, x: number): number {
  for (let i = 0; i < calls; i++) x = (table[turn(i)] as Fn)(x);
  return x;
}

/** Call through the sites. */
export function patchable(sites: readonly FnSite[], calls: number, x: number): number {
  for (let i = 0; i < calls; i++) {
    const { invoke } = sites[turn(i)] as FnSite;
    x = invoke(x);
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
    sum = (sum + decide((sites[turn(i)] as FnSite).ops, current)) | 0;
  }
  return sum;
}
