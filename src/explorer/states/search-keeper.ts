/** Keeps searches that take long, so that another process can go on with them. */

import type { BoundedSoFar } from './bounded-search.js';
import type { SavedSearch } from './search.js';
import type { Seen } from './search-result.js';

/** Searches that can be made at the same time: without bounds, and within bounds. */
export type ExhaustPart = 'whole' | 'bounded';

/** A search under way. */
export interface SavedPart {
  /** Milliseconds that it has taken so far. */
  readonly ms: number;
  readonly search: SavedSearch;
  /** Of a search within bounds: what the bounds before have shown. */
  readonly bounded?: BoundedSoFar;
  /** How much of the race was searched without bounds, if that was found out. */
  readonly seen?: Seen | null;
}

/** Where the searches of one race are kept. */
export interface SearchKeeper {
  /** What was kept, if it can be gone on with. */
  load(part: ExhaustPart): SavedPart | undefined;
  /**
   * Keep a search, unless that was done a short while ago.
   *
   * @param make makes what is to be kept; called before this returns, or not at all
   * @param isLast whether it is kept in any case
   */
  keep(part: ExhaustPart, make: () => SavedPart, isLast?: boolean): void;
}

/** For searches that nobody goes on with. */
export const KEEPS_NOTHING: SearchKeeper = {
  load: () => undefined,
  keep: () => undefined,
};
