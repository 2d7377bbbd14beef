/** Shared by all use cases over the catalogue: when they stop, and which results they have then. */

import { Interrupted, partialResult, withPartial } from '../../errors.js';

/** Results of a set of things that were looked at one after the other. */
export interface Rows<T> {
  readonly rows: readonly T[];
  /** It was stopped by its signal: later rows are missing. */
  readonly interrupted: boolean;
}

/** Process items in turn until all are done or the signal aborts. A failure keeps earlier rows. `onRow` gets each. */
export async function inTurn<S, T>(
  things: readonly S[],
  signal: AbortSignal | undefined,
  lookAt: (thing: S, done: number) => Promise<T>,
  onRow?: (row: T, done: number) => void,
): Promise<Rows<T>> {
  const rows: T[] = [];
  try {
    for (const thing of things) {
      if (signal?.aborted === true) break;
      const row = await lookAt(thing, rows.length);
      rows.push(row);
      onRow?.(row, rows.length);
    }
  } catch (error) {
    if (!(error instanceof Interrupted)) {
      throw withPartial(error as Error, { rows, interrupted: false });
    }
  }
  return { rows, interrupted: signal?.aborted === true };
}

/** The result that rows are part of, also where a failure carries only some of them. */
export async function madeOf<T, R extends object>(
  rows: Promise<Rows<T>>,
  result: (rows: Rows<T>) => R,
): Promise<R> {
  try {
    return result(await rows);
  } catch (error) {
    const partial = partialResult(error) as Rows<T> | undefined;
    throw partial === undefined ? error : withPartial(error as Error, result(partial));
  }
}
