/** Frontiers: for each place, the latest write of a set, and the latest one by another CPU than that. */

/**
 * A set of writes, as far as overtaking matters: whether it holds a write by another CPU than `s` behind some position.
 * Immutable; three numbers a place: position, its CPU, highest position of the other CPUs. 0 is no write.
 */
export type Frontier = Float64Array;

/** The frontier of the empty set. */
export function emptyFrontier(places: number): Frontier {
  return new Float64Array(places * 3);
}

/** Highest position at a place that a CPU other than `cpu` has written, -Infinity if none. */
export function byOthers(frontier: Frontier, place: number, cpu: number): number {
  const at = place * 3;
  const position =
    (frontier[at + 1] as number) - 1 === cpu
      ? (frontier[at + 2] as number)
      : (frontier[at] as number);
  return position === 0 ? -Infinity : position;
}

/** The set with one more write. Positions must be above 0. */
export function withWrite(
  frontier: Frontier,
  place: number,
  position: number,
  cpu: number,
): Frontier {
  const result = frontier.slice();
  raise(result, place * 3, position, cpu + 1);
  return result;
}

/** Union of two sets; returns an argument when it is the union. */
export function unite(one: Frontier, other: Frontier): Frontier {
  if (one === other) return one;
  let result: Frontier | null = null;
  for (let at = 0; at < one.length; at += 3) {
    if (other[at] === 0 || (one[at] === other[at] && one[at + 2] === other[at + 2])) continue;
    result ??= one.slice();
    raise(result, at, other[at] as number, other[at + 1] as number);
    // If the latest of `other` is not the highest, it is above the rest of `other`, and was counted as one of the others.
    if (other[at + 2] !== 0)
      raiseOther(result, at, other[at + 2] as number, other[at + 1] as number);
  }
  return result ?? one;
}

function raise(result: Frontier, at: number, position: number, owner: number): void {
  if (owner === result[at + 1]) {
    if (position > (result[at] as number)) result[at] = position;
  } else if (position > (result[at] as number)) {
    result[at + 2] = Math.max(result[at + 2] as number, result[at] as number);
    result[at] = position;
    result[at + 1] = owner;
  } else if (position > (result[at + 2] as number)) result[at + 2] = position;
}

/** Add a write by an unknown CPU other than `not`. */
function raiseOther(result: Frontier, at: number, position: number, not: number): void {
  if (result[at + 1] === not) result[at + 2] = Math.max(result[at + 2] as number, position);
}
