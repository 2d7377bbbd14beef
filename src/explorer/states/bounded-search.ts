/** Searches a race within one bound after another. */

import { beat } from '../engine/pulse.js';
import type { StateSearch, SavedSearch } from './search.js';
import type { End, SearchResult } from './search-result.js';

/** Steps between two looks at the clock. */
const CLOCK_STEPS = 1_000;

/** Preemptions at most, and answers of a weak memory other than the sequentially consistent one. */
export interface SearchBound {
  readonly preemptions: number;
  readonly weak: number;
}

/** Bounds of one search after another under sequentially consistent memory, and under that of the kernel. */
export const BOUNDS = [0, 1, 2, 3].map((preemptions) => ({ preemptions, weak: Infinity }));
export const WEAK_BOUNDS = [0, 0, 1, 1, 2, 2, 3].map((preemptions, i) => {
  return { preemptions, weak: Math.ceil(i / 2) };
});

/** What searches with a bound showed. */
export interface Bounded {
  /** No choice was left out after all. */
  readonly exhausted: boolean;
  readonly within: number | null;
  readonly weak: number | null;
  readonly states: number;
  readonly steps: number;
  readonly ends: ReadonlyMap<string, End>;
}

/** No search with a bound. */
export const NOTHING: Bounded = {
  exhausted: false,
  within: null,
  weak: null,
  states: 0,
  steps: 0,
  ends: new Map(),
};

/** What the bounds before the one under way have shown, as plain data. */
export interface BoundedSoFar {
  readonly found: Bounded;
  /** Index of the bound under way, and steps of the search before the first. */
  readonly at: number;
  readonly before: number;
}

/** What {@link searchBounded} is to search. */
export interface BoundedRequest {
  readonly search: StateSearch;
  readonly bounds: readonly SearchBound[];
  readonly isLate: () => boolean;
  /** What to go on with: `search` stands within a bound. */
  readonly kept?: BoundedSoFar | undefined;
  /** Called from time to time, and once more at the end if that came too early. */
  readonly keep?: (
    make: () => { search: SavedSearch; bounded: BoundedSoFar },
    isLast: boolean,
  ) => void;
}

/** Continue a search until it is over or late. @param keep called from time to time */
export function runUntil(
  search: StateSearch,
  isLate: () => boolean,
  keep?: () => void,
): SearchResult {
  let steps = search.steps;
  let result = search.run({ steps });
  while (!search.isDone && !isLate()) {
    result = search.run({ steps: (steps += CLOCK_STEPS) });
    beat();
    keep?.();
  }
  return result;
}

/** Search executions within one bound after another, for as long as there is time. */
export function searchBounded({ search, bounds, isLate, kept, keep }: BoundedRequest): Bounded {
  const before = kept?.before ?? search.steps;
  let found = kept?.found ?? NOTHING;
  for (let at = kept?.at ?? 0; at < bounds.length; at++) {
    if (found.exhausted || (isLate() && kept?.at !== at)) break;
    const { preemptions, weak } = bounds[at] as SearchBound;
    if (kept?.at !== at) search.bound(preemptions, weak);
    const make = (): { search: SavedSearch; bounded: BoundedSoFar } => {
      return { search: search.save(), bounded: { found, at, before } };
    };
    const result = runUntil(search, isLate, () => keep?.(make, false));
    const ends = new Map([...result.ends, ...found.ends]);
    if (!search.isDone) keep?.(make, true);
    found = { ...found, states: result.states, ends };
    if (!result.exhausted) break;
    found = { ...found, within: preemptions, weak, exhausted: !result.bounded };
    if (hasForbidden(ends)) break;
  }
  return { ...found, steps: search.steps - before };
}

function hasForbidden(ends: ReadonlyMap<string, End>): boolean {
  return [...ends.values()].some(({ verdict }) => verdict.grade === 'forbidden');
}
