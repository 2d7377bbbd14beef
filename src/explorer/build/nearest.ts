/** Finds the known names that the user may have meant. */

import leven from 'leven';

/** Names that are offered instead of one that is not known. */
const MOST = 3;

/** The known names that are nearest to a name. */
export function nearestTo(name: string, known: readonly string[]): string[] {
  return known
    .map((other) => ({ other, distance: leven(name, other) }))
    .sort((a, b) => a.distance - b.distance)
    .slice(0, MOST)
    .map(({ other }) => other);
}
